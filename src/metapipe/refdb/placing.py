"""Which taxon a site's own references belong to: from a table beside the FASTA file, or from its headers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.refdb.amplicon import Reference
from metapipe.refdb.lineages import Placement, is_lineage, place_lineages, read_lineage
from metapipe.refdb.taxdump import Taxdump, place_taxids
from metapipe.refdb.text_files import open_text


@dataclass(frozen=True)
class Statement:
    """What a file says of one reference: a lineage or a taxid, and in which line."""

    text: str
    line: int


def place_references(
    references: list[Reference], fasta: Path, taxonomy: Path | None, dump: Taxdump | None
) -> tuple[list[Reference], Placement]:
    """Place references; their names may be shortened when they come from headers.

    :param taxonomy: table ``name<TAB>lineage`` or ``name<TAB>taxid``; what it holds is told by its first row. ``None``:
        UNITE's and ITSoneDB's headers say it themselves.
    :param dump: NCBI's taxonomy, needed for taxids.
    :raises MetapipeError: E115 a reference without taxon, E116 an unknown taxid, E117 a taxonomy that is no tree,
        E118 a lineage that cannot be read, E111 a malformed table, E701 when taxids come without a taxdump.
    """
    remarks: tuple[str, ...] = ()
    if taxonomy is None:
        references, statements = _from_headers(references, fasta)
        source = fasta
    else:
        statements, source = _from_table(taxonomy), taxonomy
        check_placed(references, statements, fasta, taxonomy.name)
        ignored = len(statements.keys() - {reference.name for reference in references})
        remarks = (f"{ignored:,} rows of {taxonomy.name} are of no reference and are ignored",) if ignored else ()
    said = {reference.name: statements[reference.name] for reference in references}
    placed = _by_lineage(said, source) if is_lineage(next(iter(said.values())).text) else _by_taxid(said, source, dump)
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


def unite_header(header: str) -> tuple[str, str] | None:
    """Name and lineage in a header of UNITE's general release, ``Name|ACC|SH|reps|k__…;p__…``; ``None`` for others.

    >>> unite_header("Glomus_sp|KX1|SH1.10FU|refs|k__Fungi;p__Glomeromycota")
    ('KX1|SH1.10FU', 'k__Fungi;p__Glomeromycota')
    """
    fields = header.split("|")
    if len(fields) < 5 or not is_lineage(fields[-1]):
        return None
    return f"{fields[1].strip()}|{fields[2].strip()}", fields[-1].strip()


def itsonedb_header(header: str) -> tuple[str, str] | None:
    """Name and taxid in a header of ITSoneDB, ``ACC_ITS1_GB |Species name|taxid|…``; ``None`` for others.

    >>> itsonedb_header("KC306755_ITS1_GB|Rhizophagus irregularis|588596|ITS1 located by ENA annotation, 87bp")
    ('KC306755_ITS1_GB', '588596')
    """
    fields = [field.strip() for field in header.split("|")]
    if len(fields) < 3 or "_ITS" not in fields[0] or " " in fields[0] or not fields[2].isdecimal():
        return None
    return fields[0], fields[2]


def _from_headers(references: list[Reference], fasta: Path) -> tuple[list[Reference], dict[str, Statement]]:
    renamed, statements = [], dict[str, Statement]()
    for reference in references:
        found = unite_header(reference.header) or itsonedb_header(reference.header)
        if found is None:
            expected = "--taxonomy, or headers of UNITE (Name|ACC|SH|reps|k__…) or ITSoneDB (ACC_ITS1_…|name|taxid|…)"
            raise MetapipeError("E115", file=fasta, line=reference.line, expected=expected, found=reference.header)
        name, text = found
        if name in statements:
            raise MetapipeError("E107", file=fasta, line=reference.line, expected="every reference once", found=name)
        statements[name] = Statement(text, reference.line)
        renamed.append(replace(reference, name=name))
    return renamed, statements


def _from_table(path: Path) -> dict[str, Statement]:
    statements: dict[str, Statement] = {}
    for line, name, text in _rows(path):
        if name in statements:
            raise MetapipeError("E107", file=path, line=line, expected="every reference once", found=name)
        statements[name] = Statement(text, line)
    if not statements:
        raise MetapipeError("E108", file=path)
    return statements


def _rows(path: Path) -> Iterator[tuple[int, str, str]]:
    if not path.is_file():
        raise MetapipeError("E201", file=path)
    with open_text(path) as lines:
        for number, line in enumerate(lines, 1):
            fields = [field.strip() for field in line.rstrip("\n").split("\t")]
            # QIIME's tables begin with "Feature ID<TAB>Taxon", our own with '#'.
            if not line.strip() or line.startswith("#") or (number == 1 and fields[0] in ("Feature ID", "id")):
                continue
            if len(fields) < 2 or not fields[0] or not fields[1]:
                expected = "a reference, a tab, and a lineage or taxid"
                raise MetapipeError("E111", file=path, line=number, expected=expected, found=line.rstrip())
            yield number, fields[0], fields[1]


def _by_lineage(said: dict[str, Statement], source: Path) -> Placement:
    lineages = {}
    for name, statement in said.items():
        try:
            lineages[name] = read_lineage(statement.text)
        except ValueError as problem:
            message = f"lineage of {name}: {problem}"
            raise MetapipeError("E118", message, file=source, line=statement.line, found=statement.text) from None
    return place_lineages(lineages)


def _by_taxid(said: dict[str, Statement], source: Path, dump: Taxdump | None) -> Placement:
    taxids = {}
    for name, statement in said.items():
        if not statement.text.isdecimal():
            expected = "a lineage such as k__Bacteria;p__… or a taxid, the same in all rows"
            raise MetapipeError("E118", file=source, line=statement.line, expected=expected, found=statement.text)
        taxids[name] = int(statement.text)
    if dump is None:
        raise MetapipeError("E701", f"{source.name} gives taxids: --nodes and --names of NCBI's taxdump are needed")
    return place_taxids(taxids, dump)
