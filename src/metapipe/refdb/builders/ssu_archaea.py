"""Builder ``refseq-ssu-with-archaea``: RefSeq's 16S of bacteria and Greengenes' of archaea, under NCBI's taxonomy.

RefSeq's collection that a public package ships holds no archaea, Greengenes' taxonomy is its own, of 2013. Each of its
lineages is placed by the deepest of its names that an NCBI taxonomy of the same year knows, synonyms included (MCG is
Bathyarchaeota), at the place that NCBI's number has today.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.refdb.builders.amplicon import build_amplicon
from metapipe.refdb.builders.diamond import Built
from metapipe.refdb.builders.ssu import Placed, refseq_references
from metapipe.refdb.builders.taxon_db import taxon_db, taxon_nodes
from metapipe.refdb.readers.lineages import Placement, Step, read_lineage
from metapipe.refdb.readers.placing import statements_of_table
from metapipe.refdb.readers.references import Reference, read_references
from metapipe.refdb.readers.taxdump import Taxdump, placement, taxids_of_names

ARCHAEA = 2157
#: Greengenes' names are bare numbers; what other collections call their references is not.
PREFIX = "gg_"
#: Ranks that say which organism it is, not only which group.
_GENUS_OR_BELOW = ("genus", "species", "subspecies", "strain")

#: Taxid → that of the taxon above, None for one that does not exist.
ParentOf = Callable[[int], int | None]


def build_with_archaea(paths: Mapping[str, Path], folder: Path, names: Collection[str] | None = None) -> Built:
    """Build the database; the counts say how many references are of which domain, and how far archaea are placed.

    :param paths: the sources of ``refseq-ssu`` and of ``greengenes``, and ``ncbi-nodes`` and ``ncbi-synonyms`` of 2013.
    :param names: keep these references only, by their names in the database.
    """
    bacteria, placed = refseq_references(paths, None if names is None else _of(names, archaea=False))
    archaea, below, repeated = archaeal_references(paths, None if names is None else _of(names, archaea=True))
    both = Placement({**placed.taxon_of, **below.taxon_of}, {**placed.taxa, **below.taxa})
    built = build_amplicon([*bacteria, *archaea], both, folder)
    deep = sum(both.taxa[below.taxon_of[one.name]].rank in _GENUS_OR_BELOW for one in archaea)
    said = {
        "of_bacteria": len(bacteria),
        "of_archaea": len(archaea),
        "of_archaea_with_genus": deep,
        "archaea_repeated": repeated,
    }
    return replace(built, counts={**built.counts, **said})


def archaeal_references(paths: Mapping[str, Path], names: Collection[str] | None = None) -> tuple[*Placed, int]:
    """Greengenes' archaea placed in NCBI's taxonomy, and how many were left out as repeated.

    Of references of one taxon that have the same bases, the first one stays.

    :raises MetapipeError: E118 for a lineage that cannot be read, E702 for a name that does not exist.
    """
    lineages = _archaeal_lineages(paths["greengenes-97-taxonomy"])
    found = {one.name: one for one in read_references(paths["greengenes-97"]) if one.name in lineages}
    wanted = sorted(found, key=int) if names is None else sorted((one.removeprefix(PREFIX) for one in names), key=int)
    if missing := set(wanted) - found.keys():
        raise MetapipeError("E702", "the recipe names references that the sources lack", found=", ".join(missing))
    database = taxon_db(paths)
    spelled = {plain(name) for one in wanted for _, name in lineages[one]}
    taxids = taxids_of_names(spelled, Taxdump(paths["ncbi-nodes"], paths["ncbi-synonyms"]))
    chosen = {one: deepest_taxid(lineages[one], taxids, database.parent) for one in wanted}
    nodes = taxon_nodes({ARCHAEA, *chosen.values()}, database, paths["ncbi-taxa"])
    references, seen, repeated = list[Reference](), set[tuple[int, str]](), 0
    for one in wanted:
        key = (chosen[one], found[one].sequence)
        repeated += key in seen
        if key not in seen:
            seen.add(key)
            references.append(replace(found[one], name=f"{PREFIX}{one}"))
    return references, placement({f"{PREFIX}{one}": chosen[one] for one in wanted}, nodes), repeated


def deepest_taxid(lineage: tuple[Step, ...], taxids: Mapping[str, int], parent_of: ParentOf) -> int:
    """The taxid of the deepest name of a lineage that has one today, below archaea; else that of archaea.

    :param taxids: plain name → the number it had.
    """
    for _, name in reversed(lineage):
        taxid = taxids.get(plain(name))
        if taxid is not None and _is_archaeal(taxid, parent_of):
            return taxid
    return ARCHAEA


def plain(name: str) -> str:
    """A name without the brackets that Greengenes writes around one of its own making.

    >>> plain("[Methanomassiliicoccaceae]")
    'Methanomassiliicoccaceae'
    """
    return name.removeprefix("[").removesuffix("]")


def _is_archaeal(taxid: int, parent_of: ParentOf) -> bool:
    steps = Counter[int]()
    above: int | None = taxid
    while above is not None and above != ARCHAEA and not steps[above]:
        steps[above] += 1
        above = parent_of(above)
    return above == ARCHAEA


def _archaeal_lineages(table: Path) -> dict[str, tuple[Step, ...]]:
    rows, _ = statements_of_table(table)
    found = {}
    for name, statement in rows.items():
        if statement.text.startswith("k__Archaea"):
            try:
                found[name] = read_lineage(statement.text)
            except ValueError as problem:
                raise MetapipeError("E118", str(problem), file=table, line=statement.line) from None
    return found


def _of(names: Collection[str], *, archaea: bool) -> list[str]:
    return [name for name in names if name.startswith(PREFIX) is archaea]
