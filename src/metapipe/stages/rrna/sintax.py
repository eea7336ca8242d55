"""SINTAX (Edgar 2016, doi:10.1101/074161): a taxon for a sequence by the words it shares with references.

A hundred times 32 words of the sequence are drawn, with replacement; each time the references with most of them have
the say. What share of the draws a taxon has is its support; the deepest taxon with enough support is the verdict.

Three things differ from the program vsearch, so that a sequence's verdict depends on that sequence alone:

* The draws are pinned by the sequence's own words: the same sequence has the same support in every sample.
* Of references that share equally many words, each taxon has an equal part of the say, where one is picked by chance
  or place: so a species with many references does not outvote one with few that is just as near.
* References that have less than half as many words in common with the whole sequence as the best have no say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from metapipe.stages.rrna.word_index import WordIndex
from metapipe.taxa.taxonomy import Taxonomy

Ints = npt.NDArray[np.int64]

DRAWS, WORDS_DRAWN = 100, 32
#: Share of the best reference's common words below which another has no say.
_NEAR = 0.5


class Verdict(NamedTuple):
    """A taxon's number, its support (0 to 1), and how many taxa had a say."""

    taxon: int
    support: float
    taxa: int


def classify(strands: Sequence[Ints], index: WordIndex, taxonomy: Taxonomy, cutoff: float) -> Verdict | None:
    """Return the deepest taxon with at least this support; None where there is none, or too few words to draw from.

    :param strands: the different words of a sequence, ascending, and of its other strand, when that is looked at, too:
        the one that has more in common with some reference counts; of equals, the first.
    :param cutoff: above 0.5, so that there is one way down.
    """
    common = [common_words(words, index, len(taxonomy.references)) for words in strands]
    better = max(range(len(strands)), key=lambda strand: int(common[strand].max(initial=0)))
    return _verdict(strands[better], common[better], index, taxonomy, cutoff)


def _verdict(words: Ints, common: Ints, index: WordIndex, taxonomy: Taxonomy, cutoff: float) -> Verdict | None:
    """The verdict on a sequence. :param common: how many of its words each reference has."""
    if len(words) < WORDS_DRAWN:
        return None
    near = np.flatnonzero(common >= max(1.0, _NEAR * common.max(initial=0)))
    if not len(near):
        return None
    shared = np.zeros((len(words), len(near)), np.float32)  # sums of small whole numbers: exact in any order
    place = np.full(len(taxonomy.references), -1)
    place[near] = np.arange(len(near))
    for row, word in enumerate(words):
        at = place[index.having(int(word))]
        shared[row, at[at >= 0]] = 1
    scores = drawn(words).astype(np.float32) @ shared
    best = scores == scores.max(axis=1, keepdims=True)
    taxa, firsts = np.unique(taxonomy.reference_taxa[near], return_index=True)
    has_say = np.logical_or.reduceat(best, firsts, axis=1)
    say = (has_say / has_say.sum(axis=1, keepdims=True)).sum(axis=0) / DRAWS
    taxon, support = _deepest(taxa, say, taxonomy, cutoff)
    if support < cutoff:
        return None
    return Verdict(taxon, round(support, 4), int(np.count_nonzero(say)))


def common_words(words: Ints, index: WordIndex, references: int) -> Ints:
    """How many of the words each reference has."""
    having = [index.having(int(word)) for word in words]
    return np.bincount(np.concatenate([np.zeros(0, np.int32), *having]), minlength=references)


def drawn(words: Ints) -> Ints:
    """How often each word is drawn in each draw: an array of draws × words, by the words alone."""
    state = _mixed(words.astype(np.uint64) + np.arange(len(words), dtype=np.uint64) * np.uint64(1 << 16))
    seed = np.bitwise_xor.reduce(state)
    numbers = _mixed(seed + np.arange(DRAWS * WORDS_DRAWN, dtype=np.uint64))
    picked = (numbers % np.uint64(len(words))).astype(np.int64).reshape(DRAWS, WORDS_DRAWN)
    flat = picked + np.arange(DRAWS)[:, None] * len(words)
    return np.bincount(flat.ravel(), minlength=DRAWS * len(words)).reshape(DRAWS, len(words))


def _mixed(numbers: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """SplitMix64 (Steele, Lea, Flood 2014): the same numbers on every machine and with every NumPy."""
    mixed = (numbers + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def _deepest(taxa: Ints, say: npt.NDArray[np.float64], taxonomy: Taxonomy, cutoff: float) -> tuple[int, float]:
    """The deepest taxon that has at least ``cutoff`` of the say with all below it, and its part; else the root."""
    supported = 0, 0.0
    for taxon in np.unique([above for one in taxa[say > 0] for above in taxonomy.lineage(int(one))]):
        below = (taxa >= taxon) & (taxa < taxonomy.ends[taxon])
        # Parts of 1/3 and the like add up to 1 only nearly.
        support = float(np.round(say[below].sum(), 9))
        if support >= cutoff:  # of taxa with more than half, each lies below the one before
            supported = int(taxon), support
    return supported
