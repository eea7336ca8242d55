"""An annotated gene: every statement made about it, and by which evidence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from metapipe.formats.genes import Gene
from metapipe.formats.plain_text import plain
from metapipe.proteins.domain_hits import DomainHit
from metapipe.proteins.product_names import HYPOTHETICAL, is_informative, product_of_domain
from metapipe.proteins.protein_hits import MIN_IDENTITY, ProteinHit
from metapipe.stages.annotation.confidence import (
    Functional,
    Tier,
    Transferred,
    best_domain,
    best_hit,
    functional_level,
    tier,
    transferred_level,
)
from metapipe.taxa.abundance_rows import GeneAbundance

_GENE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.'/()-]{0,29}")
_VERSIONED = re.compile(r"(.+?)[_ ]v?(\d+(?:\.\d+)*)")


@dataclass(frozen=True, slots=True)
class AnnotatedGene:
    """One gene with its annotation. All text is plain (ASCII, one line, no double quote).

    :param protein: residues, cleaned, without stop.
    :param hit: best hit in the protein database, significant or not; ``None`` when there is none.
    :param domains: domains along the protein.
    :param transferred: ``None`` when no protein search was given; so is ``functional`` without a domain search.
    :param ec: EC numbers with all four levels, from the best significant hit.
    :param partial_ec: EC numbers whose last levels are unknown (``1.1.1.-``), from the same hit.
    :param supported_ec: those of ``ec`` and ``partial_ec`` that a significant domain stands for too.
    :param domain_ec: EC numbers that only domains stand for: told, not stated.
    :param go: GO terms of the best significant hit and of all significant domains, sorted.
    :param abundance: how much of it there is; ``None`` when no reads were counted.
    """

    gene: Gene
    locus_tag: str
    protein: bytes
    hit: ProteinHit | None
    domains: tuple[DomainHit, ...]
    transferred: Transferred | None
    functional: Functional | None
    tier: Tier
    product: str
    name: str
    ec: tuple[str, ...]
    partial_ec: tuple[str, ...]
    supported_ec: tuple[str, ...]
    domain_ec: tuple[str, ...]
    go: tuple[str, ...]
    interpro: tuple[str, ...]
    taxid: str
    organism: str
    abundance: GeneAbundance | None = None

    @property
    def all_ec(self) -> tuple[str, ...]:
        """EC numbers, complete ones first, then partial ones (``1.2.-.-``)."""
        return self.ec + self.partial_ec

    @property
    def is_distant(self) -> bool:
        """Whether what is stated from the hit rests on less than 30 % identity: significant by similarity alone."""
        return self.hit is not None and self.hit.significant and self.hit.identity < MIN_IDENTITY

    @property
    def product_of_hit(self) -> bool:
        """Whether the product is the best hit's, not a domain's."""
        named = self.hit is not None and self.hit.significant and self.product == plain(self.hit.product)
        return named and self.product != HYPOTHETICAL

    @property
    def significant_domains(self) -> list[DomainHit]:
        """The domains at or above their family's threshold, along the protein."""
        return [domain for domain in self.domains if domain.significant]

    @property
    def families(self) -> list[str]:
        """Accessions of the significant domains' families, each once, along the protein."""
        return list(dict.fromkeys(domain.family for domain in self.significant_domains))


def annotate_gene(
    gene: Gene,
    protein: bytes,
    locus_tag: str,
    hits: Sequence[ProteinHit] | None,
    domains: Sequence[DomainHit] | None,
    abundance: GeneAbundance | None = None,
) -> AnnotatedGene:
    """Weigh the evidence for one gene.

    :param protein: cleaned residues.
    :param hits: the gene's hits, ``None`` when no protein search was run.
    :param domains: the gene's domains along the protein, ``None`` when no domain search was run.
    :param abundance: the gene's row, ``None`` when no reads were counted.
    """
    best, domain = best_hit(hits or ()), best_domain(domains or ())
    transferred = None if hits is None else transferred_level(best)
    functional = None if domains is None else functional_level(domain)
    final = tier(transferred, functional)
    source = best if best is not None and best.significant else None
    significant = [one for one in domains or () if one.significant]
    stated_ec = source.ec if source else ()
    domain_ec = sorted({number for one in significant for number in one.ec})
    name = plain(source.gene) if source else ""
    return AnnotatedGene(
        gene=gene,
        locus_tag=locus_tag,
        protein=protein,
        hit=best,
        domains=tuple(domains or ()),
        transferred=transferred,
        functional=functional,
        tier=final,
        product=_product(source, domain if domain is not None and domain.significant else None),
        name=name if _GENE_NAME.fullmatch(name) else "",
        ec=tuple(number for number in stated_ec if "-" not in number),
        partial_ec=tuple(number for number in stated_ec if "-" in number),
        supported_ec=tuple(number for number in stated_ec if any(_agree(number, other) for other in domain_ec)),
        domain_ec=tuple(number for number in domain_ec if not any(_agree(number, other) for other in stated_ec)),
        go=tuple(sorted({*(source.go if source else ()), *(term for one in significant for term in one.go)})),
        interpro=tuple(sorted({one.interpro for one in significant if one.interpro})),
        taxid=source.taxid if source else "",
        organism=plain(source.organism) if source else "",
        abundance=abundance,
    )


def _product(hit: ProteinHit | None, domain: DomainHit | None) -> str:
    """Return the product of the significant evidence: the hit's if it says anything, else the domain's."""
    if hit is not None and is_informative(plain(hit.product)):
        return plain(hit.product)
    if domain is not None and (domain.description or domain.name):
        return product_of_domain(plain(domain.name), plain(domain.description))
    return HYPOTHETICAL


def _agree(one: str, other: str) -> bool:
    """Whether two EC numbers agree as far as both are known."""
    return all(
        left == right or "-" in (left, right) for left, right in zip(one.split("."), other.split("."), strict=True)
    )


def gene_numbers(contig: str, genes: Sequence[Gene]) -> list[int]:
    """Return the numbers in the genes' ids (``<contig>_<n>``), or 1, 2, 3 … when not all have one of their own."""
    matches = [re.fullmatch(r"0*([1-9]\d{0,8})", gene.id.removeprefix(f"{contig}_")) for gene in genes]
    numbers = [int(match[1]) for match in matches if match]
    return numbers if len(set(numbers)) == len(genes) else list(range(1, len(genes) + 1))


# ------------------------------------------------------------------------------------------------ inferences


def inferences(annotated: AnnotatedGene) -> list[str]:
    """Return INSDC ``/inference`` values: by which program or database entry each statement is made.

    INSDC feature table, 7.4.1: ``ab initio prediction:PROGRAM:VERSION``, ``similar to AA sequence:DATABASE:ACCESSION``,
    ``protein motif:DATABASE:ACCESSION``; databases carry their version.
    """
    lines = []
    if annotated.gene.source not in ("", "."):
        program = _VERSIONED.fullmatch(plain(annotated.gene.source))
        named = f"{program[1]}:{program[2]}" if program else plain(annotated.gene.source)
        lines.append(f"ab initio prediction:{named}")
    if annotated.hit is not None and annotated.hit.significant:
        lines.append(f"similar to AA sequence:{plain(annotated.hit.database)}:{plain(annotated.hit.subject)}")
    motifs = [f"protein motif:{plain(one.database)}:{plain(one.family)}" for one in annotated.significant_domains]
    return lines + list(dict.fromkeys(motifs))
