"""Tables of taxa: the assignments of a sample read into a tree, and trees written and read as tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from metapipe.errors import MetapipeError
from metapipe.formats.plain_text import one_line
from metapipe.formats.row_type import Row, RowType
from metapipe.formats.table_rows import Place, check_header, format_row, header_line
from metapipe.taxa.rows import ASSIGNMENT_TABLE, TAXON_TABLE, TaxonRow
from metapipe.taxa.taxon_tree import UNCLASSIFIED, TaxonTree

#: Columns of the table over samples before and behind those of the samples: a lineage is as wide as a page.
ACROSS_COLUMNS = ("taxon", "taxid", "rank"), ("lineage",)


def count_assignments(files: Sequence[tuple[Iterable[bytes], str]]) -> TaxonTree:
    """Count the reads of one sample by taxon, weighted by the column ``size``.

    :param files: (lines of an assignments table, name of the file as the user knows it), in any order.
    :raises MetapipeError: E111 for a malformed row, E107 for a read given twice, E125 for lineages that do not fit.
    """
    tree = TaxonTree()
    seen: dict[str, int] = {}
    names = [name for _, name in files]
    for number, (lines, file) in enumerate(files):
        for place, row in _rows(lines, ASSIGNMENT_TABLE, file):
            before = seen.setdefault(row.read, number)
            if before != number:
                raise MetapipeError(
                    "E107", f"read '{row.read}' is also in {names[before]}", file=place.file, line=place.line
                )
            if row.lineage:
                found = tree.add(row.lineage, row.size, place)
                if (str(found.taxid), found.name, found.rank) != (row.taxid, row.taxon, row.rank):
                    raise MetapipeError(
                        "E111",
                        file=place.file,
                        line=place.line,
                        expected=f"the last taxon of the lineage, {found.taxid} {found.name}",
                        found=f"{row.taxid} {row.taxon}",
                    )
            else:
                tree.unclassified[0] += row.size
    tree.add_up()
    return tree


def write_taxa(tree: TaxonTree) -> Iterator[bytes]:
    """Return the rows of a sample's taxa table, header first."""
    yield TAXON_TABLE.header
    for taxon in tree:
        counts = (taxon.direct_reads, taxon.total_reads)
        yield TAXON_TABLE.format(TaxonRow(taxon.name, str(taxon.taxid), taxon.rank, *counts, taxon.lineage))
    if tree.unclassified_reads:
        reads = tree.unclassified_reads
        yield TAXON_TABLE.format(TaxonRow(UNCLASSIFIED, "", "", reads, reads, ""))


def read_taxa(files: Sequence[tuple[Iterable[bytes], str]]) -> TaxonTree:
    """Read the taxa tables of one or more samples into one tree, a column of counts for each table.

    :param files: (lines of a taxa table, name of the file as the user knows it).
    :raises MetapipeError: E111 for a malformed row or totals that do not add up, E107 for a taxon given twice,
        E125 for tables of different taxonomies.
    """
    tree = TaxonTree(len(files))
    claims: list[dict[int, tuple[int, Place]]] = []
    for sample, (lines, file) in enumerate(files):
        claims.append({})
        nowhere = False
        for place, (name, taxid, _, reads, total, lineage) in _rows(lines, TAXON_TABLE, file):
            if lineage:
                taxon = tree.add(lineage, reads, place, sample)
                if taxon.taxid in claims[sample]:
                    raise MetapipeError(
                        "E107", f"taxon {taxid} ({name}) is there twice", file=place.file, line=place.line
                    )
                claims[sample][taxon.taxid] = total, place
            elif name == UNCLASSIFIED and nowhere:
                raise MetapipeError("E107", f"the row {name} is there twice", file=place.file, line=place.line)
            elif name != UNCLASSIFIED:
                raise MetapipeError(
                    "E111", file=place.file, line=place.line, expected="a lineage", found=f"none for {name}"
                )
            else:
                nowhere = True
                tree.unclassified[sample] = reads
    tree.add_up()
    for (_, file), claimed, sample in zip(files, claims, range(tree.samples), strict=True):
        for taxon in tree:
            if taxon.taxid not in claimed and taxon.total[sample]:
                raise MetapipeError(
                    "E111", f"no row of {taxon.name} ({taxon.taxid}), although taxa below it have reads", file=file
                )
            says, place = claimed.get(taxon.taxid, (0, Place(file, 1)))
            if says != taxon.total[sample]:
                raise MetapipeError(
                    "E111",
                    file=place.file,
                    line=place.line,
                    expected=f"{taxon.total[sample]} reads in total for {taxon.name}, the sum of its rows",
                    found=str(says),
                )
    return tree


def write_across(tree: TaxonTree, samples: Sequence[str], *, direct: bool) -> Iterator[bytes]:
    """Return the rows of the table over samples: a taxon a row, a sample a column, header first.

    :param direct: the reads directly at the taxon, else at it and below it.
    """
    yield header_line((*ACROSS_COLUMNS[0], *(one_line(sample) for sample in samples), *ACROSS_COLUMNS[1]))
    for taxon in tree:
        counts = taxon.direct if direct else taxon.total
        yield format_row((taxon.name, str(taxon.taxid), taxon.rank, *map(str, counts), taxon.lineage))
    if tree.unclassified_reads:
        yield format_row((UNCLASSIFIED, "", "", *map(str, tree.unclassified), ""))


def _rows(lines: Iterable[bytes], table: RowType[Row], file: str) -> Iterator[tuple[Place, Row]]:
    rows = iter(lines)
    check_header(next(rows, b""), table.columns, Place(file, 1))
    for number, line in enumerate(rows, start=2):
        place = Place(file, number)
        yield place, table.parse(line, place)
