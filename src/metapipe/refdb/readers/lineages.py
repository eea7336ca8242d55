"""Taxa from written lineages: ``k__Bacteria; p__Proteobacteria; …``, ``Bacteria;Proteobacteria;…``: the one reader.

Such lineages have no taxon numbers. They are numbered here in the order of the sorted lineages, root 1: the same
lineages give the same numbers, whatever order the file has them in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from metapipe.refdb.readers.ranks import NO_RANK, SPECIES, Ranked, Scheme, by_place, by_prefix, has_prefix
from metapipe.refdb.readers.taxon_names import (
    ORGANELLE_TAXA,
    is_filled_from_above,
    organelle,
    organism_says_nothing,
    plain_name,
    says_nothing,
    without_numbers,
    without_organelle,
)

ROOT = 1
_EPITHET = re.compile(r"[a-z][a-z-]*")
#: A prefix of a rank where no name has one: several names were taken for one.
_PREFIX_INSIDE = re.compile(r"(?:^|[\s,|/;])(?:sk|D_\d+|[dkpcofgst])__")
_ANY_SPECIES = re.compile(r"(.+)[_ ]spp?\.?")
#: GTDB's file for DADA2 puts the genome behind the species.
_GENOME = re.compile(r"\s*\((?:RS|GB)_GC[AF]_[^)]*\)$")

Step = tuple[str, str]  # rank and name of a node on the way from the root


@dataclass(frozen=True)
class Taxon:
    """One node. ``parent`` is 0 for the root; ``unclassified``: it stands for what could not be placed any better."""

    taxid: int
    parent: int
    rank: str
    name: str
    unclassified: bool = False


@dataclass(frozen=True)
class Placement:
    """Where references belong.

    :param taxon_of: reference → taxid.
    :param taxa: taxid → node; all nodes on the way from the root to any of those, no others.
    :param remarks: what was done that nobody would expect, one sentence each, for the person who builds.
    """

    taxon_of: dict[str, int]
    taxa: dict[int, Taxon]
    remarks: tuple[str, ...] = ()


def split_lineage(text: str) -> list[str]:
    """The names of a lineage as written, parted by ``;``, or by ``|`` or ``,`` where there is none.

    >>> split_lineage("k__Bacteria|p__Bacillota"), split_lineage("Bacteria;;Bacillota;")
    (['k__Bacteria', 'p__Bacillota'], ['Bacteria', '', 'Bacillota'])
    """
    separator = next((mark for mark in ";|," if mark in text), ";")
    names = [name.strip().strip('"') for name in text.split(separator)]
    while names and not names[-1]:
        names.pop()
    return without_numbers(names)


def read_lineage(text: str, scheme: Scheme = by_place) -> tuple[Step, ...]:
    """The steps of a lineage below the root. The last one has the rank :data:`NO_RANK` when it is a placeholder.

    Empty ranks are left out. A placeholder (``unidentified``, ``Incertae sedis``, PR2's ``…_X``) that something known
    follows says nothing and is left out too; of the ones at the end the first is kept, with the name of the node above
    where its own says nothing. A species given by its epithet alone, as in Greengenes, gets the name of its genus.

    :param scheme: what says the ranks where no prefix does.
    :raises ValueError: what is wrong with it.

    >>> read_lineage("k__Bacteria; p__; g__Vibrio; s__natriegens")
    (('kingdom', 'Bacteria'), ('genus', 'Vibrio'), ('species', 'Vibrio natriegens'))
    >>> read_lineage("k__Fungi;p__unidentified;c__unidentified")
    (('kingdom', 'Fungi'), ('no rank', 'unidentified Fungi'))
    """
    names = split_lineage(text)
    if not names:
        raise ValueError("the lineage is empty")
    prefixed = any(map(has_prefix, names))
    return _steps(by_prefix(names) if prefixed else scheme(names))


def _steps(ranked: Ranked) -> tuple[Step, ...]:
    steps: list[Step] = []
    bare = [without_organelle(written) for _, written in ranked]
    pending: str | None = None
    for place, (rank, written) in enumerate(ranked):
        filled = is_filled_from_above(bare[place], bare[:place])
        name = plain_name(bare[place]) if filled else _node_name(rank, bare[place], steps)
        if _PREFIX_INSIDE.search(name):
            raise ValueError(f"'{name}' holds the prefix of another rank: names are parted by ';'")
        if not name:
            continue
        nothing = filled or (organism_says_nothing(name) if rank == SPECIES else says_nothing(name))
        nothing = nothing or _is_any_species(bare[place], bare[:place])
        name += organelle(written)
        if nothing:
            pending = pending or _placeholder_name(name, steps)
        elif rank != SPECIES or not steps or name != steps[-1][1]:
            pending = None
            steps.append((rank, name))
    if pending is not None:
        steps.append((NO_RANK, pending))
    if not steps:
        raise ValueError("the lineage is empty")
    return tuple(steps)


def place_lineages(lineages: Mapping[str, tuple[Step, ...]], remarks: Iterable[str] = ()) -> Placement:
    """Number the nodes and place the references.

    :param lineages: reference → :func:`read_lineage`.
    """
    paths = {steps[:depth] for steps in lineages.values() for depth in range(1, len(steps) + 1)}
    numbers: dict[tuple[Step, ...], int] = {(): ROOT}
    taxa = {ROOT: Taxon(ROOT, 0, NO_RANK, "root")}
    # A path sorts right behind its own beginning, so that a parent is numbered before its children.
    for path in sorted(paths):
        number = numbers[path] = len(numbers) + 1
        rank, name = path[-1]
        taxa[number] = Taxon(number, numbers[path[:-1]], rank, name, rank == NO_RANK)
    return Placement({name: numbers[steps] for name, steps in lineages.items()}, taxa, tuple(remarks))


def _is_any_species(name: str, above: list[str]) -> bool:
    """Whether a name is that of a taxon above it and ``sp.`` (PR2's ``Chloroparvula_B2_sp.``)."""
    match = _ANY_SPECIES.fullmatch(name)
    return match is not None and match[1] in above


def _node_name(rank: str, text: str, above: list[Step]) -> str:
    name = plain_name(_GENOME.sub("", text)).strip("_ ")
    if rank != SPECIES:
        # An underscore may be part of a name (GTDB's Bacillota_A), but never of a placeholder.
        return name.replace("_", " ") if says_nothing(name.replace("_", " ")) else name
    if " " not in name:
        name = name.replace("_", " ")
    if name and _EPITHET.fullmatch(name) and not says_nothing(name):
        genus = next((known for rank_above, known in above if rank_above == "genus"), "")
        # An epithet without its genus names nothing.
        return f"{genus} {name}" if genus else ""
    kept_in = next((ORGANELLE_TAXA[taxon] for _, taxon in above if taxon in ORGANELLE_TAXA), "")
    return f"{name} ({kept_in})" if kept_in and name and not organism_says_nothing(name) else name


def _placeholder_name(name: str, above: list[Step]) -> str:
    known = above[-1][1] if above else ""
    return name if known.replace("_", " ") in name.replace("_", " ") else f"{name} {known}"
