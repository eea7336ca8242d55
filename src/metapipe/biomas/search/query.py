"""Reads as the search sees them: both strands, and the words of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from metapipe.biomas.search.window_index import TURNED, WORD, Numbers
from metapipe.formats.called_bases import called_bases
from metapipe.formats.fasta_text import reverse_complement
from metapipe.formats.kmers import kmer_codes, two_bits


class Strand(NamedTuple):
    """A read as it stands in the file, or turned.

    :param text: its bases, N for what is none. :param seen: the same with X for N, which equals no letter of a
        reference. :param words: number of the word at each place, -1 where one of its letters is no base.
    """

    text: bytes
    seen: str
    words: Numbers

    @classmethod
    def of(cls, text: bytes, words: Numbers) -> Strand:
        """Take bases of :func:`~metapipe.formats.called_bases.called_bases`, and their words."""
        return cls(text, text.decode("ascii").replace("N", "X"), words)

    def words_between(self, begin: int, end: int) -> Numbers:
        """Return the words that lie within these places of the read, one for each place."""
        return self.words[begin : max(begin, end - WORD + 1)]


class Query(NamedTuple):
    """A read to be searched, both ways round."""

    length: int
    strands: tuple[Strand, Strand]


def queries(sequences: Sequence[bytes]) -> Iterator[Query]:
    """Yield a query for each read; the sequences are those of a file: any letters, any case."""
    forward = list(map(called_bases, sequences))
    codes, valid = kmer_codes(two_bits(b"\n".join([*forward, b"\n" * WORD])), WORD)
    words = np.where(valid, codes.astype(np.intp), -1)
    turned = np.where(valid, TURNED[codes], -1)
    start = 0
    for bases in forward:
        end = start + max(0, len(bases) - WORD + 1)
        strands = Strand.of(bases, words[start:end]), Strand.of(reverse_complement(bases), turned[start:end][::-1])
        yield Query(len(bases), strands)
        start += len(bases) + 1
