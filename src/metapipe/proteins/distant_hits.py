"""What an annotation rests on that is only distantly similar."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class DistantCounts:
    """What rests on significant protein hits with less than 30 % identity.

    META-pipe 1.0's rule lets 40 % similarity through, too. Below some 30 % identity two proteins need not have the same
    fold, still less the same reaction (Rost 1999, "twilight zone"; Todd, Orengo & Thornton 2001).
    """

    genes: int = 0
    tier_1: int = 0
    products: int = 0
    gene_names: int = 0
    ec: int = 0

    def add(self, *, tier_1: bool, product: bool, gene_name: bool, ec: bool) -> None:
        """Count one gene, and what is stated of it from its hit."""
        self.genes += 1
        self.tier_1 += tier_1
        self.products += product
        self.gene_names += gene_name
        self.ec += ec
