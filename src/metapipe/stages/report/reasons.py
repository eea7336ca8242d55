"""Why two views of one sample may disagree, which of them says what, and what to check about who is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from metapipe.reporting.axis import percent, whole_number
from metapipe.reporting.hint import Hint
from metapipe.reporting.result_values import tally_at
from metapipe.reporting.summaries import Summary
from metapipe.stages.report.views import CONTIGS, MARKERS, READS, RRNA, Disagreement, View
from metapipe.taxa.domains import ARCHAEA, BACTERIA, EUKARYOTA

#: Fewer than so many to expect, and none may be chance (below 1 % of the time by Poisson's law).
EXPECTED = 5
#: Of what is named, from which the eukaryotes are worth a note.
EUKARYOTES = 0.05
#: Below so much with a taxon, the rest is the greater part.
PLACED = 0.25

DOMAINS = {ARCHAEA: "archaea", BACTERIA: "bacteria", EUKARYOTA: "eukaryotes"}
#: Views by the part of a sentence that names them.
IN_WORDS = {READS: "reads by protein", RRNA: "16S and 18S", CONTIGS: "contigs", MARKERS: "marker genes"}


def reason(one: Disagreement, rank: str) -> str:
    """Return why a taxon may be missing in a view: the most certain of the reasons that there are."""
    domain, missing = one.taxon.domain, one.missing
    if domain and missing.domains and domain not in missing.domains:
        return f"The database of that view has no {DOMAINS[domain]}: they cannot be named there."
    if one.expected < EXPECTED:
        return (
            f"May be chance: that view named {whole_number(missing.named(rank))} {missing.unit} at this rank, and so "
            f"would have {one.expected:.1f} of it."
        )
    match missing.key:
        case "contigs" if domain == EUKARYOTA:
            return "Genes are predicted as those of bacteria and archaea, so contigs of eukaryotes get few names."
        case "contigs":
            return "Contigs only show what assembles: few reads of a genome, or many close strains, leave none."
        case "rrna":
            return (
                "The database of the rRNA may lack it or call it by another name, or its 16S is too near to that of "
                "others for a name at this rank."
            )
        case "markers":
            return "A profile of marker genes needs several of them covered: few reads of a genome are not enough."
    copies = " A genome has 1 to 15 copies of the rRNA genes, which may make it look larger there."
    known = "Its proteins may be missing in the database, so that they are named after relatives or at a wider rank."
    return known + (copies if one.much.key == RRNA else "")


def lists_to_trust(views: Sequence[View]) -> tuple[tuple[str, str], ...]:
    """Return which list says who is present and which one how much there is: question, answer."""
    keys = [view.key for view in views]
    if MARKERS in keys:
        present = (
            "The marker genes: each genome has every one of them once, and several must be there before a taxon is "
            "named. The list is short and clean; rare members are missing in it."
        )
    elif len(keys) > 1:
        present = (
            "What two views name is there. What only one has, with a small share, may be a relative of something that "
            "its database lacks: lists of classified reads have many such names, the more the rarer."
        )
    else:
        present = (
            "A name with a small share may be a relative of something that the database lacks; a second view would "
            "tell. Names at wider ranks are safer."
        )
    if READS in keys:
        much = "Reads by protein: shares of the sample's DNA, so that a large genome counts for more than a small one."
    elif CONTIGS in keys and any(view.key == CONTIGS and view.unit != "bases" for view in views):
        much = "Contigs, by the reads that lie on them: shares of what was assembled, not of all there is."
    elif CONTIGS in keys:
        much = "None of these: bases of contigs say how much was assembled, not how much of it there is."
    else:
        much = "16S and 18S: shares of the rRNA genes, of which a genome has 1 to 15 copies."
    if READS in keys and RRNA in keys:
        much += " 16S and 18S give shares of rRNA genes, of which a genome has 1 to 15 copies, from far fewer reads."
    return (("Who is present?", present), ("How much of each?", much))


def advice(views: Sequence[View], summaries: Mapping[str, Sequence[Summary]]) -> list[Hint]:
    """Return what to check about who is there."""
    return [*_lacking(summaries), *_unplaced(views), *_eukaryotes(views)]


def _lacking(summaries: Mapping[str, Sequence[Summary]]) -> Iterator[Hint]:
    """The rRNA whose own model says what it is, and which the database has no relatives of."""
    lacking: dict[str, int] = {}
    for run in summaries.get("classify_rrna", ()):
        for domain, count in tally_at(run.results, "lacking_domains").items():
            lacking[domain] = lacking.get(domain, 0) + count
    for domain, count in sorted(lacking.items()):
        name = DOMAINS.get(_said(domain), domain)
        yield Hint(
            "look",
            f"The database of the rRNA has no {name}: {whole_number(count)} of their sequences stay unplaced.",
            "They were recognised by the model that found them, and are counted as unclassified.",
            f"Choose a database with {name} to see which they are.",
        )


def _said(domain: str) -> str:
    return {"arc": ARCHAEA, "bac": BACTERIA, "euk": EUKARYOTA}.get(domain[:3].lower(), domain)


def _unplaced(views: Sequence[View]) -> Iterator[Hint]:
    for view in views:
        if view.looked_at and view.classified < PLACED * view.looked_at:
            yield Hint(
                "look",
                f"Of {whole_number(view.looked_at)} {view.unit} ({IN_WORDS[view.key]}) only "
                f" {percent(view.classified, view.looked_at)} have a taxon.",
                "What is shown of this view is the lesser part of the sample: the rest resembles nothing in the "
                "database well enough.",
                "A larger database, or one of the same habitat, names more.",
            )


def _eukaryotes(views: Sequence[View]) -> Iterator[Hint]:
    for view in views:
        named = view.named("domain")
        count = sum(one.count for one in view.at.get("domain", {}).values() if one.domain == EUKARYOTA)
        if named and count > EUKARYOTES * named and view.key != CONTIGS:
            yield Hint(
                "note",
                f"{percent(count, named)} of the {view.unit} named ({IN_WORDS[view.key]}) are of eukaryotes.",
                "Their genes have introns and are not predicted here; contigs show little of them.",
            )
            return
