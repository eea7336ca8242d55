"""What the annotation of many genes adds up to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from metapipe.proteins.distant_hits import DistantCounts
from metapipe.proteins.product_names import HYPOTHETICAL
from metapipe.stages.annotation.annotation import AnnotatedGene
from metapipe.stages.annotation.confidence import Functional, Tier, Transferred


class AnnotationCounts:
    """Running counts over contigs; those of blocks add up to those of the whole."""

    def __init__(self) -> None:
        self.totals = Counter[str](
            dict.fromkeys(
                ("contigs", "contigs_with_genes", "genes", "with_hit", "with_domain", "with_ec", "with_partial_ec_only",
                 "with_supported_ec", "with_go", "with_interpro", "with_gene_name", "hypothetical"),
                0,
            )
        )  # fmt: skip
        self.distant = DistantCounts()
        self.tiers = Counter[str]({str(int(tier)): 0 for tier in Tier})
        self.transferred = Counter[str]({str(int(level)): 0 for level in Transferred})
        self.functional = Counter[str]({str(int(level)): 0 for level in Functional})
        self.products, self.ec_numbers, self.ec_classes = Counter[str](), Counter[str](), Counter[str]()
        self.families, self.organisms, self.databases = Counter[str](), Counter[str](), Counter[str]()

    def add(self, genes: Sequence[AnnotatedGene]) -> None:
        """Count one contig."""
        self.totals["contigs"] += 1
        self.totals["contigs_with_genes"] += bool(genes)
        for gene in genes:
            self._add(gene)

    def _add(self, gene: AnnotatedGene) -> None:
        significant_hit = gene.hit is not None and gene.hit.significant
        self.totals.update(
            genes=1,
            with_hit=significant_hit,
            with_domain=bool(gene.families),
            with_ec=bool(gene.ec),
            with_partial_ec_only=bool(gene.partial_ec and not gene.ec),
            with_supported_ec=bool(gene.supported_ec),
            with_go=bool(gene.go),
            with_interpro=bool(gene.interpro),
            with_gene_name=bool(gene.name),
            hypothetical=gene.product == HYPOTHETICAL,
        )
        if gene.is_distant:
            self.distant.add(
                tier_1=gene.tier == Tier.BOTH,
                product=gene.product_of_hit,
                gene_name=bool(gene.name),
                ec=bool(gene.all_ec),
            )
        self.tiers[str(int(gene.tier))] += 1
        if gene.transferred is not None:
            self.transferred[str(int(gene.transferred))] += 1
        if gene.functional is not None:
            self.functional[str(int(gene.functional))] += 1
        if gene.product != HYPOTHETICAL:
            self.products[gene.product] += 1
        self.ec_numbers.update(gene.ec)
        self.ec_classes.update({number[0] for number in gene.all_ec})
        self.families.update(gene.families)
        if gene.organism:
            self.organisms[gene.organism] += 1
        # Genes with a statement from each database, not statements.
        databases = {domain.database for domain in gene.significant_domains}
        if gene.hit is not None and significant_hit:
            databases.add(gene.hit.database)
        self.databases.update(databases)

    def as_notes(self) -> dict[str, Any]:
        """Return the counts as JSON values; ``tiers`` and levels have every key, the others those found."""
        return {
            **self.totals,
            "below_30_identity": asdict(self.distant),
            "tiers": dict(self.tiers),
            "transferred_levels": dict(self.transferred),
            "functional_levels": dict(self.functional),
            "products": dict(sorted(self.products.items())),
            "ec_numbers": dict(sorted(self.ec_numbers.items())),
            "ec_classes": dict(sorted(self.ec_classes.items())),
            "families": dict(sorted(self.families.items())),
            "organisms": dict(sorted(self.organisms.items())),
            "databases": dict(sorted(self.databases.items())),
        }
