"""The rules of trim_reads, one pair after the other and base by base: what the stage on arrays is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from metapipe.formats.called_bases import called_bases
from metapipe.formats.fasta_text import reverse_complement

#: Header line without ``@``, bases, qualities.
Read = tuple[str, str, str]
Pair = tuple[Read, Read]


@dataclass(frozen=True)
class Rules:
    """META-pipe's, with its defaults."""

    adapter_1: str = "AGATCGGAAGAGCACACGTCTGAACTCCAGTCA"
    adapter_2: str = "AGATCGGAAGAGCGTCGTGTAGGGAAAGAGTGT"
    mean_quality: int = 20
    window_size: int = 4
    window_quality: int = 15
    min_length: int = 75


def overlap(first: str, second: str) -> int | None:
    """How far right the second mate's reverse complement lies of the first mate where they match; left is below 0."""
    other = reverse_complement(second.encode()).decode()
    places = [
        *range(len(first) - 30),
        *range(0, -(len(other) - 30), -1),
    ]
    for place in places:
        left, right = first[max(place, 0) :], other[max(-place, 0) :]
        shared = min(len(left), len(right))
        differ = sum(one != two for one, two in zip(left[:50], right[:50], strict=False))
        if differ <= min(5, int(shared * 0.2)):
            return place
    return None


def adapter_place(read: str, adapter: str) -> int | None:
    """Where the adapter begins in a read, below 0 when it began before it."""
    lost = 4 if len(adapter) >= 16 else 3 if len(adapter) >= 12 else 2
    for place in range(-lost, len(read) - 4):
        compared = min(len(read) - place, len(adapter))
        bases = range(max(0, -place), compared)
        if sum(adapter[base] != read[place + base] for base in bases) <= compared // 8:
            return place
    return None


def without_adapters(first: str, second: str, rules: Rules) -> tuple[int, int]:
    """How many bases remain of the mates."""
    first, second = (called_bases(bases.encode()).decode() for bases in (first, second))
    place = overlap(first, second)
    if place is not None and place < 0:
        shared = min(len(first), len(second) + place)
        return min(len(first), shared), min(len(second), shared)
    found = (adapter_place(first, rules.adapter_1), adapter_place(second, rules.adapter_2))
    return tuple(len(bases) if at is None else max(at, 0) for bases, at in zip((first, second), found, strict=True))  # type: ignore[return-value]


def good_bases(bases: str, qualities: str, rules: Rules) -> int:
    """How many bases remain by the rules of quality and length; 0 for a read that is dropped."""
    called = called_bases(bases.encode()).decode()
    scores = [0 if base == "N" else ord(sign) - 33 for base, sign in zip(called, qualities, strict=True)]
    if sum(scores) < rules.mean_quality * len(scores):
        return 0
    reach = 0
    for start in range(len(scores) - rules.window_size + 1):
        if sum(scores[start : start + rules.window_size]) < rules.window_size * rules.window_quality:
            break
        reach = start + rules.window_size
    while reach and scores[reach - 1] < rules.window_quality:
        reach -= 1
    return reach if reach >= rules.min_length else 0


def trimmed(pairs: Sequence[Pair], rules: Rules) -> dict[str, bytes]:
    """The three files that are left of the pairs."""
    made: dict[str, list[str]] = {"reads-1": [], "reads-2": [], "single": []}
    for first, second in pairs:
        lengths = without_adapters(first[1], second[1], rules)
        kept = [
            good_bases(bases[:length], qualities[:length], rules)
            for (_, bases, qualities), length in zip((first, second), lengths, strict=True)
        ]
        for name, (header, bases, qualities), length in zip(made, (first, second), kept, strict=False):
            if length:
                record = f"@{header}\n{bases[:length]}\n+\n{qualities[:length]}\n"
                made[name if all(kept) else "single"].append(record)
    return {name: "".join(records).encode() for name, records in made.items()}


def fastq(reads: Sequence[Read]) -> bytes:
    """The reads as FASTQ."""
    return "".join(f"@{header}\n{bases}\n+\n{qualities}\n" for header, bases, qualities in reads).encode()
