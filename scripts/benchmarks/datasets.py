"""Inputs of the benchmarks, made once from the demo genomes and installed databases with fixed seeds.

Sizes are asked for in letters; names of files say them, so an input of another size is another file. The quick inputs
are those of test-data: tiny, for trying the benchmarks themselves.
"""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.measure import BenchmarkError
from benchmarks.place import BUILD, HOME, Setting

Bytes = npt.NDArray[np.uint8]

#: Changes whenever a recipe below does, so that inputs are made anew.
RECIPE = 1
#: Contigs have Pareto lengths, as assemblies have: many short ones and a few huge ones.
SHORTEST, LONGEST, SHAPE = 500, 400_000, 1.05
READ_LENGTH, READS_IN_A_BATCH, MEMBER = 150, 50_000, 16 << 20
_AMINO = np.frombuffer(b"ACDEFGHIKLMNPQRSTVWY", np.uint8)
_BASES = np.frombuffer(b"ACGT", np.uint8)


@dataclass(frozen=True)
class Databases:
    """Folders of the databases searched."""

    domains: Path
    proteins: Path


def databases(setting: Setting) -> Databases:
    """The databases of the search workloads.

    :raises BenchmarkError: when they are not installed.
    """
    if setting.quick:
        tiny = HOME / "test-data" / "refdb"
        return Databases(tiny / "metapipe-tiny-domains" / "1", tiny / "metapipe-tiny-proteins" / "1")
    found = Databases(BUILD / "refdb" / "pfam-gecco" / "35.0", BUILD / "refdb" / "ec-proteins" / "1")
    for folder in (found.domains, found.proteins):
        if not (folder / "manifest.json").is_file():
            name = f"{folder.parent.name}:{folder.name}"
            raise BenchmarkError(f"the database {name} is not installed: run metapipe refdb install {name}")
    return found


def contigs(setting: Setting, letters: int) -> Path:
    """Contigs of Pareto lengths, pieces of the demo genomes with 3 % of their bases changed."""
    letters = min(letters, 150_000) if setting.quick else letters
    return _made(setting, f"contigs-{letters}.fasta", lambda path: _write_contigs(path, letters))


def proteins(setting: Setting, letters: int, seed: int = 2) -> Path:
    """Proteins of the database ec-proteins, each with 10 % of its residues changed."""
    if setting.quick:
        return HOME / "test-data" / "proteins.fasta"
    source = databases(setting).proteins / "proteins.fasta"
    return _made(setting, f"proteins-{seed}-{letters}.fasta", lambda path: _write_proteins(path, source, letters, seed))


def reads(setting: Setting, size: int, packing: str) -> Path:
    """Single reads of 150 bases with the qualities of the demo reads.

    :param size: bytes of the uncompressed FASTQ text, about. :param packing: ``plain``, ``gzip`` (one member, as
        gzip(1) makes it) or ``members`` (a member every 16 MiB, as concatenated files have).
    """
    size = min(size, 2_000_000) if setting.quick else size
    suffix = {"plain": "fastq", "gzip": "fastq.gz", "members": "members.fastq.gz"}[packing]
    return _made(setting, f"reads-{size}.{suffix}", lambda path: _write_reads(path, size, packing))


def uncompressed(setting: Setting, size: int) -> int:
    """Bytes of the text in ``reads(setting, size, …)``."""
    return reads(setting, size, "plain").stat().st_size


def _made(setting: Setting, name: str, write: Callable[[Path], None]) -> Path:
    path = setting.data / f"v{RECIPE}-{name}"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{os.getpid()}-{path.name}")
        try:
            write(fresh)
            fresh.replace(path)
        finally:
            with suppress(FileNotFoundError):
                fresh.unlink()
    return path


def genomes() -> Bytes:
    """The letters of the demo genomes in one row; the test contigs where the demo is not made."""
    demo = BUILD / "demo" / "truth" / "genomes.fasta"
    path = demo if demo.is_file() else HOME / "test-data" / "contigs.fasta"
    lines = (line for line in path.read_bytes().upper().splitlines() if not line.startswith(b">"))
    return np.frombuffer(b"".join(lines), np.uint8)


def pareto_lengths(letters: int, chance: np.random.Generator, longest: int = LONGEST) -> npt.NDArray[np.int64]:
    """Lengths of contigs that together have about so many letters; the same family as the skew simulation's."""
    pieces: list[npt.NDArray[np.int64]] = []
    missing = letters
    while missing > 0:
        drawn = np.minimum(SHORTEST * (1 + chance.pareto(SHAPE, 100_000)), longest).astype(np.int64)
        pieces.append(drawn[: int(np.searchsorted(np.cumsum(drawn), missing)) + 1])
        missing -= int(pieces[-1].sum())
    return np.concatenate(pieces)


def _changed(letters: Bytes, alphabet: Bytes, share: float, chance: np.random.Generator) -> bytes:
    where = chance.random(len(letters)) < share
    return bytes(np.where(where, chance.choice(alphabet, len(letters)), letters).tobytes())


def _write_contigs(path: Path, letters: int) -> None:
    chance, source = np.random.default_rng(1), genomes()
    with path.open("wb") as file:
        for number, length in enumerate(pareto_lengths(letters, chance)):
            start = int(chance.integers(0, max(1, len(source) - int(length))))
            file.write(
                b">contig_%06d\n%s\n" % (number, _changed(source[start : start + int(length)], _BASES, 0.03, chance))
            )


def _write_proteins(path: Path, source: Path, letters: int, seed: int) -> None:
    chance, entries = np.random.default_rng(seed), source.read_bytes().split(b">")[1:]
    written = number = 0
    order: list[int] = []
    with path.open("wb") as file:
        while written < letters:
            order = order or chance.permutation(len(entries)).tolist()
            body = entries[order.pop()].partition(b"\n")[2].replace(b"\n", b"")
            file.write(b">protein_%06d\n%s\n" % (number, _changed(np.frombuffer(body, np.uint8), _AMINO, 0.1, chance)))
            written, number = written + len(body), number + 1


def _write_reads(path: Path, size: int, packing: str) -> None:
    if packing == "plain":
        with path.open("wb") as file:
            file.writelines(_read_batches(size))
        return
    with path.open("wb") as file:
        packer, held = _packer(), 0
        for text in _read_batches(size):
            file.write(packer.compress(text))
            held += len(text)
            if packing == "members" and held >= MEMBER:
                file.write(packer.flush())
                packer, held = _packer(), 0
        file.write(packer.flush())


def _packer() -> Any:
    return zlib.compressobj(5, zlib.DEFLATED, 31)


def _read_batches(size: int) -> Iterator[bytes]:
    chance, source, qualities = np.random.default_rng(3), genomes(), quality_pool()
    done, first = 0, 0
    width = len(_headers(0, 1)[0])
    count = max(1, size // (width + 2 * READ_LENGTH + 5))
    while done < count:
        some = min(READS_IN_A_BATCH, count - done)
        starts = chance.integers(0, len(source) - READ_LENGTH, some)
        bases = source[starts[:, None] + np.arange(READ_LENGTH)]
        wrong = chance.random(bases.shape, dtype=np.float32) < 0.005
        bases = np.where(wrong, ord("N"), bases).astype(np.uint8)
        rows = (
            _headers(first + done, some),
            np.full((some, 1), ord("\n"), np.uint8),
            bases,
            np.tile(np.frombuffer(b"\n+\n", np.uint8), (some, 1)),
            qualities[chance.integers(0, len(qualities), some)],
            np.full((some, 1), ord("\n"), np.uint8),
        )
        yield np.hstack(rows).tobytes()
        done += some


def _headers(first: int, count: int) -> Bytes:
    text = b"".join(b"@B00001:1:HX:1:%09d 1:N:0:ACGTACGT" % number for number in range(first, first + count))
    return np.frombuffer(text, np.uint8).reshape(count, -1)


def quality_pool() -> Bytes:
    demo = BUILD / "demo" / "reads_1.fastq.gz"
    path = demo if demo.is_file() else HOME / "test-data" / "reads_1.fastq.gz"
    pool: list[bytes] = []
    with gzip.open(path, "rb") as file:
        for number, line in enumerate(file):
            if number % 4 == 3:
                word = line.rstrip()
                pool.append((word * (READ_LENGTH // len(word) + 1))[:READ_LENGTH])
            if len(pool) == 5_000:
                break
    return np.frombuffer(b"".join(pool), np.uint8).reshape(len(pool), READ_LENGTH)
