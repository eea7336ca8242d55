"""Fixed words of the page: what the confidence tiers mean and what the EC main classes are called.

Tiers: META-pipe 1.0's rule (GePan, Annotator.pm). A protein hit is significant at e ≤ 1e-5 and identity ≥ 30 % or
similarity ≥ 40 % of the query; a domain hit at or above its family's gathering threshold.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tier:
    """One confidence tier: its short name in legends, and its meaning with both sources searched or only one."""

    number: int
    name: str
    both_sources: str
    one_source: str


TIERS: tuple[Tier, ...] = (
    Tier(
        1,
        "well supported",
        "A significant protein hit and a significant domain: two independent sources speak for a function.",
        "The one source that was searched gave a significant hit.",
    ),
    Tier(
        2,
        "supported by one source",
        "A significant protein hit or a significant domain, not both.",
        "The one source that was searched gave a hit below the limit of significance.",
    ),
    Tier(
        3,
        "no support",
        "Neither a significant protein hit nor a significant domain: the gene is predicted, its function is unknown.",
        "The one source that was searched gave no hit: the gene is predicted, its function is unknown.",
    ),
)

#: Nomenclature Committee of the IUBMB; class 7 since 2018.
EC_CLASSES: dict[int, tuple[str, str]] = {
    1: ("Oxidoreductases", "move electrons: dehydrogenases, oxidases, reductases"),
    2: ("Transferases", "move chemical groups: kinases, methyl- and aminotransferases"),
    3: ("Hydrolases", "cut with water: proteases, glycosidases, phosphatases"),
    4: ("Lyases", "cut or join without water: decarboxylases, aldolases"),
    5: ("Isomerases", "rearrange within a molecule: racemases, mutases"),
    6: ("Ligases", "join using ATP: synthetases, carboxylases"),
    7: ("Translocases", "move ions or molecules through membranes: ATP synthase, transporters"),
}
