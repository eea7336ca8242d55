"""TANGO: the taxon that fits a read's matched references best.

A read that matches references of several taxa is assigned to one taxon. The lowest common ancestor (LCA) of all of
them is safe and often says little: one stray match takes the read to the root. TANGO (Clemente, Jansson & Valiente,
BMC Bioinformatics 2011, 12:8; Alonso-Alemany et al. 2014) weighs both kinds of error. For the set M of matched
references and a taxon n let

* TP be the references in M under n, FN those in M elsewhere, FP the references under n that are not in M;
* the penalty of n be ``q · FN / TP + (1 - q) · FP / TP``.

Of the taxa at or below the LCA of M the one of the smallest penalty is chosen. With q = 1 that is the LCA itself; the
smaller q, the lower the taxa.

Rules of ours, where the papers leave room:

* The leaves are the *reference sequences* of the database, not taxa; so a taxon may have references of its own beside
  children. Only taxa are chosen.
* Taxa that have the same references under them (a genus with one species) are one taxon to the evidence; the lowest
  of them stands for all. What a read is then called below a species is said by :mod:`metapipe.biomas.taxa.tier_rules`:
  a strain that is alone in its species is not told from the species.
* **Ties.** When several taxa have the smallest penalty, the read goes to their lowest common ancestor: what all of them
  share is asserted, and never one of two siblings because it comes first. Penalties are compared as exact fractions.
* A reference matched more than once counts once. The order of matches counts nothing.

**How.** Only the *skeleton* of M has to be looked at: the taxa of matched references, and the LCAs of neighbours among
them in depth-first order. Any other taxon at or below the LCA of M has under it the same part of M as a taxon of the
skeleton below it, and at least as many references, so its penalty is no smaller (where it is equal, with q < 1, the
two have the same references; with q = 1 no taxon but the LCA holds all of M). An LCA of two references is the smallest
value in a range of a table, TP is a difference of two places in the sorted matches: the work is n log n in the matches
of a read, done for thousands of matches at once by NumPy.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from metapipe.taxa.taxonomy import Numbers, Taxonomy

#: Matches looked at together: their arrays stay in a core's cache. Measured: `scripts/bench tango`.
BATCH = 32_768


@dataclass(frozen=True)
class Choices:
    """What was chosen, of R reads.

    :param taxa: number of the taxon of each read (:class:`metapipe.taxa.taxonomy.Taxonomy`), shape (R,).
    :param numerators: :param denominators: the smallest penalty of each read as a fraction, not in lowest terms.
    """

    taxa: Numbers
    numerators: npt.NDArray[Any]
    denominators: npt.NDArray[Any]


class Tango:
    """Chooses taxa of one taxonomy. Making one takes 4 bytes · L · log2 L for L references, and less than a second."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.taxonomy = taxonomy
        self._size = len(taxonomy.references)
        self._table = _table_of_minima(_common_of_neighbours(taxonomy))
        self._flat = self._table.ravel()

    def choose(self, references: Numbers, starts: Numbers, q: Fraction) -> Choices:
        """Choose one taxon for each read.

        :param references: numbers of matched references, read after read; in any order, repeats allowed.
        :param starts: the matches of read r are ``references[starts[r]:starts[r + 1]]``, at least one; shape (R + 1,).
        :param q: 0 to 1, exact: ``Fraction("0.5")``.
        """
        parts = []
        first = 0
        while first < len(starts) - 1:
            last = max(first + 1, int(np.searchsorted(starts, starts[first] + BATCH, side="right")) - 1)
            part = starts[first : last + 1]
            parts.append(self._choose(references[part[0] : part[-1]], np.diff(part), q))
            first = last
        if not parts:
            nothing = np.zeros(0, dtype=np.int64)
            return Choices(nothing, nothing, nothing)
        return Choices(
            np.concatenate([part.taxa for part in parts]),
            np.concatenate([part.numerators for part in parts]),
            np.concatenate([part.denominators for part in parts]),
        )

    def _choose(self, references: Numbers, counts: Numbers, q: Fraction) -> Choices:
        """The same for few reads: ``counts`` matches each."""
        taxonomy = self.taxonomy
        # Matches in the order of the walk, each once; a match is read · L + reference.
        reads = np.repeat(np.arange(len(counts)), counts)
        matches = np.sort(reads * self._size + references)
        again = matches[1:] == matches[:-1]
        if again.any():
            fresh = np.concatenate(([True], ~again))
            matches, reads = matches[fresh], reads[fresh]
        places = matches - reads * self._size
        totals = np.bincount(reads, minlength=len(counts))

        # The skeleton: the taxa of the matches, and between one and the next of the same read their common ancestor.
        taxa = taxonomy.reference_taxa[places]
        fresh = np.ones(len(taxa), dtype=np.bool_)
        fresh[1:] = (taxa[1:] != taxa[:-1]) | (reads[1:] != reads[:-1])
        taxa, places, owners = taxa[fresh], places[fresh], reads[fresh]
        nodes = np.repeat(taxa, 2)
        together = np.flatnonzero(owners[1:] == owners[:-1])
        nodes[2 * together + 1] = self._common_of_places(places[together], places[together + 1])
        owners = np.repeat(owners, 2)
        begins = np.searchsorted(owners, np.arange(len(counts)))

        # Penalty + 1 = (q · |M| + (1 - q) · references under n) / TP; times q's denominator, of whole numbers.
        low, high = taxonomy.first_references[nodes], taxonomy.end_references[nodes]
        offsets = owners * self._size
        hits = np.searchsorted(matches, high + offsets) - np.searchsorted(matches, low + offsets)
        costs = self._exact(totals, q)
        costs = q.numerator * costs[owners] + (q.denominator - q.numerator) * (high - low).astype(costs.dtype)
        best = _smallest_fraction(costs, hits, owners, begins)
        best_costs, best_hits = costs[best], hits[best].astype(costs.dtype)

        tied = costs * best_hits[owners] == best_costs[owners] * hits
        lowest = np.minimum.reduceat(np.where(tied, nodes, len(taxonomy.taxids)), begins)
        highest = np.maximum.reduceat(np.where(tied, nodes, -1), begins)
        scale = best_hits * q.denominator
        return Choices(self._common_of_taxa(lowest, highest), best_costs - scale, scale)

    def _exact(self, totals: Numbers, q: Fraction) -> npt.NDArray[Any]:
        """The totals as numbers whose products cannot overflow: of 64 bits, or Python's where those do not suffice."""
        most = int(totals.max())
        fits = q.denominator * (most + self._size) * most < 2**63
        return totals.astype(np.int64 if fits else object)

    def _common_of_places(self, first: Numbers, second: Numbers) -> Numbers:
        """The lowest taxon above references ``first`` < ``second``: the smallest number between neighbours.

        One of these common ancestors of neighbours is that of all, and it is above the others.
        """
        levels = np.frexp(second - first)[1].astype(np.int64) - 1  # of a whole number: floor(log2), exact
        rows = levels * self._table.shape[1]
        left = self._flat[rows + first]
        found: Numbers = np.minimum(left, self._flat[rows + second - (1 << levels)]).astype(np.int64)
        return found

    def _common_of_taxa(self, first: Numbers, second: Numbers) -> Numbers:
        """The lowest taxon at or above taxa ``first`` ≤ ``second``, both with references under them."""
        found = first.copy()
        apart = np.flatnonzero(second >= self.taxonomy.ends[first])
        found[apart] = self._common_of_places(
            self.taxonomy.first_references[first[apart]], self.taxonomy.end_references[second[apart]] - 1
        )
        return found


def _smallest_fraction(costs: npt.NDArray[Any], hits: Numbers, owners: Numbers, begins: Numbers) -> Numbers:
    """Place of a smallest ``costs / hits`` of each owner. Owners are 0, 1 … in order, ``begins`` where each begins."""
    quotients = (costs / hits).astype(np.float64)
    smallest = np.flatnonzero(quotients == np.minimum.reduceat(quotients, begins)[owners])
    best = np.empty(len(begins), dtype=np.int64)
    best[owners[smallest[::-1]]] = smallest[::-1]
    while True:  # Division rounds, but keeps order: what is smaller still is equal in floating point, and hardly ever.
        better = np.flatnonzero(costs * hits[best][owners] < costs[best][owners] * hits)
        if not len(better):
            return best
        best[owners[better]] = better


def _common_of_neighbours(taxonomy: Taxonomy) -> Numbers:
    """For each reference but the last the lowest taxon above it and the next; shape (L - 1,)."""
    found, after = taxonomy.reference_taxa[:-1].copy(), taxonomy.reference_taxa[1:]
    below = np.flatnonzero(after >= taxonomy.ends[found])
    while len(below):
        found[below] = taxonomy.parents[found[below]]
        below = below[after[below] >= taxonomy.ends[found[below]]]
    return found


def _table_of_minima(values: Numbers) -> npt.NDArray[np.int32]:
    """Row k, column i: the smallest of the 2^k values from i on (where there are so many)."""
    rows = [values.astype(np.int32) if len(values) else np.zeros(1, dtype=np.int32)]
    step = 1
    while 2 * step <= len(values):
        row = rows[-1].copy()
        row[: len(row) - step] = np.minimum(row[:-step], row[step:])
        rows.append(row)
        step *= 2
    return np.stack(rows)
