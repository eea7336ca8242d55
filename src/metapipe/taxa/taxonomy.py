"""The taxonomy of an amplicon database: two tables, read, checked, and numbered so that a subtree is an interval.

``taxonomy.tsv`` has one row a taxon (``#taxid parent rank name flags``), ``references.tsv`` one row a reference
sequence (``#reference taxid``). Taxa are numbered by a depth-first walk from the root (0), children by taxid;
references are numbered in the order of their taxa, then by name. So all taxa under a taxon, and all references under
it, are an interval of numbers, which is what makes :mod:`metapipe.biomas.taxa.tango` fast. The numbers depend on what
the tables say, not on the order of their rows.

The same checks serve databases that are read (E206: damaged) and a user's own files when one is built (E115).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from metapipe.errors import MetapipeError
from metapipe.formats.table_rows import header_line

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

TAXONOMY_FILE, REFERENCES_FILE = "taxonomy.tsv", "references.tsv"
TAXONOMY_COLUMNS = ("taxid", "parent", "rank", "name", "flags")
REFERENCE_COLUMNS = ("reference", "taxid")
#: Flag of a taxon that says nothing ("unclassified Bacteria", "environmental samples"): matches to its references give
#: way to others. BioMaS does so with 447265 and 175245.
UNCLASSIFIED = "unclassified"
#: Ranks that are a species or below one even where no taxon above has the rank ``species`` (NCBI's names).
SPECIES_OR_BELOW = frozenset(
    (
        "species",
        "subspecies",
        "varietas",
        "subvariety",
        "forma",
        "forma specialis",
        "morph",
        "strain",
        "isolate",
        "biotype",
        "genotype",
        "serogroup",
        "serotype",
        "pathogroup",
    )
)


class TaxonRow(NamedTuple):
    """One taxon as its table has it.

    :param parent: taxid of the taxon above; None for the root.
    :param flags: words divided by commas: ``unclassified`` or nothing.
    :param line: 1-based line of the table, for messages.
    """

    taxid: int
    parent: int | None
    rank: str
    name: str
    flags: str
    line: int


class ReferenceRow(NamedTuple):
    """One reference sequence: its name, the taxid of its taxon, the line of the table."""

    name: str
    taxid: int
    line: int


@dataclass(frozen=True)
class Tables:
    """Where rows come from, for messages: error code, names of the table of taxa and of the table of references."""

    code: str = "E206"
    taxonomy: str | Path = TAXONOMY_FILE
    references: str | Path = REFERENCES_FILE

    def taxon_error(self, line: int | None, expected: str, found: object) -> MetapipeError:
        """Return the error for a line of the table of taxa (1-based; None for the table as a whole)."""
        return MetapipeError(self.code, file=self.taxonomy, line=line, expected=expected, found=str(found))

    def reference_error(self, line: int | None, expected: str, found: object) -> MetapipeError:
        """Return the error for a line of the table of references (1-based; None for the table as a whole)."""
        return MetapipeError(self.code, file=self.references, line=line, expected=expected, found=str(found))


@dataclass(frozen=True, eq=False)
class Taxonomy:
    """A checked taxonomy of N taxa with L references. Taxa are numbers 0 … N-1 (0 is the root), references 0 … L-1.

    :param taxids: of each taxon. :param names: :param ranks: likewise; a rank may be ``no rank``.
    :param parents: number of the taxon above each; the root is its own.
    :param depths: 0 for the root.
    :param ends: the taxa under taxon n, itself included, are ``n`` … ``ends[n] - 1``.
    :param first_references: :param end_references: the references under taxon n are
        ``first_references[n]`` … ``end_references[n] - 1``; its own come before those of its children.
    :param species_or_below: a taxon of rank ``species``, one below such, or one of a rank below species.
    :param unclassified: flagged ``unclassified``, or below such.
    :param references: name of each reference. :param reference_taxa: the taxon of each, ascending.
    :param reference_numbers: name of a reference -> its number.
    :param taxon_numbers: taxid -> number of the taxon.
    """

    taxids: Numbers
    names: tuple[str, ...]
    ranks: tuple[str, ...]
    parents: Numbers
    depths: Numbers
    ends: Numbers
    first_references: Numbers
    end_references: Numbers
    species_or_below: Flags
    unclassified: Flags
    references: tuple[str, ...]
    reference_taxa: Numbers
    reference_numbers: dict[str, int]
    taxon_numbers: dict[int, int]

    def lineage(self, taxon: int) -> list[int]:
        """Return the taxa from the root to this one, both included."""
        found = [taxon]
        while found[-1]:
            found.append(int(self.parents[found[-1]]))
        return found[::-1]

    def lineage_text(self, taxon: int) -> str:
        """Return the lineage as tables have it: ``taxid:rank:name`` joined by ``;``, the root first."""
        return ";".join(f"{self.taxids[n]}:{self.ranks[n]}:{self.names[n]}" for n in self.lineage(taxon))


def read_taxonomy(folder: Path, code: str = "E206") -> Taxonomy:
    """Read and check the two tables of a database folder.

    :raises MetapipeError: ``code`` with file, line, expected and found: not a table of these columns, a taxid or
        reference twice, an unknown parent, no root or two, a cycle, a reference without a taxon, no reference at all.
    """
    tables = Tables(code, folder / TAXONOMY_FILE, folder / REFERENCES_FILE)
    return make_taxonomy(
        taxon_rows(table_lines(folder / TAXONOMY_FILE, code), tables),
        reference_rows(table_lines(folder / REFERENCES_FILE, code), tables),
        tables,
    )


def taxon_rows(lines: Iterable[str], tables: Tables) -> Iterator[TaxonRow]:
    """Parse the lines of a table of taxa; raise on the first malformed one."""
    for line, (taxid, parent, rank, name, flags) in table_rows(lines, TAXONOMY_COLUMNS, tables.taxon_error):
        if not is_taxid(taxid):
            raise tables.taxon_error(line, "a taxid (a whole number above 0)", taxid)
        if parent and not is_taxid(parent):
            raise tables.taxon_error(line, "the taxid of the parent, or nothing for the root", parent)
        if not rank or set(rank) & {";", ":"}:
            raise tables.taxon_error(line, "a rank, without ';' and ':'", rank)
        if not name or ";" in name:
            raise tables.taxon_error(line, "a name, without ';'", name)
        if flags not in ("", UNCLASSIFIED):
            raise tables.taxon_error(line, f"'{UNCLASSIFIED}' or nothing in column flags", flags)
        yield TaxonRow(int(taxid), int(parent) if parent else None, rank, name, flags, line)


def reference_rows(lines: Iterable[str], tables: Tables) -> Iterator[ReferenceRow]:
    """Parse the lines of a table of references; raise on the first malformed one."""
    for line, (name, taxid) in table_rows(lines, REFERENCE_COLUMNS, tables.reference_error):
        if name.split() != [name]:
            raise tables.reference_error(line, "the name of a reference, without blanks", name)
        if not is_taxid(taxid):
            raise tables.reference_error(line, "a taxid (a whole number above 0)", taxid)
        yield ReferenceRow(name, int(taxid), line)


def make_taxonomy(
    rows: Iterable[TaxonRow], references: Iterable[ReferenceRow], tables: Tables | None = None
) -> Taxonomy:
    """Check the rows against each other and number taxa and references; raises as :func:`read_taxonomy`."""
    tables = tables or Tables()
    by_taxid = rows_by_taxid(rows, tables)
    order, parents, ends, depths = depth_first(by_taxid, tables)
    numbers = {row.taxid: number for number, row in enumerate(order)}
    named = _by_name(references, numbers, tables)
    reference_taxa = np.array([taxon for taxon, _ in named], dtype=np.int64)
    return Taxonomy(
        taxids=np.array([row.taxid for row in order], dtype=np.int64),
        names=tuple(row.name for row in order),
        ranks=tuple(row.rank for row in order),
        parents=parents,
        depths=depths,
        ends=ends,
        first_references=np.searchsorted(reference_taxa, np.arange(len(order))).astype(np.int64),
        end_references=np.searchsorted(reference_taxa, ends).astype(np.int64),
        species_or_below=with_all_below([row.rank in SPECIES_OR_BELOW for row in order], ends),
        unclassified=with_all_below([row.flags == UNCLASSIFIED for row in order], ends),
        references=tuple(name for _, name in named),
        reference_taxa=reference_taxa,
        reference_numbers={name: number for number, (_, name) in enumerate(named)},
        taxon_numbers=numbers,
    )


def rows_by_taxid(rows: Iterable[TaxonRow], tables: Tables) -> dict[int, TaxonRow]:
    """Return the rows by taxid: each once, each parent there, exactly one root."""
    found: dict[int, TaxonRow] = {}
    root: TaxonRow | None = None
    for row in rows:
        if (twin := found.get(row.taxid)) is not None:
            raise tables.taxon_error(row.line, f"every taxid once (line {twin.line} has it already)", row.taxid)
        found[row.taxid] = row
        if row.parent is None:
            if root is not None:
                expected = f"a parent: only the root has none, and that is taxon {root.taxid} of line {root.line}"
                raise tables.taxon_error(row.line, expected, f"taxon {row.taxid} without one")
            root = row
    for row in found.values():
        if row.parent is not None and row.parent not in found:
            raise tables.taxon_error(row.line, "a parent that is a taxon of this table", row.parent)
    if root is None:
        raise tables.taxon_error(None, "a root: one taxon without a parent", f"none among {len(found)} taxa")
    return found


def depth_first(by_taxid: dict[int, TaxonRow], tables: Tables) -> tuple[list[TaxonRow], Numbers, Numbers, Numbers]:
    """Rows in the order of a depth-first walk, and by that order: number of the parent, end of the subtree, depth."""
    children: dict[int | None, list[int]] = {}
    for taxid in sorted(by_taxid):
        children.setdefault(by_taxid[taxid].parent, []).append(taxid)
    order: list[TaxonRow] = []
    parents, depths = np.zeros(len(by_taxid), dtype=np.int64), np.zeros(len(by_taxid), dtype=np.int64)
    waiting = [(children[None][0], 0, 0)]
    while waiting:
        taxid, parent, depth = waiting.pop()
        number = len(order)
        parents[number], depths[number] = parent, depth
        order.append(by_taxid[taxid])
        waiting += [(child, number, depth + 1) for child in reversed(children.get(taxid, ()))]
    if len(order) < len(by_taxid):
        raise _cycle(by_taxid, {row.taxid for row in order}, tables)
    ends = np.arange(1, len(order) + 1)
    for number in range(len(order) - 1, 0, -1):  # children have higher numbers than their parents
        ends[parents[number]] = max(ends[parents[number]], ends[number])
    return order, parents, ends, depths


def _cycle(by_taxid: dict[int, TaxonRow], reached: set[int], tables: Tables) -> MetapipeError:
    """What the root does not reach hangs on a cycle: name one, beginning with its first line."""
    taxid: int | None = min((row.line, taxid) for taxid, row in by_taxid.items() if taxid not in reached)[1]
    seen: dict[int, None] = {}
    while taxid is not None and taxid not in seen:
        seen[taxid] = None
        taxid = by_taxid[taxid].parent
    way = list(seen)
    cycle = way[way.index(taxid) :] if taxid is not None else way
    start = min(range(len(cycle)), key=lambda place: by_taxid[cycle[place]].line)
    shown = " > ".join(map(str, cycle[start:] + cycle[: start + 1]))
    return tables.taxon_error(by_taxid[cycle[start]].line, "parents that lead to the root", f"a cycle: {shown}")


def _by_name(references: Iterable[ReferenceRow], numbers: dict[int, int], tables: Tables) -> list[tuple[int, str]]:
    """Taxon number and name of each reference, in the order of their taxa."""
    found: dict[str, int] = {}
    for row in references:
        if row.taxid not in numbers:
            raise tables.reference_error(row.line, "a taxon that the taxonomy has", row.taxid)
        if row.name in found:
            raise tables.reference_error(row.line, "every reference once", row.name)
        found[row.name] = numbers[row.taxid]
    if not found:
        raise tables.reference_error(None, "at least one reference", "none")
    return sorted((taxon, name) for name, taxon in found.items())


def with_all_below(chosen: Sequence[bool], ends: Numbers) -> Flags:
    """Say of each taxon whether it is chosen or below one that is: subtrees are intervals of numbers.

    :param chosen: of each taxon. :param ends: of :class:`Taxonomy`.
    """
    steps = np.zeros(len(chosen) + 1, dtype=np.int64)
    picked = np.flatnonzero(chosen)
    np.add.at(steps, picked, 1)
    np.subtract.at(steps, ends[picked], 1)
    return np.asarray(np.cumsum(steps)[:-1] > 0)


def table_lines(path: Path, code: str) -> Iterator[str]:
    """Yield the lines of a table of a database; raise ``code`` where it cannot be read or is no UTF-8."""
    try:
        content = path.read_bytes()
    except OSError:
        raise MetapipeError(code, "cannot be read", file=path) from None
    for number, line in enumerate(content.splitlines(), 1):
        try:
            yield line.decode()
        except UnicodeDecodeError:
            raise MetapipeError(code, file=path, line=number, expected="UTF-8 text", found=line) from None


def table_rows(
    lines: Iterable[str], columns: Sequence[str], error: Callable[[int | None, str, object], MetapipeError]
) -> Iterator[tuple[int, list[str]]]:
    """Line and cells of each row below the header."""
    header = header_line(columns).decode().rstrip("\n")
    number = 0
    for number, line in enumerate(lines, 1):
        if number > 1:
            cells = line.split("\t")
            if len(cells) != len(columns):
                raise error(number, f"{len(columns)} columns, divided by tabs", f"{len(cells)} columns")
            yield number, cells
        elif line != header:
            raise error(1, f"a header line '#{', '.join(columns)}', divided by tabs", line)
    if number == 0:
        raise error(None, "a header line", "an empty file")


def is_taxid(cell: str) -> bool:
    """Whether a cell holds a number that can be a taxid."""
    return cell.isascii() and cell.isdigit() and len(cell) < 19 and int(cell) > 0  # fits 64 bits
