"""The result in one sentence, and what is left after each step."""

from __future__ import annotations

from markupsafe import Markup

from metapipe.biomas.report.facts import Facts
from metapipe.reporting.axis import percent, whole_number
from metapipe.reporting.page_parts import Step, counted
from metapipe.taxa.main_ranks import PLURALS


def sentence(facts: Facts) -> Markup:
    """Return the result in plain words, from the numbers that are known."""
    if facts.reads == 0:
        return Markup("There were no reads to classify.")
    if facts.classified is not None and facts.reads:
        text = Markup("{} of {} could be classified (<strong>{}</strong>)").format(
            whole_number(facts.classified), counted(facts.reads, "read"), percent(facts.classified, facts.reads)
        )
    elif facts.reads is not None:
        text = counted(facts.reads, "read") + Markup(" to be classified")
    elif facts.pairs is not None:
        text = counted(facts.pairs, "read pair")
    else:
        return Markup("The steps in this report left no counts.")
    found = [
        counted(len(facts.at_rank(rank)), rank, PLURALS[rank])
        for rank in ("phylum", "genus", "species")
        if facts.at_rank(rank)
    ]
    if found:
        text += Markup(": ") + Markup(", ").join(found[:-1]) + (Markup(" and ") if found[1:] else "") + found[-1]
    text += Markup(".")
    for rank in ("genus", "family", "order"):
        taxa = facts.at_rank(rank)
        if taxa and facts.reads:
            text += Markup(" The most abundant {} is {}, with {} of the reads.").format(
                rank, taxa[0].name, percent(taxa[0].total_reads, facts.reads)
            )
            break
    return text


def funnel(facts: Facts) -> list[Step]:
    """Return the steps whose numbers are known: pairs → merged → to classify → similar → classified.

    A bar is the share of the read pairs that went in, where those are known, so that all bars compare.
    """
    steps = []
    whole = facts.pairs or facts.reads

    def share(count: int) -> float | None:
        return min(count / whole, 1.0) if whole else None

    if facts.pairs is not None:
        steps.append(Step("read pairs in", whole_number(facts.pairs), "", 1.0 if facts.pairs else None))
    if facts.merged is not None:
        note = [f"{percent(facts.merged, facts.pairs)} of the pairs"] if facts.pairs else []
        if facts.trimmed_kept:
            note.append(f"{whole_number(facts.trimmed_kept)} unmerged pairs kept after trimming")
        steps.append(Step("pairs merged", whole_number(facts.merged), "; ".join(note), share(facts.merged)))
    to_place = facts.to_map if facts.to_map is not None else facts.reads
    if to_place is not None:
        note = []
        if facts.unique:
            note.append(f"{whole_number(facts.unique)} different sequences among the merged")
        steps.append(Step("reads to classify", whole_number(to_place), "; ".join(note), share(to_place)))
    if facts.tiers:
        note = [
            f"{percent(facts.in_a_tier, sum(facts.tiers.values()))} of the reads",
            f"at least {facts.limits[1]:g} % identical",
        ]
        name = "with a relative in the database"
        steps.append(Step(name, whole_number(facts.in_a_tier), ", ".join(note), share(facts.in_a_tier)))
    if facts.classified is not None and facts.reads is not None:
        note = [f"{percent(facts.classified, facts.reads)} of the reads"] if facts.reads else []
        species = len(facts.at_rank("species"))
        if species:
            note.append(f"{whole_number(species)} species")
        steps.append(Step("reads classified", whole_number(facts.classified), ", ".join(note), share(facts.classified)))
    return steps
