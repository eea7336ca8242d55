"""GenBank flat files: one record per contig, with its genes and its sequence.

Format: GenBank release notes, section 3.4. Written here rather than by Biopython because its writer turns long contig
names into lines that its own reader warns of.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence

from metapipe.stages.annotation.annotation import AnnotatedGene
from metapipe.stages.annotation.contig_facts import ContigFacts
from metapipe.stages.annotation.flat_features import DATE, LINEAGE, ORGANISM, record_features
from metapipe.stages.annotation.flat_names import LOCUS_WIDTH, accession, locus_name


def genbank_record(
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
    length, name = len(sequence), accession(contig, number, contigs)
    locus = locus_name(contig, number, length, contigs)
    gap = " " * max(1, LOCUS_WIDTH - len(locus) - len(str(length)))
    yield f"LOCUS       {locus}{gap}{length} bp    DNA     linear   ENV {DATE}\n"
    yield f"DEFINITION  Metagenomic contig {name}.\n"
    yield f"ACCESSION   {name}\nVERSION     {name}\nKEYWORDS    ENV.\n"
    yield f"SOURCE      {ORGANISM}\n  ORGANISM  {ORGANISM}\n            {LINEAGE}\n"
    yield "FEATURES             Location/Qualifiers\n"
    yield from record_features(contig, length, genes, "     ", facts)
    yield "ORIGIN\n"
    letters = sequence.decode("ascii").lower()
    for start in range(0, length, 60):
        blocks = " ".join(letters[at : at + 10] for at in range(start, min(start + 60, length), 10))
        yield f"{start + 1:>9} {blocks}\n"
    yield "//\n"
