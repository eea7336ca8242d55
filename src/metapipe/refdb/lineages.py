"""Taxa from written lineages: ``k__Bacteria; p__Proteobacteria; …`` as Greengenes, QIIME, SILVA (QIIME) and UNITE do.

Such lineages have no taxon numbers. They are numbered here in the order of the sorted lineages, root 1: the same
lineages give the same numbers, whatever order the file has them in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

ROOT = 1
NO_RANK = "no rank"
SPECIES = "species"
#: Prefix of a rank → the rank, most general first.
RANKS = {
    "d": "domain",
    "k": "kingdom",
    "p": "phylum",
    "c": "class",
    "o": "order",
    "f": "family",
    "g": "genus",
    "s": SPECIES,
}
_PREFIXED = re.compile(r"([a-z])__(.*)", re.DOTALL)
#: Names that say "not known" (UNITE, SILVA, Greengenes), and UNITE's species known by their genus only (``Glomus sp``).
_PLACEHOLDER = re.compile(
    r"^(unidentified|uncultured|unclassified|unassigned|unknown|ambiguous taxa|metagenome|environmental samples?)\b"
    r"|\b(incertae sedis|metagenome)$|^[A-Z][\w-]* sp\.?$",
    re.IGNORECASE,
)
_EPITHET = re.compile(r"[a-z][a-z-]*")

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


def is_lineage(text: str) -> bool:
    """Whether a text is a lineage with prefixed ranks.

    >>> is_lineage("k__Fungi;p__Ascomycota"), is_lineage("662")
    (True, False)
    """
    return bool(re.match(r"\s*([dkpcofgs])__", text))


def read_lineage(text: str) -> tuple[Step, ...]:
    """The steps of a lineage below the root. The last one has the rank :data:`NO_RANK` when it is a placeholder.

    Empty ranks are left out. A placeholder (``unidentified``, ``Incertae sedis``) that something known follows says
    nothing and is left out too; of the ones at the end the first is kept, with the name of the node above where its own
    says nothing. A species given by its epithet alone, as in Greengenes, gets the name of its genus.

    :raises ValueError: what is wrong with it.

    >>> read_lineage("k__Bacteria; p__; g__Vibrio; s__natriegens")
    (('kingdom', 'Bacteria'), ('genus', 'Vibrio'), ('species', 'Vibrio natriegens'))
    >>> read_lineage("k__Fungi;p__unidentified;c__unidentified")
    (('kingdom', 'Fungi'), ('no rank', 'unidentified Fungi'))
    """
    steps: list[Step] = []
    pending: str | None = None
    place = -1
    order = list(RANKS)
    for part in filter(None, (part.strip() for part in text.split(";"))):
        match = _PREFIXED.fullmatch(part)
        if match is None or match[1] not in RANKS:
            raise ValueError(f"'{part}' has none of the prefixes {' '.join(f'{key}__' for key in RANKS)}")
        if order.index(match[1]) <= place:
            raise ValueError(f"'{part}' stands after a rank that lies below it")
        place = order.index(match[1])
        rank = RANKS[match[1]]
        name = _node_name(rank, match[2], steps)
        if not name:
            continue
        if _PLACEHOLDER.search(name):
            pending = pending or _placeholder_name(name, steps)
        else:
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


def plain_name(text: str) -> str:
    """A name that fits our tables: one line, blanks single, and neither tab nor ``;`` nor ``:`` nor ``|`` in it.

    >>> plain_name("Vibrio  sp. A;B")
    'Vibrio sp. A,B'
    """
    return re.sub(r"\s+", " ", text.replace(";", ",").replace("|", "/").replace(":", ".")).strip()


def _node_name(rank: str, text: str, above: list[Step]) -> str:
    name = plain_name(text).strip("_ ")
    if rank != SPECIES:
        # An underscore may be part of a name (GTDB's Bacillota_A), but never of a placeholder.
        spaced = name.replace("_", " ")
        return spaced if _PLACEHOLDER.search(spaced) else name
    if " " not in name:
        name = name.replace("_", " ")
    if name and _EPITHET.fullmatch(name) and not _PLACEHOLDER.search(name):
        genus = next((known for rank_above, known in above if rank_above == "genus"), "")
        # An epithet without its genus names nothing.
        return f"{genus} {name}" if genus else ""
    return name


def _placeholder_name(name: str, above: list[Step]) -> str:
    known = above[-1][1] if above else ""
    return name if not known or known in name else f"{name} {known}"
