"""Reads as the search sees them: both strands, and the words of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from metapipe.biomas.search.kmers import kmer_codes, two_bits
from metapipe.biomas.search.window_index import TURNED, WORD, Numbers
from metapipe.formats.called_bases import called_bases

_OTHER_STRAND = bytes.maketrans(b"ACGT", b"TGCA")


class Strand(NamedTuple):
    """A read as it stands in the file, or turned.

    :param text: its bases, N for what is none. :param words: number of the word at each place, -1 where one of its
        letters is no base.
    """

    text: bytes
    words: Numbers

    @property
    def seen(self) -> str:
        """The bases, with X for what is none: it equals no letter of a reference."""
        return self.text.decode("ascii").replace("N", "X")

    def words_between(self, begin: int, end: int) -> Numbers:
        """Return the words that lie within these places of the read, one for each place."""
        return self.words[begin : max(begin, end - WORD + 1)]


class Query(NamedTuple):
    """A read to be searched, both ways round."""

    length: int
    strands: tuple[Strand, Strand]


def other_strand(bases: bytes) -> bytes:
    """Return the bases of the other strand, N for N."""
    return bases[::-1].translate(_OTHER_STRAND)


def queries(sequences: Sequence[bytes]) -> Iterator[Query]:
    """Yield a query for each read; the sequences are those of a file: any letters, any case."""
    forward = list(map(called_bases, sequences))
    codes, valid = kmer_codes(two_bits(b"\n".join([*forward, b"\n" * WORD])), WORD)
    words = np.where(valid, codes.astype(np.intp), -1)
    turned = np.where(valid, TURNED[codes], -1)
    start = 0
    for bases in forward:
        end = start + max(0, len(bases) - WORD + 1)
        strands = Strand(bases, words[start:end]), Strand(other_strand(bases), turned[start:end][::-1])
        yield Query(len(bases), strands)
        start += len(bases) + 1
