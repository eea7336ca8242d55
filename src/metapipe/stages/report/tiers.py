"""Fixed words of the page: what the confidence tiers mean and what the EC main classes are called.

Tiers: META-pipe 1.0's rule (GePan, Annotator.pm). A protein hit is significant at e ≤ 1e-5 and identity ≥ 30 % or
similarity ≥ 40 % of the query; a domain hit by its family's gathering cut-off, else its trusted one, else E ≤ 1e-4.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Sources(Enum):
    """Which searches the tiers rest on."""

    BOTH = "protein and domain"
    PROTEINS = "protein"
    DOMAINS = "domain"
    NONE = "no"


@dataclass(frozen=True)
class Tier:
    """One confidence tier: its short name in legends, and what it means."""

    number: int
    name: str
    meaning: str


#: What a tier says depends on what was searched: with one search alone tier 1 is *one* source.
_WORDS: dict[Sources, tuple[tuple[str, str], ...]] = {
    Sources.BOTH: (
        (
            "two sources",
            "A significant protein hit and a significant domain: two independent sources speak for a function.",
        ),
        ("one source", "A significant protein hit or a significant domain, not both."),
        (
            "no support",
            "Neither a significant protein hit nor a significant domain: the gene is predicted, its function is "
            "unknown.",
        ),
    ),
    Sources.PROTEINS: (
        ("protein hit", "A significant protein hit. Domains were not searched: no second source confirms it."),
        ("weak protein hit", "Protein hits, all below the limit of significance; nothing is stated from them."),
        ("no protein hit", "No protein hit: the gene is predicted, its function is unknown."),
    ),
    Sources.DOMAINS: (
        ("domain", "A significant domain. Proteins were not searched: no second source confirms it."),
        ("weak domain", "Domains, all below the limit of significance; nothing is stated from them."),
        ("no domain", "No domain: the gene is predicted, its function is unknown."),
    ),
    Sources.NONE: (
        ("two sources", "Not possible: neither proteins nor domains were searched."),
        ("one source", "Not possible: neither proteins nor domains were searched."),
        ("not searched", "Neither proteins nor domains were searched: the gene is predicted, no more is known."),
    ),
}


def tiers_of(sources: Sources) -> tuple[Tier, ...]:
    """Return the three tiers in the words that are true for these searches."""
    return tuple(Tier(number, *words) for number, words in enumerate(_WORDS[sources], 1))
