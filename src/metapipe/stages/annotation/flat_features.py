"""The feature table that GenBank and EMBL flat files share (INSDC feature table definition, version 11)."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

from metapipe.formats.genes import Gene
from metapipe.formats.plain_text import plain
from metapipe.proteins.protein_hits import MIN_IDENTITY, ProteinHit
from metapipe.stages.annotation.annotation import AnnotatedGene, inferences
from metapipe.stages.annotation.contig_facts import ContigFacts, amount

#: Contigs of a metagenome: an environmental sample of unknown organisms (NCBI taxon 256318).
ORGANISM, LINEAGE, TAXID = "metagenome", "unclassified sequences; metagenomes.", 256318

#: Flat files want a date. Results carry none, so it is always this one (Biopython writes the same when it knows none).
DATE = "01-JAN-1980"

#: What is said of a significant hit with less than 30 % identity: names and EC numbers from it may be another's.
SIMILARITY_ALONE = "; below 30 % identity: significant by similarity alone"

_PFAM = re.compile(r"(PF\d{5})(?:\.\d+)?")
_QUALIFIER_WIDTH = 58
_NUMERIC = frozenset({"codon_start", "transl_table"})

Qualifier = tuple[str, str]


def notes(annotated: AnnotatedGene) -> list[str]:
    """Return the statements that have no qualifier of their own, one sentence each."""
    lines = [f"confidence tier {int(annotated.tier)}"]
    levels = [
        f"{name} level {int(level)}"
        for name, level in (("transferred", annotated.transferred), ("functional", annotated.functional))
        if level is not None
    ]
    lines += [" and ".join(levels)] if levels else []
    if annotated.hit is not None:
        lines.append(hit_note(annotated.hit))
    if annotated.supported_ec:
        lines.append(f"EC number supported by domains: {' '.join(annotated.supported_ec)}")
    if annotated.domain_ec:
        lines.append(f"EC number of domains only: {' '.join(annotated.domain_ec)}")
    return lines


def abundance_notes(annotated: AnnotatedGene) -> list[str]:
    """Return how much of the gene there is, as a sentence; nothing when no reads were counted."""
    return [amount(annotated.abundance)] if annotated.abundance else []


def hit_note(hit: ProteinHit) -> str:
    """Return one sentence on the best hit; numbers with a point, never a comma (a comma parts values in GFF3)."""
    taxon = plain(hit.organism) or "unknown organism"
    distant = SIMILARITY_ALONE if hit.identity < MIN_IDENTITY else ""
    remark = distant if hit.significant else "; not significant"
    return (
        f"best hit {plain(hit.subject)} of {taxon}{f' (taxon {hit.taxid})' if hit.taxid else ''}: "
        f"{hit.identity:.1f} % identity and {hit.similarity:.1f} % similarity over the query; E-value {hit.evalue:.2e}"
        f"{remark}"
    )


def cross_references(annotated: AnnotatedGene, *, go: bool = True) -> list[str]:
    """Return ``DATABASE:IDENTIFIER`` with INSDC's names of databases; families without one there are left out."""
    pfam = [match[1] for family in annotated.families if (match := _PFAM.fullmatch(family))]
    return [
        *(annotated.go if go else ()),
        *(f"InterPro:{entry}" for entry in annotated.interpro),
        *(f"PFAM:{family}" for family in dict.fromkeys(pfam)),
    ]


def location(gene: Gene) -> str:
    """Return the gene's location: ``<`` and ``>`` where it runs over the contig's end, complement for strand -1."""
    span = f"{'<' if gene.partial_left else ''}{gene.start}..{'>' if gene.partial_right else ''}{gene.end}"
    return span if gene.strand == 1 else f"complement({span})"


def gene_qualifiers(annotated: AnnotatedGene) -> list[Qualifier]:
    """Return the qualifiers of a CDS feature in INSDC's usual order."""
    return [
        *([("gene", annotated.name)] if annotated.name else []),
        ("locus_tag", annotated.locus_tag),
        *(("EC_number", number) for number in annotated.all_ec),
        *(("inference", line) for line in inferences(annotated)),
        *(
            ("note", line)
            for line in (f"gene id {plain(annotated.gene.id)}", *notes(annotated), *abundance_notes(annotated))
        ),
        ("codon_start", str(annotated.gene.phase + 1)),
        ("transl_table", str(annotated.gene.translation_table)),
        ("product", annotated.product),
        *(("db_xref", reference) for reference in cross_references(annotated)),
        ("translation", annotated.protein.decode("ascii")),
    ]


def source_qualifiers(contig: str, facts: ContigFacts) -> list[Qualifier]:
    """Return the qualifiers of the source feature; the contig's full name is in the first note.

    Its organism is that of the sample (INSDC: what was sequenced), so what the contig is taken for is said in notes.
    """
    return [
        ("organism", ORGANISM),
        ("mol_type", "genomic DNA"),
        ("environmental_sample", ""),
        ("db_xref", f"taxon:{TAXID}"),
        ("note", f"contig {plain(contig)}"),
        *(("note", line) for line in facts.notes()),
    ]


def feature_lines(key: str, place: str, qualifiers: Sequence[Qualifier], prefix: str) -> Iterator[str]:
    """Yield the lines of one feature, each with its line break.

    :param prefix: the five columns in front: blanks (GenBank) or ``FT`` and blanks (EMBL).
    """
    yield f"{prefix}{key:<16}{place}\n"
    indent = prefix.ljust(5) + " " * 16
    for name, value in qualifiers:
        if name == "translation":
            text = f'/{name}="{value}"'
            lines = [text[at : at + _QUALIFIER_WIDTH] for at in range(0, len(text), _QUALIFIER_WIDTH)]
        elif not value:
            lines = [f"/{name}"]
        else:
            text = f"/{name}={value}" if name in _NUMERIC else f'/{name}="{value}"'
            # A word longer than a line stays whole: readers put a blank where a line ends.
            lines = (
                [text]
                if len(text) <= _QUALIFIER_WIDTH
                else textwrap.wrap(text, _QUALIFIER_WIDTH, break_long_words=False, break_on_hyphens=False)
            )
        for line in lines:
            yield f"{indent}{line}\n"


def record_features(
    contig: str, length: int, genes: Sequence[AnnotatedGene], prefix: str, facts: ContigFacts
) -> Iterator[str]:
    """Yield the feature table of one contig of ``length`` bases."""
    yield from feature_lines("source", f"1..{length}", source_qualifiers(contig, facts), prefix)
    for annotated in genes:
        yield from feature_lines("CDS", location(annotated.gene), gene_qualifiers(annotated), prefix)
