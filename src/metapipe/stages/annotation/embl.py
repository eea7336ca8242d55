"""EMBL flat files: one record per contig, with its genes and its sequence (META-pipe 1.0's own output).

Format: EMBL-Bank user manual, release 143, section 3.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence

from metapipe.stages.annotation.annotation import AnnotatedGene
from metapipe.stages.annotation.contig_facts import ContigFacts
from metapipe.stages.annotation.flat_features import LINEAGE, ORGANISM, record_features
from metapipe.stages.annotation.flat_names import accession


def embl_record(
    contig: str,
    number: int,
    sequence: bytes,
    genes: Sequence[AnnotatedGene],
    contigs: Container[str],
    facts: ContigFacts = ContigFacts(),  # noqa: B008  (frozen)
) -> Iterator[str]:
    """Yield one record in pieces.

    :param number: of the contig in the whole input, from 1.
    :param genes: from left to right.
    :param contigs: the names of all contigs.
    :param facts: what is known of this one.
    """
    length, name, letters = len(sequence), accession(contig, number, contigs), sequence.decode("ascii").lower()
    yield f"ID   {name}; SV 1; linear; genomic DNA; STD; ENV; {length} BP.\nXX\n"
    yield f"AC   {name};\nXX\nDE   Metagenomic contig {name}.\nXX\nKW   ENV.\nXX\n"
    yield f"OS   {ORGANISM}\nOC   {LINEAGE}\nXX\n"
    yield "FH   Key             Location/Qualifiers\nFH\n"
    yield from record_features(contig, length, genes, "FT   ", facts)
    a, c, g, t = (letters.count(base) for base in "acgt")
    yield f"XX\nSQ   Sequence {length} BP; {a} A; {c} C; {g} G; {t} T; {length - a - c - g - t} other;\n"
    for start in range(0, length, 60):
        end = min(start + 60, length)
        blocks = " ".join(letters[at : at + 10] for at in range(start, end, 10))
        yield f"     {blocks:<65}{end:>10}\n"
    yield "//\n"
