"""Which taxon a read may be given, by the tier of identity of its matches (BioMaS, Fosso et al. 2015).

* Upper tier (97 % and above): TANGO's choice, down to species and strains. Where a species has the references of a
  single strain only, TANGO's "lowest of equal taxa" would name the strain, although nothing tells it from others of the
  species: below a species, of taxa with the same references the highest is named (**ours**).
* Lower tier: TANGO's choice (by default with q = 1, the lowest common ancestor), then up to the first taxon that is
  above all species, for matches of 90 to 97 % do not tell species; and from there up to the first main rank that the
  read's identity reaches (:mod:`metapipe.taxa.rank_identities`, **ours**).
* No match kept: unclassified.

Matches to references of taxa that are flagged ``unclassified``, or lie below such, are dropped when the read has any
other match: they say nothing, and would pull the read up to what they share with it. BioMaS drops those of the NCBI
taxa 447265 and 175245 so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from metapipe.biomas.tables import KEPT_TABLE, KeptRow
from metapipe.biomas.taxa.tango import Tango
from metapipe.errors import MetapipeError
from metapipe.formats.table_rows import Place
from metapipe.taxa.rank_identities import RankIdentities, hundredths
from metapipe.taxa.taxonomy import Numbers, Taxonomy

TIERS = ("upper", "lower", "none")


class Kept(NamedTuple):
    """A row of the table of kept matches, and where it stands, for messages."""

    row: KeptRow
    place: Place


class Assigned(NamedTuple):
    """What a read is given: the rank, empty when unclassified, and the cells after ``identity``."""

    rank: str
    cells: tuple[str, ...]


UNCLASSIFIED_READ = Assigned("", ("0", "", "", "", "", ""))


def read_kept_row(line: bytes, place: Place) -> Kept:
    """Parse one row; raise E111 where a cell is not what its column says."""
    row = KEPT_TABLE.parse(line, place)
    if row.size < 1:
        found = str(row.size)
        raise MetapipeError("E111", file=place.file, line=place.line, expected="a size of 1 or more", found=found)
    if row.tier not in TIERS:
        expected = "upper, lower or none in column tier"
        raise MetapipeError("E111", file=place.file, line=place.line, expected=expected, found=row.tier)
    if (row.tier == "none") != (not row.references.strip()):
        expected = "references in the tiers upper and lower, and in these only"
        raise MetapipeError("E111", file=place.file, line=place.line, expected=expected, found=row.references)
    return Kept(row, place)


@dataclass(frozen=True)
class Rules:
    """What a site may choose.

    :param upper_q: :param lower_q: TANGO's weight for each tier, exactly.
    :param identities: of :func:`metapipe.taxa.rank_identities.read_thresholds`, for the lower tier.
    """

    upper_q: Fraction = Fraction(1, 2)
    lower_q: Fraction = Fraction(1)
    identities: Mapping[str, int] = field(default_factory=dict)


class Assigner:
    """Assigns reads by one database. ``database`` is its name, for messages."""

    def __init__(self, taxonomy: Taxonomy, database: str, rules: Rules) -> None:
        self.taxonomy, self.database, self.rules = taxonomy, database, rules
        self._tango = Tango(taxonomy)
        self._above_species = above_species(taxonomy)
        self._not_only_strains = not_only_strains(taxonomy)
        self._identities = RankIdentities(taxonomy, rules.identities)
        self._says_nothing = taxonomy.unclassified[taxonomy.reference_taxa]
        self._lineages: dict[int, str] = {}

    def assign(self, rows: Sequence[Kept]) -> list[Assigned]:
        """Assign each row.

        :raises MetapipeError: E112, naming the row, for a reference that the database does not have.
        """
        found: dict[tuple[str, int, str], Assigned] = {}
        keys = [(kept.row.tier, self._missed(kept), kept.row.references) for kept in rows]
        # Reads of one organism often match the very same references: those are looked at once.
        distinct = dict(zip(reversed(keys), reversed(rows), strict=True))
        for tier, q in (("upper", self.rules.upper_q), ("lower", self.rules.lower_q)):
            asked = {key: kept for key, kept in distinct.items() if key[0] == tier}
            missed = [number for _, number, _ in asked]
            found.update(zip(asked, self._choose(list(asked.values()), tier, q, missed), strict=True))
        return [UNCLASSIFIED_READ if key[0] == "none" else found[key] for key in keys]

    def _missed(self, kept: Kept) -> int:
        """How many of the ranks with a threshold a read does not reach; 0 in the upper tier."""
        if kept.row.tier != "lower" or not self.rules.identities:
            return 0
        identity = hundredths(kept.row.identity)
        if identity is None:
            place, expected = kept.place, "per cent in column identity"
            raise MetapipeError("E111", file=place.file, line=place.line, expected=expected, found=kept.row.identity)
        return self._identities.missed(identity)

    def _choose(self, rows: Sequence[Kept], tier: str, q: Fraction, missed: Sequence[int]) -> list[Assigned]:
        listed = [self._numbers(kept) for kept in rows]
        counts = list(map(len, listed))
        starts = np.cumsum([0, *counts])
        matches = np.fromiter(chain.from_iterable(listed), np.int64, int(starts[-1]))
        matches, starts = self._without_unclassified(matches, starts)
        choices = self._tango.choose(matches, starts, q)
        taxa = self._not_only_strains[choices.taxa] if tier == "upper" else self._reached(choices.taxa, missed)
        fractions = zip(choices.numerators.tolist(), choices.denominators.tolist(), strict=True)
        return [
            self._assigned(taxon, count, score(*fraction))
            for taxon, count, fraction in zip(taxa.tolist(), counts, fractions, strict=True)
        ]

    def _reached(self, taxa: Numbers, missed: Sequence[int]) -> Numbers:
        """What reads of the lower tier are given in place of what TANGO chose."""
        found: Numbers = self._above_species[taxa]
        for number in set(missed) - {0}:
            some = np.flatnonzero(np.array(missed) == number)
            found[some] = self._identities.reached(number)[found[some]]
        return found

    def _numbers(self, kept: Kept) -> tuple[int, ...]:
        names = kept.row.references.split()
        try:
            found = itemgetter(*names)(self.taxonomy.reference_numbers)  # of a hundred names in half a loop's time
        except KeyError as missing:
            expected = f"references of the database {self.database}"
            place, name = kept.place, missing.args[0]
            raise MetapipeError("E112", file=place.file, line=place.line, expected=expected, found=name) from None
        return found if len(names) > 1 else (found,)

    def _without_unclassified(self, matches: Numbers, starts: Numbers) -> tuple[Numbers, Numbers]:
        """Drop matches that say nothing from reads that have others."""
        nothing = self._says_nothing[matches]
        if not nothing.any():
            return matches, starts
        reads = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
        others = np.bincount(reads[~nothing], minlength=len(starts) - 1) > 0
        kept = ~(nothing & others[reads])
        return matches[kept], np.concatenate(([0], np.cumsum(np.bincount(reads[kept], minlength=len(starts) - 1))))

    def _assigned(self, taxon: int, matches: int, shown: str) -> Assigned:
        taxonomy = self.taxonomy
        if (lineage := self._lineages.get(taxon)) is None:
            lineage = self._lineages[taxon] = taxonomy.lineage_text(taxon)
        rank = taxonomy.ranks[taxon]
        cells = (str(matches), str(taxonomy.taxids[taxon]), taxonomy.names[taxon], rank, shown, lineage)
        return Assigned(rank, cells)


def above_species(taxonomy: Taxonomy) -> Numbers:
    """For each taxon the first at or above it that is neither a species nor below one (the root at the last)."""
    found = np.arange(len(taxonomy.taxids))
    low = np.flatnonzero(taxonomy.species_or_below)
    while len(low):
        found[low] = taxonomy.parents[found[low]]
        low = low[taxonomy.species_or_below[found[low]] & (found[low] > 0)]
    return found


def not_only_strains(taxonomy: Taxonomy) -> Numbers:
    """For each taxon below a species the highest with the same references, up to the species; else itself.

    A strain that is all the database has of its species is no more told from other strains than the species is.
    """
    found = np.arange(len(taxonomy.taxids))
    spans = taxonomy.end_references - taxonomy.first_references
    low = np.flatnonzero(taxonomy.species_or_below)
    while len(low):
        above = taxonomy.parents[found[low]]
        same = taxonomy.species_or_below[above] & (spans[above] == spans[low]) & (above != found[low])
        low = low[same]
        found[low] = taxonomy.parents[found[low]]
    return found


def score(numerator: int, denominator: int) -> str:
    """A penalty with four decimals, halves rounded up: exact arithmetic, so the same on every machine."""
    rounded = (20_000 * numerator + denominator) // (2 * denominator)
    return f"{rounded // 10_000}.{rounded % 10_000:04d}"
