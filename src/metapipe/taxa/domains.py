"""The domains of life that a database has taxa of: what it lacks, no read can be placed in."""

from __future__ import annotations

from collections.abc import Iterable

from metapipe.taxa.main_ranks import main_ranks

BACTERIA, ARCHAEA, EUKARYOTA = "bacteria", "archaea", "eukaryota"
#: What taxonomies call them, in small letters and without "k__" → our word.
_NAMES = {
    "bacteria": BACTERIA,
    "archaea": ARCHAEA,
    "eukaryota": EUKARYOTA,
    "eukarya": EUKARYOTA,
    "eukaryotes": EUKARYOTA,
}


def domains_of_life(names: Iterable[str], ranks: Iterable[str]) -> tuple[str, ...]:
    """The domains of cellular life that a taxonomy names, in alphabetic order; none where it does not tell.

    :param names, ranks: of each taxon.

    >>> domains_of_life(["root", "Bacteria", "k__Archaea"], ["no rank", "superkingdom", "domain"])
    ('archaea', 'bacteria')
    """
    written = list(ranks)
    main = main_ranks(written)
    found = {
        name.lower().removeprefix("k__")
        for name, rank in zip(names, written, strict=True)
        if main.get(rank) == "domain"
    }
    return tuple(sorted({_NAMES[name] for name in found if name in _NAMES}))


def domains_noted(names: Iterable[str], ranks: Iterable[str]) -> str:
    """The same as one text for a stage's summary: equal in all blocks, so that it can be noted in each.

    >>> domains_noted(["root"], ["no rank"])
    ''
    """
    return ", ".join(domains_of_life(names, ranks))
