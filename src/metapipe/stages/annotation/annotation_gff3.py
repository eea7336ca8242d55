"""The annotation as GFF3: the predicted genes with what is known of them."""

from __future__ import annotations

from metapipe.formats import gff3
from metapipe.stages.annotation.annotation import AnnotatedGene, inferences
from metapipe.stages.annotation.contig_facts import amounts
from metapipe.stages.annotation.flat_features import cross_references, notes


def annotation_feature(annotated: AnnotatedGene) -> gff3.Feature:
    """Return the gene as a CDS feature.

    Attributes of the specification have capitals (``Name``, ``Dbxref``, ``Ontology_term``, ``Note``), those of INSDC
    and ours none (``locus_tag``, ``product``, ``ec_number``, ``confidence_tier``).
    """
    gene = annotated.gene
    attributes: dict[str, tuple[str, ...]] = {
        "ID": (gene.id,),
        "Name": (annotated.name or annotated.locus_tag,),
        "Note": tuple(notes(annotated)),
        "Dbxref": tuple(cross_references(annotated, go=False)),
        "Ontology_term": annotated.go,
        "locus_tag": (annotated.locus_tag,),
        "gene": (annotated.name,) if annotated.name else (),
        "product": (annotated.product,),
        "ec_number": annotated.all_ec,
        "confidence_tier": (str(int(annotated.tier)),),
        "inference": tuple(inferences(annotated)),
        "partial": (gene.partial,),
        "transl_table": (str(gene.translation_table),),
        **(amounts(annotated.abundance) if annotated.abundance else {}),
    }
    return gff3.Feature(
        seqid=gene.contig,
        source=gene.source,
        type="CDS",
        start=gene.start,
        end=gene.end,
        score=gene.score,
        strand="+" if gene.strand == 1 else "-",
        phase=gene.phase,
        attributes=attributes,
    )
