"""Kind ``diamond``: annotated proteins as FASTA (``proteins.fasta``) and as a DIAMOND database (``proteins.dmnd``)."""

from __future__ import annotations

import contextlib
import itertools
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from metapipe.errors import MetapipeError
from metapipe.refdb.readers.proteins import Protein, read_fasta, write_proteins

FASTA, DATABASE = "proteins.fasta", "proteins.dmnd"

#: Proteins at the beginning of a file that DIAMOND looks at to tell DNA.
_LOOKED_AT = 10


@dataclass(frozen=True)
class Built:
    """What a builder reports for the manifest: file format, program that wrote it, counts for people."""

    format: str
    tool: str
    counts: dict[str, int]


def build_diamond(proteins: Iterable[Protein], folder: Path) -> Built:
    """Write both files into ``folder``.

    ``makedb`` writes neither times nor paths; its bytes do not depend on the number of threads (tested).

    :raises MetapipeError: E301 without DIAMOND, E401 when it fails, E107 for a repeated accession, E108 for none.
    """
    find_diamond()
    counts = {"proteins": 0, "with_ec": 0, "with_go": 0, "residues": 0}
    write_proteins(_counted(proteins, counts), folder / FASTA)
    return Built(*index_proteins(folder, counts["proteins"]), counts)


def index_proteins(folder: Path, proteins: int) -> tuple[str, str]:
    """Make ``proteins.dmnd`` of ``proteins.fasta``; return the format and the program, with their versions.

    :param proteins: how many the FASTA file holds.
    :raises MetapipeError: as :func:`build_diamond`.
    """
    if not proteins:
        raise MetapipeError("E108", "there is no protein to build a database from")
    program, fasta, database = find_diamond(), folder / FASTA, folder / DATABASE
    status, words = _makedb(program, fasta, database)
    if status or not database.is_file():
        raise MetapipeError("E401", f"diamond makedb: {words.strip()[-300:]}")
    return f"diamond {_format_version(program, database)}", f"diamond {_program_version(program)}"


def find_diamond() -> str:
    """Where the program is; raise E301 where it is not."""
    program = shutil.which("diamond")
    if program is None:
        raise MetapipeError("E301", "diamond is needed (Debian package diamond-aligner)")
    return program


def _makedb(program: str, fasta: Path, database: Path) -> tuple[int, str]:
    """Run ``diamond makedb``; return its exit code and what it said.

    DIAMOND refuses a file when one of its first ten proteins is of A, C, G, T and N only: it takes it for DNA. Its
    message names an option against that, which ``makedb`` does not have (2.1.3). Before such a file go ten proteins of
    one letter ``X``: they hold no seed, so nothing is ever found in them. Other files get none, and keep their bytes.
    """
    argv = [program, "makedb", "--db", str(database), "--threads", "1", "--quiet"]  # reads standard input
    with (
        tempfile.TemporaryFile() as said,
        fasta.open("rb") as proteins,
        subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=said, stderr=said) as running,
    ):
        with contextlib.suppress(BrokenPipeError), cast("IO[bytes]", running.stdin) as stream:
            if _like_dna(fasta):
                stream.writelines(b">%d\nX\n" % number for number in range(_LOOKED_AT))
            shutil.copyfileobj(proteins, stream, 1 << 20)
        status = running.wait()
        said.seek(0)
        return status, said.read().decode("utf-8", "replace")


def _like_dna(fasta: Path) -> bool:
    """Whether one of the first proteins would be taken for DNA."""
    first = itertools.islice(read_fasta(fasta), _LOOKED_AT)
    return any(not set(sequence) - set("ACGTN") for _, sequence in first)


def _counted(proteins: Iterable[Protein], counts: dict[str, int]) -> Iterable[Protein]:
    for protein in proteins:
        if not protein.sequence:
            continue
        counts["proteins"] += 1
        counts["with_ec"] += bool(protein.ec)
        counts["with_go"] += bool(protein.go)
        counts["residues"] += len(protein.sequence)
        yield protein


def _format_version(program: str, database: Path) -> str:
    argv = [program, "dbinfo", "--db", str(database)]
    text = subprocess.run(argv, capture_output=True, text=True, check=False).stdout
    match = re.search(r"format version\s+(\d+)", text)
    return match.group(1) if match else "unknown"


def _program_version(program: str) -> str:
    return subprocess.run([program, "version"], capture_output=True, text=True, check=False).stdout.split()[-1]
