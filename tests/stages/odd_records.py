"""Records that programs have been seen to stumble over: among the first of a file, where programs look, and further on.

The long ones stand there once: programs that compare mates take long for a pair of 100,000 bases.
"""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable, Iterator
from pathlib import Path

_CHANCE = random.Random(29)
#: As long as nanopores read, and as HMMER takes a protein.
LONG = 100_000
_AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWY"

#: Bases: one, none, no call, codes for several bases, RNA, soft-masked, a very long one.
BASES = {
    "one": "A",
    "none": "",
    "uncalled": "N" * 90,
    "codes": "ACGTRYSWKMBDHVN" * 6,
    "rna": "".join(_CHANCE.choices("ACGU", k=120)),
    "masked": "".join(_CHANCE.choices("acgt", k=120)),
    "long": "".join(_CHANCE.choices("ACGT", k=LONG)),
}
#: What a read may hold besides.
GAPS = {"dots": "." * 50 + "ACGT" * 10, "dashes": "AC-GT" * 20}

#: Peptides: the letters of DNA (more than a program looks at), one letter, none, no residue known, any letter.
PEPTIDES = {
    **{f"dna_{number}": "".join(_CHANCE.choices("GGGACTN", k=60 + number)) for number in range(12)},
    "one": "M",
    "alanine": "A",
    "none": "",
    "stop": "*",
    "unknown": "X" * 60,
    "letters": "BZJUOX-*" * 8 + "mkvlaa",
    "long": "".join(_CHANCE.choices(_AMINO_ACIDS, k=LONG)),
    "too_long": "".join(_CHANCE.choices(_AMINO_ACIDS, k=LONG + 1)),
}


def fasta_with(path: Path, odd: dict[str, str]) -> bytes:
    """Return a FASTA file's records with odd ones before them, and in their middle once more under other names."""
    records = [f">{record}" for record in _text(path).removeprefix(">").split("\n>")]

    def made(first: bool) -> str:
        return "".join(f">{name} odd\n{letters}\n" for name, letters in _named(odd, first))

    return _mixed([record.rstrip("\n") + "\n" for record in records], made)


def fastq_with(path: Path, odd: dict[str, str], mate: str = "") -> bytes:
    """The same for FASTQ. :param mate: ``/1`` or ``/2``."""
    lines = _text(path).splitlines(keepends=True)

    def made(first: bool) -> str:
        return "".join(f"@{name}{mate}\n{letters}\n+\n{'I' * len(letters)}\n" for name, letters in _named(odd, first))

    return _mixed(["".join(lines[start : start + 4]) for start in range(0, len(lines), 4)], made)


def _mixed(records: list[str], odd: Callable[[bool], str]) -> bytes:
    middle = len(records) // 2
    first, again = odd(True), odd(False)
    return "".join([first, *records[:middle], again, *records[middle:]]).encode()


def _named(records: dict[str, str], first: bool) -> Iterator[tuple[str, str]]:
    for name, letters in records.items():
        if first or len(letters) < LONG:
            yield f"{'odd' if first else 'again'}_{name}", letters


def _text(path: Path) -> str:
    content = path.read_bytes()
    return (gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content).decode()
