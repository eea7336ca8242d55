"""Counting reads on a tree of taxa: directly at a taxon, and in total at it and below it, for one sample or many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from metapipe.errors import MetapipeError
from metapipe.formats.table_rows import Place, is_count

#: The row for reads without a taxon; no taxon of the tree, so it has neither number nor rank.
UNCLASSIFIED = "Unclassified"

#: One step of a lineage: number, rank, name.
Step = tuple[int, str, str]


@dataclass(slots=True, eq=False)
class Taxon:
    """A taxon with its reads, one number a sample. ``total`` is right after :meth:`TaxonTree.add_up`."""

    taxid: int
    rank: str
    name: str
    parent: Taxon | None
    lineage: str
    direct: list[int]
    total: list[int]
    children: list[Taxon] = field(default_factory=list)

    @property
    def direct_reads(self) -> int:
        """Reads whose best place is this taxon, over all samples."""
        return sum(self.direct)

    @property
    def total_reads(self) -> int:
        """Reads of this taxon and of all below it, over all samples."""
        return sum(self.total)

    def ancestors(self) -> list[Taxon]:
        """The taxa from the root down to this one, itself included."""
        found: list[Taxon] = []
        here: Taxon | None = self
        while here is not None:
            found.append(here)
            here = here.parent
        return found[::-1]


def lineage_steps(text: str, place: Place) -> list[Step]:
    """Read ``1:no rank:root;2:superkingdom:Bacteria``; a name may hold colons. Raises E111."""
    steps = []
    for part in text.split(";"):
        number, *rest = part.split(":", 2)
        if len(rest) != 2 or not rest[1] or not is_count(number):
            raise MetapipeError(
                "E111",
                file=place.file,
                line=place.line,
                expected="a lineage of 'number:rank:name' joined by ';'",
                found=part or "nothing",
            )
        steps.append((int(number), rest[0], rest[1]))
    return steps


class TaxonTree:
    """Reads by taxon. Add lineages in any order, then :meth:`add_up`; the result does not depend on the order."""

    def __init__(self, samples: int = 1) -> None:
        self.samples = samples
        self.root: Taxon | None = None
        self.unclassified = [0] * samples
        self._taxa: dict[int, Taxon] = {}
        self._known: dict[str, Taxon] = {}

    def add(self, lineage: str, reads: int, place: Place, sample: int = 0) -> Taxon:
        """Count reads at the last taxon of a lineage (:func:`lineage_steps`) and return it.

        :raises MetapipeError: E111 for a malformed lineage; E125 when a taxon has another place, rank or name than
            before, as happens between versions of a taxonomy.
        """
        taxon = self._known.get(lineage)
        if taxon is None:
            taxon = self._known[lineage] = self._placed(lineage_steps(lineage, place), place)
        taxon.direct[sample] += reads
        return taxon

    def _placed(self, steps: Sequence[Step], place: Place) -> Taxon:
        above: Taxon | None = None
        for number, rank, name in steps:
            taxon = self._taxa.get(number)
            if taxon is None:
                if above is None and self.root is not None:
                    self._refuse(place, f"one root, {self.root.name} ({self.root.taxid})", f"{name} ({number})")
                lineage = f"{above.lineage};{number}:{rank}:{name}" if above else f"{number}:{rank}:{name}"
                taxon = Taxon(number, rank, name, above, lineage, [0] * self.samples, [0] * self.samples)
                self._taxa[number] = taxon
                if above is None:
                    self.root = taxon
                else:
                    above.children.append(taxon)
            elif (taxon.rank, taxon.name) != (rank, name):
                self._refuse(place, f"taxon {number} as {taxon.rank} {taxon.name}", f"{rank} {name}")
            elif taxon.parent is not above:
                was, now = (one.name if one else "nothing" for one in (taxon.parent, above))
                self._refuse(place, f"{name} ({number}) below {was}", f"it below {now}")
            above = taxon
        if above is None:
            raise ValueError("a lineage without a step")
        return above

    def _refuse(self, place: Place, expected: str, found: str) -> None:
        raise MetapipeError("E125", file=place.file, line=place.line, expected=expected, found=found)

    def add_up(self) -> None:
        """Compute the totals, and sort siblings by total (descending), name and number."""
        for taxon in reversed(list(self)):
            taxon.total = list(taxon.direct)
            for child in taxon.children:
                taxon.total = [one + more for one, more in zip(taxon.total, child.total, strict=True)]
            taxon.children.sort(key=lambda child: (-child.total_reads, child.name, child.taxid))

    def prune(self) -> None:
        """Leave out the taxa of which no read is, directly or below; the root stays."""
        for taxon in reversed(list(self)):
            if taxon.parent is not None and not any(taxon.direct) and not taxon.children:
                taxon.parent.children.remove(taxon)
                del self._taxa[taxon.taxid]
        self._known.clear()

    def __iter__(self) -> Iterator[Taxon]:
        """All taxa, every taxon before those below it, siblings in their order."""
        waiting = [self.root] if self.root else []
        while waiting:
            taxon = waiting.pop()
            yield taxon
            waiting.extend(reversed(taxon.children))

    def __len__(self) -> int:
        return len(self._taxa)

    @property
    def classified_reads(self) -> int:
        """Reads with a taxon, over all samples (after :meth:`add_up`)."""
        return self.root.total_reads if self.root else 0

    @property
    def unclassified_reads(self) -> int:
        """Reads without a taxon, over all samples."""
        return sum(self.unclassified)
