"""Which taxon each protein of a site's own file belongs to: from a table beside it, or from its headers.

Files of proteins are large, so they are read twice and never held: once for what is said (as many texts as there are
taxa), once more to be written.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.refdb.readers.lineages import Placement, place_lineages, read_lineage, split_lineage
from metapipe.refdb.readers.placing import Statement, statements_of_table
from metapipe.refdb.readers.proteins import Protein, clean_accession, read_proteins
from metapipe.refdb.readers.ranks import Scheme, has_prefix, scheme_of
from metapipe.refdb.readers.taxdump import Taxdump, place_known_taxids, taxids_of_names

#: Kaiju's names (``1_562``, ``WP_000000001.1_562``): taken for such only where nothing stands behind them.
_KAIJU = re.compile(r"(?:\d+|[A-Z]{2,3}_?\d+\.\d+)_(\d+)")


@dataclass(frozen=True)
class SaidTaxa:
    """The proteins of a file with what says their taxon, and where that is.

    :param proteins: reads the file again: protein, and a key of the placement (or anything, where it has no place).
    :param remarks: what nobody would expect, one sentence each.
    """

    proteins: Callable[[], Iterator[tuple[Protein, str]]]
    placed: Placement
    remarks: tuple[str, ...]


def said_taxa(fasta: Path, taxonomy: Path | None, dump: Taxdump | None) -> SaidTaxa:
    """Find out which taxa the proteins of a file belong to.

    :param taxonomy: table ``accession<TAB>lineage`` or ``accession<TAB>taxid``. ``None``: the headers say a taxid
        (UniProt's ``OX=``, UniRef's ``TaxID=``, ``[taxid=…]``, Kaiju's ``NAME_TAXID``, our own), or an organism.
    :param dump: NCBI's taxonomy, needed for taxids and organisms.
    :raises MetapipeError: E115 when no protein has a place, E118 a lineage that cannot be read, E701 without a taxdump
        where one is needed; what reading the files raises.
    """
    statements: dict[str, Statement] = {}
    if taxonomy is not None:
        if not taxonomy.is_file():
            raise MetapipeError("E201", file=taxonomy)
        rows, scheme = statements_of_table(taxonomy)
        statements = {clean_accession(name): statement for name, statement in rows.items()}
        if not next(iter(statements.values())).text.isdecimal():
            return _by_lineage(fasta, taxonomy, statements, scheme)
    if dump is None:
        where = taxonomy.name if taxonomy else f"the headers of {fasta.name}"
        raise MetapipeError("E701", f"the taxa of {where} need --nodes and --names of NCBI's taxdump")
    table = {name: statement.text for name, statement in statements.items()}

    def proteins() -> Iterator[tuple[Protein, str]]:
        for protein in read_proteins(fasta):
            yield protein, table.get(protein.accession, "") if taxonomy else _said_by_header(protein)

    said = Counter(text for _, text in proteins())
    numbers = {text: int(text) for text in said if text.isascii() and text.isdigit() and len(text) < 19}
    numbers |= taxids_of_names(said.keys() - numbers.keys() - {""}, dump)
    placed = place_known_taxids(numbers, dump)
    return SaidTaxa(proteins, placed, _remarks(said, placed, fasta, dump))


def _by_lineage(fasta: Path, taxonomy: Path, statements: dict[str, Statement], scheme: Scheme | None) -> SaidTaxa:
    texts = {statement.text: statement.line for statement in statements.values()}
    if scheme is None:
        written = [names for names in map(split_lineage, texts) if names]
        scheme = scheme_of(names for names in written if not any(map(has_prefix, names)))
    lineages = {}
    for text, line in texts.items():
        try:
            lineages[text] = read_lineage(text, scheme)
        except ValueError as problem:
            raise MetapipeError("E118", str(problem), file=taxonomy, line=line, found=text) from None

    def proteins() -> Iterator[tuple[Protein, str]]:
        for protein in read_proteins(fasta):
            statement = statements.get(protein.accession)
            yield protein, statement.text if statement else ""

    said = Counter(text for _, text in proteins())
    placed = place_lineages({text: lineages[text] for text in said if text})
    return SaidTaxa(proteins, placed, _remarks(said, placed, fasta, None))


def _said_by_header(protein: Protein) -> str:
    """A taxid or an organism; empty where the header names neither."""
    if protein.taxid:
        return protein.taxid
    nothing_behind = not (protein.product or protein.organism or protein.ec or protein.gene or protein.go)
    if nothing_behind and (match := _KAIJU.fullmatch(protein.accession)):
        return match[1]
    return protein.organism


def _remarks(said: Counter[str], placed: Placement, fasta: Path, dump: Taxdump | None) -> tuple[str, ...]:
    """How many proteins are left out, and why. Raises E115 when that is all of them."""
    silent = said.get("", 0)
    unknown = sum(count for text, count in said.items() if text and text not in placed.taxon_of)
    if not placed.taxon_of:
        first = next((text for text in said if text), "none")
        raise MetapipeError("E115", file=fasta, expected="proteins of taxa that the taxonomy has", found=first)
    hint = "; merged.dmp, given with --merged, knows numbers that were given up" if dump and not dump.merged else ""
    remarks = (
        f"{silent:,} proteins of which nothing says the taxon are left out" if silent else "",
        f"{unknown:,} proteins of taxa that the taxonomy lacks are left out{hint}" if unknown else "",
    )
    return tuple(filter(None, remarks))
