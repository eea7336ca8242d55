"""GenBank flat files: one record per contig, with its genes and its sequence.

Format: GenBank release notes, section 3.4. Written here rather than by Biopython because its writer turns long contig
names into lines that its own reader warns of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from metapipe.stages.annotation import AnnotatedGene
from metapipe.stages.flat_features import DATE, LINEAGE, ORGANISM, record_features
from metapipe.stages.plain_text import plain

#: Name and length share 28 columns of the LOCUS line, with at least one blank between.
_LOCUS_WIDTH = 28


def genbank_record(contig: str, index: int, sequence: bytes, genes: Sequence[AnnotatedGene]) -> Iterator[str]:
    """Yield one record in pieces.

    :param index: 0-based position of the contig in the whole input.
    :param genes: from left to right.
    """
    length, name = len(sequence), flat_name(contig)
    locus = locus_name(name, index, length)
    gap = " " * max(1, _LOCUS_WIDTH - len(locus) - len(str(length)))
    yield f"LOCUS       {locus}{gap}{length} bp    DNA     linear   ENV {DATE}\n"
    yield f"DEFINITION  Metagenomic contig {name}.\n"
    yield f"ACCESSION   {name}\nVERSION     {name}\nKEYWORDS    ENV.\n"
    yield f"SOURCE      {ORGANISM}\n  ORGANISM  {ORGANISM}\n            {LINEAGE}\n"
    yield "FEATURES             Location/Qualifiers\n"
    yield from record_features(contig, length, genes, "     ")
    yield "ORIGIN\n"
    letters = sequence.decode("ascii").lower()
    for start in range(0, length, 60):
        blocks = " ".join(letters[at : at + 10] for at in range(start, min(start + 60, length), 10))
        yield f"{start + 1:>9} {blocks}\n"
    yield "//\n"


def flat_name(contig: str) -> str:
    """Return a contig's name as flat files can hold it: signs that end a word or a field there become ``_``."""
    return re.sub(r"[^A-Za-z0-9_.|:#*+@/=-]", "_", plain(contig)) or "_"


def locus_name(name: str, index: int, length: int) -> str:
    """Return the name if it fits the LOCUS line, else its beginning and the contig's number."""
    room = _LOCUS_WIDTH - 1 - len(str(length))
    if len(name) <= room:
        return name
    number = f"_{index + 1}"
    return name[: max(0, room - len(number))] + number
