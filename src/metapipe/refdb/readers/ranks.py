"""Which rank each name of a lineage has: said by a prefix, by its place, by a word behind it, or by SILVA's table."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from metapipe.refdb.readers.taxon_names import plain_name, without_organelle

NO_RANK = "no rank"
#: A group of organisms without one of the named ranks (NCBI's word).
CLADE = "clade"
SPECIES = "species"
#: Prefix of a rank → the rank, most general first. ``sk`` is NCBI's superkingdom, ``t`` a strain.
PREFIXES = {
    "sk": "superkingdom",
    "d": "domain",
    "k": "kingdom",
    "p": "phylum",
    "c": "class",
    "o": "order",
    "f": "family",
    "g": "genus",
    "s": SPECIES,
    "t": "strain",
}
#: Prefix of UNITE's species hypothesis. It names a cluster of references and no taxon; references are called by it.
_HYPOTHESIS = "sh"
SEVEN_RANKS = ("domain", "phylum", "class", "order", "family", "genus", SPECIES)
#: PR2 since version 5, and before.
PR2_RANKS = (
    "domain", "supergroup", "division", "subdivision", "class", "order", "family", "genus", SPECIES,
)  # fmt: skip
PR2_RANKS_BEFORE_5 = ("domain", "supergroup", "division", "class", "order", "family", "genus", SPECIES)

_DOMAINS = frozenset(("bacteria", "archaea", "eukaryota", "eukarya", "eukaryotes", "viruses"))
#: Names that lineages without a domain begin with: NCBI's, UNITE's and WoRMS's kingdoms.
_KINGDOMS = frozenset(
    (
        "alveolata", "amoebozoa", "animalia", "apusozoa", "archaeplastida", "bamfordvirae", "chromista",
        "choanoflagellozoa", "euglenozoa", "fungi", "glaucocystoplantae", "heterolobosa", "ichthyosporia", "metazoa",
        "plantae", "planomonada", "protista", "protozoa", "rhizaria", "rhodoplantae", "stramenopila", "viridiplantae",
    )
)  # fmt: skip
_ABOVE_ALL = frozenset(("root", "cellular organisms", "life", "biota"))
_PREFIXED = re.compile(r"([a-z]{1,2})__(.*)", re.DOTALL)
_NUMBERED = re.compile(r"D_(\d+)__(.*)", re.DOTALL)  # SILVA for QIIME, up to version 132

Ranked = list[tuple[str, str]]  # rank and name as written, most general first
#: Names of a lineage without prefixes → the same with their ranks. Raises ValueError.
Scheme = Callable[[Sequence[str]], Ranked]


def begins_a_lineage(name: str) -> bool:
    """Whether a lineage may begin with this name: the root, a domain or a kingdom, with or without a prefix.

    >>> begins_a_lineage("Bacteria"), begins_a_lineage("k__Fungi"), begins_a_lineage("Chordata")
    (True, True, False)
    """
    name = name.strip().strip('"')
    if has_prefix(name):
        return True
    name = re.sub(r"_\d+$", "", without_organelle(name)).casefold()
    return name in _DOMAINS or name in _KINGDOMS or name in _ABOVE_ALL


def has_prefix(name: str) -> bool:
    """Whether a name says its rank by a prefix.

    >>> has_prefix("k__Bacteria"), has_prefix("D_0__Bacteria"), has_prefix("x__Bacteria")
    (True, True, False)
    """
    match = _PREFIXED.match(name)
    return bool(_NUMBERED.match(name)) or (match is not None and (match[1] in PREFIXES or match[1] == _HYPOTHESIS))


def by_prefix(names: Sequence[str]) -> Ranked:
    """Ranks said by prefixes: ``k__Bacteria``, ``D_0__Bacteria``. Ranks may be missing.

    PR2's UTAX file calls the domain ``k`` and the supergroup below it ``d``.

    :raises ValueError: for a name without prefix, and for one that stands after a rank below its own.
    """
    kept = [name for name in names if name]
    if all(map(_NUMBERED.match, kept)):
        return _by_number([_NUMBERED.sub(r"\1\t\2", name).split("\t", 1) for name in kept])
    ranked: Ranked = []
    place, order = -1, list(PREFIXES)
    words = [match[1] for match in map(_PREFIXED.match, kept) if match]
    pr2 = {"k": "domain", "d": "supergroup"} if words[:2] == ["k", "d"] else {}
    for name in kept:
        match = _PREFIXED.fullmatch(name)
        if match is None or match[1] not in (*PREFIXES, _HYPOTHESIS):
            raise ValueError(f"'{name}' has none of the prefixes {' '.join(f'{key}__' for key in PREFIXES)}")
        if match[1] == _HYPOTHESIS:
            continue
        here = order.index(match[1])
        if here <= place and not pr2:
            raise ValueError(f"'{name}' stands after a rank that lies below it")
        place, pr2_rank = here, pr2.pop(match[1], "")
        ranked.append((pr2_rank or PREFIXES[match[1]], match[2]))
    return ranked


def by_place(names: Sequence[str]) -> Ranked:
    """Domain (or kingdom), phylum, class, order, family, genus, species: DADA2, RDP's train sets, MIDORI, QIIME.

    :raises ValueError: when there are more, or the first is neither domain nor kingdom.
    """
    names = _from_the_top(names)
    if len(names) > len(SEVEN_RANKS):
        raise ValueError(f"{len(names)} names, where there are {len(SEVEN_RANKS)} ranks")
    return list(zip((_top_rank(names[0]), *SEVEN_RANKS[1:]), names, strict=False))


def by_pr2(names: Sequence[str]) -> Ranked:
    """PR2's nine ranks, or the eight it had before version 5."""
    names = _from_the_top(names)
    ranks = PR2_RANKS if len(names) == len(PR2_RANKS) else PR2_RANKS_BEFORE_5
    if len(names) != len(ranks):
        raise ValueError(f"{len(names)} names, where PR2 has {len(PR2_RANKS)} ranks (8 before version 5)")
    return list(zip(ranks, names, strict=True))


def by_silva(names: Sequence[str], ranks: Mapping[tuple[str, ...], str] | None = None) -> Ranked:
    """SILVA's headers: taxa of any number, then the organism's own name.

    Without ``ranks`` the first is a domain, and among bacteria and archaea the next five are phylum to genus; elsewhere
    no number of taxa is fixed, so that only a genus is known, by the name of the species below it.

    :param ranks: way from the domain to a taxon → its rank, see :func:`metapipe.refdb.readers.silva.read_ranks`.
    """
    names = _from_the_top(names)
    *taxa, organism = names
    if ranks is not None:
        ranked = [(ranks.get(tuple(names[:depth]), CLADE), names[depth - 1]) for depth in range(1, len(taxa) + 1)]
    elif names[0].casefold() in ("bacteria", "archaea"):
        steps = (*SEVEN_RANKS[:-1], *[CLADE] * len(taxa))
        ranked = list(zip(steps, taxa, strict=False))
    else:
        ranked = [(CLADE if depth else _top_rank(name), name) for depth, name in enumerate(taxa)]
        if len(taxa) > 1 and organism.split()[:1] == [taxa[-1]]:
            ranked[-1] = ("genus", taxa[-1])
    return [*ranked, (SPECIES if taxa else _top_rank(organism), organism)]


def by_word(names: Sequence[str]) -> Ranked:
    """RDP's ``Root;rootrank;Bacteria;domain;…``: every name is followed by its rank."""
    pairs = list(zip(names[::2], names[1::2], strict=False))
    if not pairs or (len(names) % 2 and names[-1].strip()):
        raise ValueError("names and ranks do not alternate")
    return [(plain_name(rank) or CLADE, name) for name, rank in pairs if name.casefold() not in _ABOVE_ALL]


def scheme_of(lineages: Iterable[Sequence[str]]) -> Scheme:
    """The scheme of a table's lineages without prefixes, by how many names they have.

    All nine, or all eight: PR2's. All seven at most: one rank for each place. Else SILVA's, of any depth.
    """
    depths = {len(_without_root(names)) for names in lineages}
    if depths and (depths <= {len(PR2_RANKS)} or depths <= {len(PR2_RANKS_BEFORE_5)}):
        return by_pr2
    return by_place if max(depths, default=0) <= len(SEVEN_RANKS) else by_silva


def by_silva_table(ranks: Mapping[tuple[str, ...], str]) -> Scheme:
    """:func:`by_silva` with SILVA's own ranks."""
    return partial(by_silva, ranks=ranks)


def _by_number(pairs: Sequence[Sequence[str]]) -> Ranked:
    ranked, last = [], -1
    for number, name in pairs:
        place = int(number)
        if place <= last:
            raise ValueError(f"'D_{number}__{name}' stands after a rank that lies below it")
        last = place
        ranked.append((SEVEN_RANKS[min(place, len(SEVEN_RANKS) - 1)], name))
    # More than seven: SILVA's own way from the domain to the organism, whose steps have no fixed ranks.
    return ranked if last < len(SEVEN_RANKS) else by_silva([name for _, name in ranked])


def _without_root(names: Sequence[str]) -> list[str]:
    return [name for place, name in enumerate(names) if place or name.casefold() not in _ABOVE_ALL]


def _from_the_top(names: Sequence[str]) -> list[str]:
    names = _without_root(names)
    if not names or not begins_a_lineage(names[0]):
        found = names[0] if names else ""
        raise ValueError(f"'{found}' is neither a domain or kingdom nor has it a prefix such as k__")
    return names


def _top_rank(name: str) -> str:
    return "kingdom" if without_organelle(name).casefold() in _KINGDOMS else "domain"
