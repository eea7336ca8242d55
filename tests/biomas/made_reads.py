"""Read pairs made for tests, from fragments of known sequence."""

from __future__ import annotations

import random
from collections.abc import Sequence

from metapipe.formats.fasta_text import reverse_complement

#: (header without ``@``, bases, qualities)
Read = tuple[str, str, str]

ADAPTER_1 = "AGATCGGAAGAGCACACGTCTGAACTCCAGTCA"
ADAPTER_2 = "AGATCGGAAGAGCGTCGTGTAGGGAAAGAGTGT"


def fastq(reads: Sequence[Read]) -> bytes:
    return "".join(f"@{name}\n{bases}\n+\n{quality}\n" for name, bases, quality in reads).encode()


def reads_of(content: bytes) -> list[Read]:
    """The reads of a FASTQ file of four lines a record."""
    lines = content.decode().split("\n")[:-1]
    assert all(header.startswith("@") for header in lines[::4])
    assert set(lines[2::4]) <= {"+"}
    return [(lines[i][1:], lines[i + 1], lines[i + 3]) for i in range(0, len(lines), 4)]


def dna(seed: int, length: int) -> str:
    return "".join(random.Random(seed).choices("ACGT", k=length))


def other_strand(bases: str) -> str:
    return reverse_complement(bases.encode()).decode()


def sequenced(fragment: str, length: int, filler: str = "") -> tuple[str, str]:
    """Both mates of a fragment: ``length`` bases of each end; a shorter fragment goes on into the adapters."""
    ends = (fragment + ADAPTER_1 + filler, other_strand(fragment) + ADAPTER_2 + filler)
    return ends[0][:length], ends[1][:length]


def pair(name: str, fragment: str, length: int, quality: str = "I") -> tuple[Read, Read]:
    """A read pair with mate suffixes, all bases of one quality."""
    first, second = sequenced(fragment, length)
    return (f"{name}/1", first, quality * len(first)), (f"{name}/2", second, quality * len(second))


def columns(pairs: Sequence[tuple[Read, Read]]) -> tuple[list[Read], list[Read]]:
    return [first for first, _ in pairs], [second for _, second in pairs]
