"""Which taxon a site's own references belong to: from a table beside the FASTA file, or from its headers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.refdb.readers.lineages import Placement, place_lineages, read_lineage, split_lineage
from metapipe.refdb.readers.ranks import Scheme, by_silva, by_silva_table, has_prefix, scheme_of
from metapipe.refdb.readers.reference_headers import HEADER_FORMS, HeaderForm, form_of
from metapipe.refdb.readers.references import Reference, check_names
from metapipe.refdb.readers.silva import is_rank_table, is_taxmap_row, read_ranks, taxmap_row
from metapipe.refdb.readers.taxdump import Taxdump, place_taxids
from metapipe.refdb.readers.text_files import text_lines

#: What tables of taxa begin with: QIIME's, and others.
_TITLES = frozenset(("feature id", "id", "otu id", "#otu id", "name", "sequence", "reference"))


@dataclass(frozen=True)
class Statement:
    """What a file says of one reference: a lineage or a taxid, and in which line."""

    text: str
    line: int


def place_references(
    references: list[Reference], fasta: Path, taxonomy: Path | None, dump: Taxdump | None
) -> tuple[list[Reference], Placement]:
    """Place references; their names may be made or shortened when they come from headers.

    :param taxonomy: table ``name<TAB>lineage`` or ``name<TAB>taxid``; what it holds is told by its first row. ``None``:
        the headers say it themselves. SILVA's ``tax_slv_*.txt`` gives the ranks of the headers' taxa.
    :param dump: NCBI's taxonomy, needed for taxids.
    :raises MetapipeError: E107 a name twice, E115 a reference without taxon, E116 an unknown taxid, E117 a taxonomy
        that is no tree, E118 a lineage that cannot be read, E111 a malformed table, E112 SILVA's ranks for other
        headers, E201 no such file, E701 when taxids come without a taxdump.
    """
    remarks: tuple[str, ...] = ()
    scheme: Scheme | None = None
    if taxonomy is not None and not taxonomy.is_file():
        raise MetapipeError("E201", file=taxonomy)
    if taxonomy is None or is_rank_table(taxonomy):
        references, statements, form = _from_headers(references, fasta)
        source, scheme = fasta, form.scheme
        remarks = (f"the headers are read as those of {form.collection}",)
        if taxonomy is not None:
            if scheme is not by_silva:
                expected, found = f"the headers of SILVA, of which {taxonomy.name} has the ranks", form.collection
                raise MetapipeError("E112", file=fasta, expected=expected, found=found)
            scheme = by_silva_table(read_ranks(taxonomy))
    else:
        statements, scheme = statements_of_table(taxonomy)
        source = taxonomy
        check_placed(references, statements, fasta, taxonomy.name)
        ignored = len(statements.keys() - {reference.name for reference in references})
        remarks = (f"{ignored:,} rows of {taxonomy.name} are of no reference and are ignored",) if ignored else ()
    check_names(references, fasta)
    said = {reference.name: statements[reference.name] for reference in references}
    if next(iter(said.values())).text.isdecimal():
        placed = _by_taxid(said, source, dump)
    else:
        placed = _by_lineage(said, source, scheme)
    return references, replace(placed, remarks=(*remarks, *placed.remarks))


def check_placed(references: Iterable[Reference], known: Mapping[str, object], fasta: Path, where: str) -> None:
    """Every reference has a taxon.

    :param where: what should have said it.
    :raises MetapipeError: E115 naming the first that has none.
    """
    for reference in references:
        if reference.name not in known:
            expected = f"a taxon of {reference.name} in {where}"
            raise MetapipeError("E115", file=fasta, line=reference.line, expected=expected, found="none")


def _from_headers(references: list[Reference], fasta: Path) -> tuple[list[Reference], dict[str, Statement], HeaderForm]:
    form = form_of(references[0].header)
    if form is None:
        collections = ", ".join(dict.fromkeys(one.collection.split(" ")[0] for one in HEADER_FORMS))
        raise _no_taxon(references[0], fasta, f"--taxonomy, or headers of {collections}")
    named, statements = [], dict[str, Statement]()
    for number, reference in enumerate(references, 1):
        found = form.read(reference.header)
        if found is None:
            raise _no_taxon(reference, fasta, f"a header of {form.collection}, as those before")
        # Train sets have no names: their records are numbered.
        name = "_".join(found[0].split()) or f"reference_{number}"
        named.append(replace(reference, name=name))
        statements.setdefault(name, Statement(found[1], reference.line))
    return named, statements, form


def _no_taxon(reference: Reference, fasta: Path, expected: str) -> MetapipeError:
    return MetapipeError("E115", file=fasta, line=reference.line, expected=expected, found=reference.header)


def statements_of_table(path: Path) -> tuple[dict[str, Statement], Scheme | None]:
    """What a table says of each reference, and the scheme of ranks where its form tells it.

    :raises MetapipeError: E107 a name twice, E108 an empty table, E111 a malformed one.
    """
    statements: dict[str, Statement] = {}
    scheme: Scheme | None = None
    for line, fields in _rows(path):
        if is_taxmap_row(fields):
            scheme, row = by_silva, taxmap_row(fields)
            if row is None:
                continue
            name, text = row
        else:
            name, text = fields[0], _lineage_cell(fields)
        if name in statements:
            raise MetapipeError("E107", file=path, line=line, expected="every reference once", found=name)
        statements[name] = Statement(text, line)
    if not statements:
        raise MetapipeError("E108", file=path)
    return statements, scheme


def _lineage_cell(fields: list[str]) -> str:
    """The second cell, or all behind the first where each name has a cell of its own."""
    names = [field for field in fields[2:] if field]
    alone = not set(";|,") & set(fields[1]) and not fields[1].isdecimal()
    # A number behind the lineage is the confidence of it.
    if alone and names and not any(character.isdigit() for character in names[0][:1]):
        return ";".join(fields[1:])
    return fields[1]


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    for number, line in text_lines(path, "E111"):
        fields = [field.strip() for field in line.split("\t")]
        # QIIME's tables begin with "Feature ID<TAB>Taxon", our own with '#'.
        if not line.strip() or line.startswith("#") or (number == 1 and fields[0].casefold() in _TITLES):
            continue
        if len(fields) < 2 or not fields[0] or not fields[1]:
            expected = "a reference, a tab, and a lineage or taxid"
            raise MetapipeError("E111", file=path, line=number, expected=expected, found=line.rstrip())
        yield number, fields


def _by_lineage(said: dict[str, Statement], source: Path, scheme: Scheme | None) -> Placement:
    if scheme is None:
        written = [names for names in (split_lineage(one.text) for one in said.values()) if names]
        scheme = scheme_of(names for names in written if not any(map(has_prefix, names)))
    lineages = {}
    for name, statement in said.items():
        try:
            lineages[name] = read_lineage(statement.text, scheme)
        except ValueError as problem:
            message = f"lineage of {name}: {problem}"
            raise MetapipeError("E118", message, file=source, line=statement.line, found=statement.text) from None
    return place_lineages(lineages)


def _by_taxid(said: dict[str, Statement], source: Path, dump: Taxdump | None) -> Placement:
    taxids = {}
    for name, statement in said.items():
        if not (statement.text.isascii() and statement.text.isdigit() and len(statement.text) < 19):
            expected = "a lineage such as k__Bacteria;p__… or a taxid, the same in all rows"
            raise MetapipeError("E118", file=source, line=statement.line, expected=expected, found=statement.text)
        taxids[name] = int(statement.text)
    if dump is None:
        raise MetapipeError("E701", f"{source.name} gives taxids: --nodes and --names of NCBI's taxdump are needed")
    return place_taxids(taxids, dump)
