"""How good assigned taxa are, rank by rank, where the truth is known.

At a rank, of the reads whose true lineage has that rank: *known* are those whose true taxon there is in the database
at all; *called* those that were given any taxon of that rank; *right* those given the true one. Precision is right of
called: a read of a species that the database lacks counts as an error when it is given a species. Recall is right of
known: what is not in the database cannot be found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from metapipe.demo.amplicons import TRUTH_COLUMNS

RANKS = ("phylum", "class", "order", "family", "genus", "species")
#: rank -> taxid, of the main ranks that a lineage has.
Lineage = Mapping[str, int]


@dataclass(frozen=True)
class Score:
    """Reads at one rank; see the module."""

    reads: int
    known: int
    called: int
    right: int

    @property
    def precision(self) -> float | None:
        """Share of the calls that are right; ``None`` without calls."""
        return self.right / self.called if self.called else None

    @property
    def recall(self) -> float | None:
        """Share of what could be found that was found; ``None`` when nothing could."""
        return self.right / self.known if self.known else None

    @property
    def f1(self) -> float:
        """Harmonic mean of both; 0 when one is missing or 0."""
        return 2 * self.right / (self.called + self.known) if self.called + self.known else 0.0


def score(truth: Mapping[str, Lineage], calls: Mapping[str, Lineage], in_database: frozenset[int]) -> dict[str, Score]:
    """Score calls at every main rank.

    :param truth: read -> its true lineage.
    :param calls: read -> the lineage it was given; a read without an entry was given none.
    :param in_database: taxids that references of the database lie under.
    """
    nothing: Lineage = {}
    scores = {}
    for rank in RANKS:
        true = {read: lineage[rank] for read, lineage in truth.items() if rank in lineage}
        given = {read: calls.get(read, nothing).get(rank) for read in true}
        scores[rank] = Score(
            reads=len(true),
            known=sum(taxid in in_database for taxid in true.values()),
            called=sum(taxid is not None for taxid in given.values()),
            right=sum(given[read] == taxid for read, taxid in true.items()),
        )
    return scores


def main_ranks(lineage: str) -> dict[str, int]:
    """The main ranks of a lineage as our tables write it.

    >>> main_ranks("1:no rank:root;1224:phylum:Pseudomonadota;662:genus:Vibrio")
    {'phylum': 1224, 'genus': 662}
    """
    steps = (step.split(":", 2) for step in filter(None, lineage.split(";")))
    return {rank: int(taxid) for taxid, rank, _ in steps if rank in RANKS}


def read_amplicon_truth(path: Path) -> dict[str, dict[str, int]]:
    """Source -> its main ranks, from the table :func:`metapipe.demo.amplicons.write_amplicon_truth` writes."""
    lineage = TRUTH_COLUMNS.index("lineage")
    return {row[0]: main_ranks(row[lineage]) for row in _rows(path)}


def read_assignments(path: Path) -> tuple[dict[str, dict[str, int]], dict[str, str]]:
    """Read -> the main ranks it was given, and read -> tier, from a table of ``assign_taxa``."""
    calls, tiers = {}, {}
    for row in _rows(path):
        tiers[row[0]] = row[2]
        if row[9]:
            calls[row[0]] = main_ranks(row[9])
    return calls, tiers


def of_reads(truth: Mapping[str, Lineage], reads: Iterable[str]) -> dict[str, Lineage]:
    """Read -> true lineage; a read is named ``<source>-<number>``."""
    return {read: truth[read.rpartition("-")[0]] for read in reads}


def _rows(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8") as lines:
        next(lines)
        for line in lines:
            yield line.rstrip("\n").split("\t")
