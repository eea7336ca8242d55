"""The result in one sentence, and what is left after each step."""

from __future__ import annotations

from markupsafe import Markup

from metapipe.reporting.axis import bases, percent, whole_number
from metapipe.reporting.page_parts import Step, counted
from metapipe.stages.report.facts import Facts
from metapipe.stages.report.tiers import Sources

#: What the last step of the way counts.
SUPPORTED = {
    Sources.BOTH: "genes with a supported function",
    Sources.PROTEINS: "genes with a significant protein hit",
    Sources.DOMAINS: "genes with a significant domain",
    Sources.NONE: "genes with a supported function",
}


def sentence(facts: Facts) -> Markup:
    """Return the result in plain words, from the numbers that are known."""
    made = []
    if facts.contigs is not None:
        made.append(counted(facts.contigs, "contig"))
    if facts.gene_count is not None:
        made.append(counted(facts.gene_count, "gene"))
    result = Markup(" and ").join(made)
    if facts.pairs_in is not None and made:
        text = Markup("From {}: {}").format(counted(facts.pairs_in, "read pair"), result)
    elif facts.pairs_in is not None:
        text = counted(facts.pairs_in, "read pair")
        if facts.pairs_kept is not None:
            text = Markup("{} went in, {} of them passed trimming").format(text, counted(facts.pairs_kept, "pair"))
    elif made:
        text = result
    else:
        return Markup("The steps in this report left no counts.")
    total = sum(facts.tiers.values())
    if total:
        text += Markup("; ") + _support(facts, total)
    return text + Markup(".")


def _support(facts: Facts, total: int) -> Markup:
    """Return what speaks for the genes' functions: never more sources than were searched."""
    first = Markup("<strong>{}</strong>").format(percent(facts.tiers.get(1, 0), total))
    match facts.sources:
        case Sources.BOTH:
            text = Markup("for {} of the genes two sources, a protein hit and a domain, support a function").format(
                first
            )
            if facts.tiers.get(2):
                text += Markup(", for another {} one of them does").format(percent(facts.tiers[2], total))
            return text
        case Sources.PROTEINS:
            return Markup("{} of the genes have a significant protein hit (domains were not searched)").format(first)
        case Sources.DOMAINS:
            return Markup("{} of the genes have a significant domain (proteins were not searched)").format(first)
        case Sources.NONE:
            return Markup("neither proteins nor domains were searched, so their functions are unknown")


def funnel(facts: Facts) -> list[Step]:
    """Return the steps whose numbers are known: reads → trimmed → contigs → genes → supported functions."""
    steps = []
    if facts.pairs_in is not None:
        steps.append(Step("read pairs in", whole_number(facts.pairs_in), _bases(facts.bases_in)))
    if facts.pairs_kept is not None:
        note = []
        share = None
        if facts.pairs_in:
            share = min(facts.pairs_kept / facts.pairs_in, 1.0)
            note.append(f"{percent(facts.pairs_kept, facts.pairs_in)} kept")
        if facts.singles:
            note.append(f"plus {whole_number(facts.singles)} single read{'' if facts.singles == 1 else 's'}")
        steps.append(Step("pairs after trimming", whole_number(facts.pairs_kept), ", ".join(note), share))
    if facts.contigs is not None:
        parts = [_bases(facts.contig_bases)] if facts.contigs else []
        if facts.contigs and facts.n50:
            parts.append(f"N50 {bases(facts.n50)}")
        steps.append(Step("contigs", whole_number(facts.contigs), ", ".join(part for part in parts if part)))
    if facts.gene_count is not None:
        note = []
        if facts.gene_count and facts.partial_genes is not None:
            note.append(f"{percent(facts.partial_genes, facts.gene_count)} cut at a contig end")
        if facts.contigs and facts.coding_share:
            note.append(f"filling {percent(facts.coding_share, 1)} of the contigs")
        steps.append(Step("genes", whole_number(facts.gene_count), ", ".join(note)))
    total = sum(facts.tiers.values())
    if total:
        steps.append(
            Step(
                SUPPORTED[facts.sources],
                whole_number(facts.supported),
                f"{percent(facts.supported, total)} of the genes",
                facts.supported / total,
            )
        )
    return steps


def _bases(count: int | None) -> str:
    return bases(count) if count else ""
