"""The annotation as a table: one gene per row, every statement and its evidence in a column."""

from __future__ import annotations

from collections.abc import Collection

from metapipe.formats.plain_text import one_line, plain
from metapipe.formats.table_rows import format_row
from metapipe.stages.annotation.annotation import AnnotatedGene
from metapipe.stages.annotation.contig_facts import COLUMNS_OF, ContigFacts, amount_cells

COLUMNS = (
    "gene", "locus_tag", "contig", "start", "end", "strand", "partial", "length_aa", "tier", "transferred_level",
    "functional_level", "product", "gene_name", "ec", "ec_partial", "ec_supported", "go", "interpro", "domains",
    "domain_names", "domain_database", "domain_ec", "hit", "hit_database", "hit_identity_pct", "hit_similarity_pct",
    "hit_evalue", "hit_bitscore", "hit_product", "hit_significant", "taxid", "organism",
)  # fmt: skip


def columns(given: Collection[str]) -> tuple[str, ...]:
    """Return the columns of a table. :param given: the files that are there."""
    return (*COLUMNS, *(column for name, more in COLUMNS_OF.items() if name in given for column in more))


def format_annotation(annotated: AnnotatedGene, facts: ContigFacts = ContigFacts()) -> bytes:  # noqa: B008  (frozen)
    """Return the gene as one row under :func:`columns`; lists are joined with ``;``.

    ``hit_*`` describe the best hit even when it is not significant; ``product`` to ``interpro``, ``taxid`` and
    ``organism`` come from significant evidence only. A level is empty when its search was not run.

    :param facts: what is known of its contig.
    """
    gene, hit, domains = annotated.gene, annotated.hit, annotated.significant_domains
    cells = (
        gene.id,
        annotated.locus_tag,
        gene.contig,
        str(gene.start),
        str(gene.end),
        "+" if gene.strand == 1 else "-",
        gene.partial,
        str(len(annotated.protein)),
        str(int(annotated.tier)),
        "" if annotated.transferred is None else str(int(annotated.transferred)),
        "" if annotated.functional is None else str(int(annotated.functional)),
        annotated.product,
        annotated.name,
        ";".join(annotated.ec),
        ";".join(annotated.partial_ec),
        ";".join(annotated.supported_ec),
        ";".join(annotated.go),
        ";".join(annotated.interpro),
        ";".join(annotated.families),
        ";".join(dict.fromkeys(plain(domain.name).replace(";", ",") for domain in domains)),
        ";".join(dict.fromkeys(domain.database for domain in domains)),
        ";".join(annotated.domain_ec),
        *(_hit_cells(annotated) if hit else [""] * 8),
        annotated.taxid,
        annotated.organism,
        *facts.cells(),
        *(amount_cells(annotated.abundance) if annotated.abundance else ()),
    )
    return format_row(one_line(cell) for cell in cells)


def _hit_cells(annotated: AnnotatedGene) -> list[str]:
    hit = annotated.hit
    assert hit is not None  # noqa: S101  (for the type checker; the caller has looked)
    return [
        hit.subject,
        hit.database,
        f"{hit.identity:.2f}",
        f"{hit.similarity:.2f}",
        f"{hit.evalue:.2e}",
        f"{hit.bitscore:.1f}",
        plain(hit.product),
        "yes" if hit.significant else "no",
    ]
