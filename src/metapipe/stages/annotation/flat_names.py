"""Names in flat files, each of which stands once in its file.

GenBank and EMBL take fewer signs in a name than FASTA, and the LOCUS line has little room. A name that has to be made
is checked to be new: readers that key on it (Biopython's ``SeqIO.index``) refuse or lose one of two equal ones.
"""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Container

from metapipe.formats.plain_text import plain

_NOT_ALLOWED = re.compile(r"[^A-Za-z0-9_.|:#*+@/=-]")

#: Name and length share 28 columns of the LOCUS line, with at least one blank between.
LOCUS_WIDTH = 28


def flat_text(contig: str) -> str:
    """Return a contig's name with ``_`` for what ends a word or a field in a flat file."""
    return _NOT_ALLOWED.sub("_", plain(contig)) or "_"


def accession(contig: str, number: int, contigs: Container[str]) -> str:
    """Return the name itself where flat files can hold it, else one like it that no other contig has.

    :param number: of the contig in the whole input, from 1. :param contigs: the names of all contigs.
    """
    name = flat_text(contig)
    return name if name == contig else _new(name, number, sys.maxsize, contigs)


def locus_name(contig: str, number: int, length: int, contigs: Container[str]) -> str:
    """Return the accession if it fits the LOCUS line beside the contig's length, else its beginning and its number."""
    room = LOCUS_WIDTH - 1 - len(str(length))
    name = accession(contig, number, contigs)
    return name if len(name) <= room else _new(name, number, room, contigs)


def _new(name: str, number: int, room: int, contigs: Container[str]) -> str:
    """Return ``name`` cut to fit and ``_number``: different for every number, and no contig's own name.

    The last ``_`` parts the number off, so two made names differ. One that some contig really has gets ``x`` after it.
    """
    ends = (f"_{number}{'x' * more}" for more in itertools.count())
    made = (name[: max(0, room - len(end))] + end for end in ends)
    return next(one for one in made if one not in contigs)
