"""The profile that all blocks make together: which taxa are there, and which share of the cells each has.

A block leaves, for each lineage that a read was placed at, the reads and the copies of each marker gene, and how many
markers the database has of every taxon on the way. A taxon is there when reads of enough different markers are of it,
or below it; a stray read, or a gene that was acquired from elsewhere, is of one. What is not there gives its reads to
the taxon above. A marker is once in a cell, so the mean depth of a taxon's markers counts its cells, however long
its genome is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from metapipe.formats.table_rows import Place
from metapipe.stages.markers.marker_hits import PARTS
from metapipe.taxa.ancestry import Ancestry
from metapipe.taxa.rows import PROFILE_TABLE, ProfileRow
from metapipe.taxa.taxon_table import write_taxa
from metapipe.taxa.taxon_tree import Taxon, TaxonTree


@dataclass
class PlacedReads:
    """The marker reads of one block.

    :param reads: taxon → marker → reads. :param copies: likewise, in :data:`~.marker_hits.PARTS`.
    :param unplaced: reads of markers of which no hit has a taxon that is known.
    """

    reads: dict[int, Counter[str]] = field(default_factory=dict)
    copies: dict[int, Counter[str]] = field(default_factory=dict)
    unplaced: int = 0

    def add(self, taxon: int, marker: str, copies: int) -> None:
        """Count one read."""
        self.reads.setdefault(taxon, Counter())[marker] += 1
        self.copies.setdefault(taxon, Counter())[marker] += copies


def counts_of_block(
    placed: PlacedReads, tree: Ancestry, expected: Mapping[int, int], min_markers: int
) -> dict[str, Any]:
    """What a block says, as JSON; blocks are added by :func:`~metapipe.runner.declare.merge.add_counts`.

    :param expected: taxon → markers that the database has of it.
    """
    above = {one for taxon in placed.reads for one in tree.lineage(taxon)}
    return {
        "reads": {tree.lineage_text(taxon): dict(found) for taxon, found in placed.reads.items()},
        "copies": {tree.lineage_text(taxon): dict(found) for taxon, found in placed.copies.items()},
        "expected": {str(tree.taxids[taxon]): str(expected.get(taxon, 0)) for taxon in above},
        "min_markers": str(min_markers),
        "unplaced": placed.unplaced,
    }


def expected_markers(proteins: Iterable[tuple[str, int]], tree: Ancestry) -> dict[int, int]:
    """Taxon → how many different markers the database has of it, or below it.

    :param proteins: marker and taxid of each. Those of a taxid that the taxonomy lacks do not count.
    """
    found: dict[int, set[str]] = {}
    for marker, taxid in proteins:
        if taxid in tree.numbers:
            found.setdefault(tree.numbers[taxid], set()).add(marker)
    for taxon in sorted(found, reverse=True):
        markers = found[taxon]
        for above in tree.lineage(taxon):
            found.setdefault(above, set()).update(markers)
    return {taxon: len(markers) for taxon, markers in found.items()}


def profile_table(counts: dict[str, Any]) -> bytes:
    """The table ``profile``, made of the summed counts of all blocks. Of no block, its header."""
    tree, markers = _present(counts)
    expected = {int(taxid): int(number) for taxid, number in counts.get("expected", {}).items()}
    cells = _cells(tree, markers, expected)
    all_cells = cells[tree.root.taxid] if tree.root else Fraction(1)
    rows = [PROFILE_TABLE.header]
    for taxon in tree:
        here = markers[taxon.taxid]
        rows.append(
            PROFILE_TABLE.format(
                ProfileRow(
                    taxon=taxon.name,
                    taxid=str(taxon.taxid),
                    rank=taxon.rank,
                    markers=len(here.below),
                    expected=expected.get(taxon.taxid, 0),
                    reads=taxon.total_reads,
                    cells=float(cells[taxon.taxid]),
                    share=float(cells[taxon.taxid] / (all_cells or 1)),
                    lineage=taxon.lineage,
                )
            )
        )
    return b"".join(rows)


def profile_taxa(counts: dict[str, Any]) -> bytes:
    """The table ``taxa`` of the taxa that are there: reads of markers directly and in total."""
    return b"".join(write_taxa(_present(counts)[0]))


@dataclass
class _Markers:
    """What a taxon has of the markers. :param copies: placed right at it. :param below: seen at it or below it."""

    copies: Counter[str] = field(default_factory=Counter)
    below: set[str] = field(default_factory=set)


def _present(counts: Mapping[str, Any]) -> tuple[TaxonTree, dict[int, _Markers]]:
    """The tree of the taxa that are there, and the markers of each by its taxid."""
    tree, found = TaxonTree(), dict[int, _Markers]()
    for lineage, reads in sorted(counts.get("reads", {}).items()):
        taxon = tree.add(lineage, sum(reads.values()), Place("counts", 1))
        found[taxon.taxid] = _Markers(Counter(counts["copies"][lineage]))
    tree.unclassified[0] = counts.get("unplaced", 0)
    tree.add_up()
    least = int(counts.get("min_markers", 1))
    known = counts.get("expected", {})
    for taxon in _upwards(tree):
        here = found.setdefault(taxon.taxid, _Markers())
        here.below = set(here.copies).union(*(found[child.taxid].below for child in taxon.children))
        # Of a taxon that the database has few markers of, no more can be asked for.
        wanted = min(least, int(known[str(taxon.taxid)]) or 1)
        stays = len(here.below) >= wanted or any(found[child.taxid].below for child in taxon.children)
        if taxon.parent is not None and not stays:
            above = found.setdefault(taxon.parent.taxid, _Markers())
            above.copies.update(here.copies)
            taxon.parent.direct[0] += taxon.direct[0]
            taxon.direct[0] = 0
            here.copies.clear()
            here.below.clear()
    tree.prune()
    tree.add_up()
    return tree, found


def _cells(tree: TaxonTree, markers: Mapping[int, _Markers], expected: Mapping[int, int]) -> dict[int, Fraction]:
    """Taxid → cells at it and below it: the sum of its markers' depths, divided by the number of its markers."""
    cells: dict[int, Fraction] = {}
    for taxon in _upwards(tree):
        copies = sum(markers[taxon.taxid].copies.values())
        own = Fraction(copies, PARTS * max(1, expected.get(taxon.taxid, 0)))
        cells[taxon.taxid] = own + sum((cells[child.taxid] for child in taxon.children), Fraction(0))
    return cells


def _upwards(tree: TaxonTree) -> Iterator[Taxon]:
    """All taxa, each behind those below it."""
    return reversed(list(tree))
