"""How alike a read must be to its relatives to be named at a rank at all.

The text ``genus=94.5,family=86.5`` says: a read whose best identity is below 94.5 % is given no genus, and below 86.5 %
no family. What was chosen at such a rank, or below it, gives way to the nearest taxon above that has a main rank the
read reaches; domains are always reached, and the root is where nothing else is left.

BioMaS's default, for reads of the lower tier, are the thresholds of Yarza et al. 2014 (Nat Rev Microbiol 12:635,
doi:10.1038/nrmicro3330): below them two 16S rRNA genes are of different taxa of that rank, whoever classified them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from metapipe.errors import MetapipeError
from metapipe.taxa.main_ranks import main_ranks
from metapipe.taxa.taxonomy import Numbers, with_all_below

#: Ranks that may have a threshold, from the narrowest up. Species are not among them: the lower tier names none.
RANKS = ("genus", "family", "order", "class", "phylum")
YARZA = "genus=94.5,family=86.5,order=82,class=78.5,phylum=75"
NONE = "none"

_ENTRY = re.compile(r"([a-z]+)\s*=\s*([0-9]{1,3})(?:\.([0-9]{1,2}))?")
_OPTION = "--rank-identities"


def read_thresholds(text: str, ranks: Sequence[str] = RANKS) -> dict[str, int]:
    """Rank -> lowest identity in hundredths of a per cent, from the narrowest rank up; nothing for ``none``.

    :param ranks: those that may have a threshold, from the narrowest up.
    :raises MetapipeError: E701 for what is no list of ranks and identities, an unknown rank or one given twice, what is
        no per cent, or a rank that asks for more than a narrower one does.

    >>> read_thresholds("family = 86.5, genus=94.5")
    {'genus': 9450, 'family': 8650}
    """
    found: dict[str, int] = {}
    for entry in () if text.strip() == NONE else text.split(","):
        match = _ENTRY.fullmatch(entry.strip())
        if match is None:
            expected = f"ranks with per cent for {_OPTION}, as {ranks[0]}=94.5,{ranks[1]}=86.5, or {NONE}"
            raise MetapipeError("E701", expected=expected, found=entry.strip() or "nothing")
        rank, value = match[1], 100 * int(match[2]) + int((match[3] or "").ljust(2, "0"))
        if rank not in ranks or rank in found:
            expected = f"each of {', '.join(ranks)} at most once in {_OPTION}"
            raise MetapipeError("E701", expected=expected, found=rank)
        if not 100 < value <= 10_000:  # 0.945 is meant as a share
            expected = f"per cent above 1, up to 100, in {_OPTION}"
            raise MetapipeError("E701", expected=expected, found=entry.strip())
        found[rank] = value
    ordered = {rank: found[rank] for rank in ranks if rank in found}
    for narrow, wide in zip(ordered, list(ordered)[1:], strict=False):
        if ordered[wide] > ordered[narrow]:
            expected = f"no more for {wide} than for {narrow} in {_OPTION}"
            raise MetapipeError("E701", expected=expected, found=text)
    return ordered


def hundredths(identity: str) -> int | None:
    """An identity in per cent as ``filter_matches`` writes it, in hundredths, cut off; None when it is none.

    >>> hundredths("94.49"), hundredths("100.00"), hundredths("")
    (9449, 10000, None)
    """
    match = re.fullmatch(r"([0-9]{1,3})(?:\.([0-9]{1,2})[0-9]*)?", identity)
    return 100 * int(match[1]) + int((match[2] or "").ljust(2, "0")) if match else None


class Tree(Protocol):
    """A taxonomy numbered by a depth-first walk (:mod:`metapipe.taxa.taxonomy`, :mod:`metapipe.taxa.ancestry`)."""

    @property
    def ranks(self) -> tuple[str, ...]:
        """Rank of each taxon."""

    @property
    def parents(self) -> npt.ArrayLike:
        """Number of the taxon above each; the root is its own."""

    @property
    def ends(self) -> npt.ArrayLike:
        """The taxa under taxon n are ``n`` … ``ends[n] - 1``."""


class RankIdentities:
    """The thresholds, for the taxa of one taxonomy.

    :param thresholds: of :func:`read_thresholds`.
    """

    def __init__(self, taxonomy: Tree, thresholds: Mapping[str, int]) -> None:
        self._taxonomy = taxonomy
        self._thresholds = list(thresholds.items())
        self._reached: dict[int, Numbers] = {}

    def missed(self, identity: int) -> int:
        """How many of the ranks with a threshold, from the narrowest up, an identity does not reach.

        :param identity: in hundredths of a per cent.
        """
        return sum(identity < threshold for _, threshold in self._thresholds)

    def reached(self, missed: int) -> Numbers:
        """For each taxon the one that is named in its place when so many ranks are not reached; shape (N,)."""
        if missed not in self._reached:
            self._reached[missed] = self._without([rank for rank, _ in self._thresholds[:missed]])
        return self._reached[missed]

    def _without(self, ranks: list[str]) -> Numbers:
        taxonomy = self._taxonomy
        parents, ends = np.asarray(taxonomy.parents), np.asarray(taxonomy.ends)
        found = np.arange(len(parents))
        main = main_ranks(taxonomy.ranks)
        of_taxa = [main.get(rank, "") for rank in taxonomy.ranks]
        refused = with_all_below([rank in ranks for rank in of_taxa], ends)
        named = np.array([bool(rank) for rank in of_taxa]) & ~refused
        named[0] = True
        low = np.flatnonzero(refused & (found > 0))
        while len(low):
            found[low] = parents[found[low]]
            low = low[~named[found[low]]]
        return found
