"""The search of ours: a whole read on all references of the best identity, or down to a margin below it.

Candidates come from words shared (:mod:`metapipe.biomas.search.window_index`), none being missed; differences are
edlib's. What a read is given depends on the read and the database alone, however reads are batched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from metapipe.biomas.search.nearest import WindowSearch
from metapipe.biomas.search.query import Query, queries
from metapipe.biomas.search.reference_text import References
from metapipe.biomas.search.whole_read import Placed
from metapipe.biomas.search.windows import Words, find_windows

#: What is allowed for a mate beyond its best at first, where the mates' best references are others.
WIDER = 4
#: Sets of windows whose references are kept by name.
KEPT = 4096

#: References of one mate, by number, and how it is placed on each.
OnReferences = dict[int, Placed]


class ExactSearch:
    """Searches batches of reads.

    :param references: of the database. :param least: lowest identity of a read or mate, of 1. :param margin: how far
        below the best identity others are told, of 1.
    """

    def __init__(self, references: References, least: Fraction, margin: Fraction) -> None:
        self._references, self._least, self._margin = references, least, margin

    def search(self, batch: Sequence[Sequence[bytes]]) -> Iterator[tuple[bytes, int]]:
        """Yield the cell ``matches`` of each read or pair, and how many matches it tells.

        :param batch: the bases of one or both mates, as in the file.
        """
        asked = [list(queries(mates)) for mates in zip(*batch, strict=True)]
        words = Words(strand.text for mates in asked for query in mates for strand in query.strands)
        windows = find_windows(self._references, words)
        del words
        found = _Windows(WindowSearch(list(windows)), list(windows.values()), self._references.names)
        del windows
        if len(asked) == 1:
            for query in asked[0]:
                yield found.cell(found.search.nearest(query, self._most(query), self._margin))
        else:
            for pair in zip(*asked, strict=True):
                yield found.pair_cell(*self._pair(found, pair))

    def _most(self, query: Query) -> int:
        return int(query.length * (1 - self._least))

    def _pair(self, windows: _Windows, pair: tuple[Query, ...]) -> list[OnReferences]:
        """Both mates on the references of the best mean identity; each on its own best where they share none."""
        best = [windows.on_references(query, self._most(query), Fraction(0)) for query in pair]
        if not all(best):
            return best
        highest = [next(iter(each.values())).identity for each in best]
        told, both = best, _mean_identities(best)
        # As long as the mates share a reference on which each is at its best, no mean can be higher.
        radii = [0, 0]
        wanted = [next(iter(each.values())).differences + WIDER for each in best]
        while not both or self._margin or max(both.values()) < sum(highest) / 2:
            if both:  # a reference of interest is so good for one mate, as the other can be its highest at most
                least = 2 * (max(both.values()) - self._margin)
                wanted = [
                    int(query.length * (1 - (least - other)))
                    for query, other in zip(pair, reversed(highest), strict=True)
                ]
            wanted = [min(most, self._most(query)) for most, query in zip(wanted, pair, strict=True)]
            if all(most <= radius for most, radius in zip(wanted, radii, strict=True)):
                break
            radii = [max(each) for each in zip(wanted, radii, strict=True)]
            told = [windows.on_references(query, most, None) for query, most in zip(pair, radii, strict=True)]
            both = _mean_identities(told)
            wanted = [2 * radius for radius in radii]
        if not both:
            return best
        least = max(both.values()) - self._margin
        return [{number: each[number] for number, mean in both.items() if mean >= least} for each in told]


def _mean_identities(mates: Sequence[Mapping[int, Placed]]) -> dict[int, Fraction]:
    first, second = mates
    return {number: (first[number].identity + second[number].identity) / 2 for number in first.keys() & second.keys()}


class _Windows:
    """The windows of a batch, the references each stands for, and how they are told."""

    def __init__(self, search: WindowSearch, references: Sequence[Sequence[int]], names: Sequence[bytes]) -> None:
        self.search, self._references, self._names = search, references, names
        self._known: dict[tuple[int, ...], list[bytes]] = {}

    def on_references(self, query: Query, most: int, margin: Fraction | None) -> OnReferences:
        """Return the references nearest to a read, each with its best window."""
        return self._best_of_each(self.search.nearest(query, most, margin))

    def _best_of_each(self, windows: Mapping[int, Placed]) -> OnReferences:
        found: OnReferences = {}
        for window, placed in windows.items():
            for number in self._references[window]:
                if number not in found or placed.better_than(found[number]):
                    found[number] = placed
        return found

    def cell(self, windows: Mapping[int, Placed]) -> tuple[bytes, int]:
        """Return what is told of a single read."""
        if len(set(windows.values())) != 1:
            return self.pair_cell(self._best_of_each(windows))
        names = self._names_of(tuple(sorted(windows)))
        entry = _entry(1, next(iter(windows.values())))
        return (entry + b" ").join(names) + entry, len(names)

    def _names_of(self, windows: tuple[int, ...]) -> list[bytes]:
        """Return the references of these windows, sorted; reads of one organism often have the very same."""
        if windows not in self._known:
            if len(self._known) >= KEPT:
                self._known.clear()
            self._known[windows] = sorted({self._names[n] for window in windows for n in self._references[window]})
        return self._known[windows]

    def pair_cell(self, *mates: Mapping[int, Placed]) -> tuple[bytes, int]:
        """Return what is told of a pair, or of a single read."""
        entries = sorted(
            (self._names[number], mate, placed)
            for mate, found in enumerate(mates, 1)
            for number, placed in found.items()
        )
        return b" ".join(name + _entry(mate, placed) for name, mate, placed in entries), len(entries)


def _entry(mate: int, placed: Placed) -> bytes:
    """The rest of a match behind the reference's name; whole reads have as many columns as bases."""
    return b":%d:%d:%d:%d" % (mate, placed.bases, placed.differences, placed.bases)
