"""Contigs as MEGAHIT leaves them, brought to one form that does not depend on threads or chance.

Measured with MEGAHIT 1.2.9 on the same reads: order and strand of the contigs change with the number of threads, and a
circular contig is opened at another base from run to run; sequences and multiplicities are the same otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from metapipe.errors import MetapipeError
from metapipe.formats.fasta_text import reverse_complement

# MEGAHIT's `flag=3`: the path through the assembly graph closes on itself.
_LOOP = "3"


@dataclass(frozen=True, slots=True)
class AssembledContig:
    """One contig.

    :param coverage: how often its k-mers occur on average (MEGAHIT's ``multi``).
    :param circular: its end goes on with its beginning; nothing is repeated in ``sequence``.
    """

    sequence: bytes
    coverage: float
    circular: bool = False


def parse_megahit(lines: Iterable[bytes]) -> Iterator[AssembledContig]:
    """Read ``final.contigs.fa``; the k bases that a circular contig repeats at its end are taken off.

    :raises MetapipeError: E403 when the file is not what MEGAHIT 1.2 writes.
    """
    header, pieces = "", list[bytes]()
    for line in lines:
        if line.startswith(b">"):
            if header:
                yield _contig(header, b"".join(pieces))
            header, pieces = line.decode().strip(), []
        else:
            pieces.append(line.strip())
    if header:
        yield _contig(header, b"".join(pieces))


def _contig(header: str, sequence: bytes) -> AssembledContig:
    name, *words = header[1:].split()
    fields = dict(word.partition("=")[::2] for word in words)
    if not {"flag", "multi", "len"} <= fields.keys() or fields["len"] != str(len(sequence)):
        raise MetapipeError("E403", expected="a contig with flag, multi and len as MEGAHIT writes it", found=header)
    k = int(name.partition("_")[0].removeprefix("k"))
    circular = fields["flag"] == _LOOP and len(sequence) > 2 * k and sequence[:k] == sequence[-k:]
    return AssembledContig(sequence[:-k] if circular else sequence, float(fields["multi"]), circular)


def least_rotation(text: bytes) -> bytes:
    """Return the rotation of ``text`` that comes first in the alphabet (Shiloach 1981), in linear time."""
    length = len(text)
    first, second, matched = 0, 1, 0
    while first < length and second < length and matched < length:
        left, right = text[(first + matched) % length], text[(second + matched) % length]
        if left == right:
            matched += 1
            continue
        if left > right:
            first += matched + 1
        else:
            second += matched + 1
        second += first == second
        matched = 0
    start = min(first, second)
    return text[start:] + text[:start]


def canonical(contig: AssembledContig) -> AssembledContig:
    """Put the contig on the strand that comes first in the alphabet, and open a circle where that makes it least."""
    strands = (contig.sequence, reverse_complement(contig.sequence))
    if contig.circular:
        strands = (least_rotation(strands[0]), least_rotation(strands[1]))
    return AssembledContig(min(strands), contig.coverage, contig.circular)


def named(contigs: Iterable[AssembledContig], min_length: int) -> Iterator[tuple[str, str, AssembledContig]]:
    """Yield ``(name, description, contig)`` for canonical contigs of ``min_length`` bases or more.

    The longest is ``contig_000001``; contigs of one length follow the alphabet.
    """
    kept = (contig for contig in map(canonical, contigs) if len(contig.sequence) >= min_length)
    ordered = sorted(kept, key=lambda contig: (-len(contig.sequence), contig.sequence, contig.coverage))
    for number, contig in enumerate(ordered, 1):
        description = f"length={len(contig.sequence)} coverage={contig.coverage:.2f}"
        yield f"contig_{number:06d}", description + (" circular=yes" if contig.circular else ""), contig
