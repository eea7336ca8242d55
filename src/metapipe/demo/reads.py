"""Sequencing reads of a community, simulated by ART (Huang et al. 2012) with fixed seeds."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from metapipe.demo.amplicons import Amplicon
from metapipe.demo.community import Member
from metapipe.errors import MetapipeError
from metapipe.refdb.readers.proteins import write_fasta

READ_LENGTH = 150
FRAGMENT_MEAN, FRAGMENT_SD = 350, 40
PLATFORM = "HS25"  # ART's error profile of a HiSeq 2500
#: A MiSeq, up to 250 bases. ART's profile of MiSeq v3 is the wrong way round: a tenth of the first 25 bases is wrong
#: and the last are the best. With this one errors grow along the read, 0.1 to 1 % in mate 1 and 0.5 to 3 % in mate 2.
AMPLICON_PLATFORM = "MSv1"

#: Bytes from which a file is packed at gzip's usual level: the best one takes several times as long, for 4 % less.
LARGE = 10_000_000
Fragment = tuple[bytes, bytes]  # the four FASTQ lines of mate 1 and of mate 2


def simulate_reads(members: Sequence[Member], seed: int, target_1: Path, target_2: Path) -> int:
    """Write the community's read pairs to two gzip FASTQ files; return the number of pairs.

    Pairs of all members are mixed by the hash of their names: a machine reads a library in no order of genomes, and
    the order must not depend on a random generator's version.

    :raises MetapipeError: E301 when ``art_illumina`` is not installed, E401 when it fails.
    """
    shotgun = ["-m", str(FRAGMENT_MEAN), "-s", str(FRAGMENT_SD), "-l", str(READ_LENGTH), "-ss", PLATFORM]
    runs = [
        (member.name, member.sequence, [*shotgun, "-f", str(member.coverage), "-rs", str(seed + position)])
        for position, member in enumerate(members)
    ]
    return _simulate(runs, target_1, target_2)


def simulate_amplicon_reads(
    amplicons: Sequence[Amplicon], length: int, seed: int, target_1: Path, target_2: Path
) -> int:
    """Write read pairs of amplicons, mate 1 from the forward primer on; as :func:`simulate_reads` in all else."""
    options = ["-amp", "-l", str(length), "-ss", AMPLICON_PLATFORM]
    runs = [
        (amplicon.name, amplicon.sequence, [*options, "-c", str(amplicon.pairs), "-rs", str(seed + position)])
        for position, amplicon in enumerate(amplicons)
    ]
    return _simulate(runs, target_1, target_2)


def _simulate(runs: Sequence[tuple[str, str, list[str]]], target_1: Path, target_2: Path) -> int:
    fragments: list[tuple[bytes, Fragment]] = []
    with tempfile.TemporaryDirectory() as scratch:
        for name, sequence, options in runs:
            for pair in _run_art(name, sequence, options, Path(scratch)):
                fragments.append((hashlib.sha256(pair[0].partition(b"/")[0]).digest(), pair))
    fragments.sort()
    for side, path in enumerate((target_1, target_2)):
        write_gzip(path, b"".join(pair[side] for _, pair in fragments))
    return len(fragments)


def write_gzip(path: Path, content: bytes) -> None:
    """Write a gzip file without name and time in its header, so that the same content gives the same bytes."""
    level = 9 if len(content) < LARGE else 6
    with path.open("wb") as raw, gzip.GzipFile("", "wb", level, raw, mtime=0) as target:
        target.write(content)


def _run_art(name: str, sequence: str, options: list[str], scratch: Path) -> Iterator[Fragment]:
    program = shutil.which("art_illumina")
    if program is None:
        raise MetapipeError("E301", "art_illumina is needed (Debian package art-nextgen-simulation-tools)")
    genome, prefix = scratch / f"{name}.fasta", scratch / f"{name}_"
    with genome.open("w", encoding="ascii") as target:
        write_fasta(target, name, sequence)
    argv = [program, "-p", "-na", "-q", *options, "-i", str(genome), "-o", str(prefix)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MetapipeError("E401", f"art_illumina: {(done.stderr or done.stdout).strip()[-200:]}")
    with Path(f"{prefix}1.fq").open("rb") as first, Path(f"{prefix}2.fq").open("rb") as second:
        while True:
            pair = tuple(b"".join(mate.readline() for _ in range(4)) for mate in (first, second))
            if not pair[0]:
                return
            yield pair[0], pair[1]
