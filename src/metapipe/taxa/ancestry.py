"""Who is above whom: the taxonomy of a database of kind ``taxonomy-reads``, and lowest common ancestors in it.

``taxonomy.tsv`` is that of an amplicon database (:mod:`metapipe.taxa.taxonomy`). ``merged.tsv``, where there is one,
has a row ``#taxid now`` for each number that NCBI has given up for one of the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.taxa.taxonomy import (
    TAXONOMY_FILE,
    Tables,
    depth_first,
    is_taxid,
    rows_by_taxid,
    table_lines,
    table_rows,
    taxon_rows,
)

MERGED_FILE = "merged.tsv"
MERGED_COLUMNS = ("taxid", "now")


@dataclass(frozen=True, eq=False)
class Ancestry:
    """A checked tree of N taxa, numbered by a depth-first walk: the root is 0, a subtree is an interval of numbers.

    :param taxids, names, ranks, parents: of each taxon; the root is its own parent.
    :param ends: the taxa under taxon n, itself included, are ``n`` … ``ends[n] - 1``.
    :param numbers: taxid → number of the taxon; also of numbers that were merged into it.
    """

    taxids: tuple[int, ...]
    names: tuple[str, ...]
    ranks: tuple[str, ...]
    parents: tuple[int, ...]
    ends: tuple[int, ...]
    numbers: dict[int, int]
    _texts: dict[int, str] = field(default_factory=dict)

    def common(self, taxa: Iterable[int]) -> int:
        """The lowest taxon that all of these (at least one) are or are below: that of the first and the last."""
        chosen = set(taxa)
        above, last = min(chosen), max(chosen)
        while self.ends[above] <= last:
            above = self.parents[above]
        return above

    def lineage(self, taxon: int) -> list[int]:
        """The taxa from the root to this one, both included."""
        found = [taxon]
        while found[-1]:
            found.append(self.parents[found[-1]])
        return found[::-1]

    def lineage_text(self, taxon: int) -> str:
        """The lineage as tables have it: ``taxid:rank:name`` joined by ``;``, the root first."""
        text = self._texts.get(taxon)
        if text is None:
            step = f"{self.taxids[taxon]}:{self.ranks[taxon]}:{self.names[taxon]}"
            text = self._texts[taxon] = f"{self.lineage_text(self.parents[taxon])};{step}" if taxon else step
        return text


def read_ancestry(folder: Path, code: str = "E206") -> Ancestry:
    """Read and check the taxonomy of a database folder.

    :raises MetapipeError: ``code`` as :func:`metapipe.taxa.taxonomy.read_taxonomy`, and for a malformed ``merged.tsv``.
    """
    tables = Tables(code, folder / TAXONOMY_FILE, folder / MERGED_FILE)
    by_taxid = rows_by_taxid(taxon_rows(table_lines(folder / TAXONOMY_FILE, code), tables), tables)
    order, parents, ends, _ = depth_first(by_taxid, tables)
    numbers = {row.taxid: number for number, row in enumerate(order)}
    if (folder / MERGED_FILE).exists():
        for old, now in _merged(folder / MERGED_FILE, code):
            if now in numbers:
                numbers.setdefault(old, numbers[now])
    return Ancestry(
        taxids=tuple(row.taxid for row in order),
        names=tuple(row.name for row in order),
        ranks=tuple(row.rank for row in order),
        parents=tuple(parents.tolist()),
        ends=tuple(ends.tolist()),
        numbers=numbers,
    )


def _merged(path: Path, code: str) -> Iterator[tuple[int, int]]:
    def wrong(line: int | None, expected: str, found: object) -> MetapipeError:
        return MetapipeError(code, file=path, line=line, expected=expected, found=str(found))

    for line, cells in table_rows(table_lines(path, code), MERGED_COLUMNS, wrong):
        for cell in cells:
            if not is_taxid(cell):
                raise wrong(line, "a taxid (a whole number above 0)", cell)
        yield int(cells[0]), int(cells[1])
