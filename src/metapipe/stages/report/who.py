"""The part *Who is there* of the page: how much each view placed, shares side by side, disagreements with reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from metapipe.reporting import palette, stacked_bars
from metapipe.reporting.axis import percent, whole_number
from metapipe.reporting.page_parts import Bar, BarList, counted
from metapipe.reporting.result_values import count_at
from metapipe.reporting.sample_rows import Rows
from metapipe.reporting.stacked_bars import Part
from metapipe.reporting.summaries import Summary
from metapipe.stages.report.reasons import IN_WORDS, lists_to_trust, reason
from metapipe.stages.report.views import (
    CONTIGS,
    MARKERS,
    READS,
    RRNA,
    Beside,
    View,
    disagreements,
    shared_ranks,
    side_by_side,
)
from metapipe.taxa.main_ranks import MAIN_RANKS, PLURALS
from metapipe.taxa.rank_counts import first_rank
from metapipe.taxa.taxon_tree import TaxonTree

#: Taxa in the table of a rank.
MOST = 20
_BARS = 10  # of a view in the picture

#: What each view looks at, under its name.
LOOKS_AT = {
    READS: "every read, by the proteins it resembles",
    RRNA: "16S and 18S cut out of the reads",
    CONTIGS: "contigs, by what their genes resemble",
    MARKERS: "genes that every genome has once",
}
_NAMES = {READS: "Reads by protein", RRNA: "16S and 18S", CONTIGS: "Contigs", MARKERS: "Marker genes"}
#: Stages that note which domains of life the view's database has.
_STAGES = {READS: "classify_reads", RRNA: "classify_rrna", CONTIGS: "contig_taxonomy", MARKERS: "profile_markers"}


@dataclass(frozen=True)
class Placed:
    """A row of the table that says how much a view placed: its name, what it looks at, cells."""

    name: str
    note: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class RankPart:
    """What the page says at one rank. :param disagree: what, why. :param legend: colour, mark, name, note."""

    rank: str
    title: str
    caption: str
    drawing: Markup
    legend: tuple[tuple[str, str, str, str], ...]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    rest: str
    disagree: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class WhoPart:
    """All of the part. :param first: the rank shown first. :param trust: question, answer."""

    ranks_header: tuple[str, ...]
    placed: tuple[Placed, ...]
    first: str
    ranks: tuple[RankPart, ...]
    trust: tuple[tuple[str, str], ...]
    several: bool


def view(key: str, tree: TaxonTree, summaries: Mapping[str, Sequence[Summary]], *, unit: str = "") -> View:
    """Return a view of a sample's taxa. :param unit: what it counts; by default what the key says."""
    noted = [run.results.get("database_domains") for run in summaries.get(_STAGES[key], ())]
    domains = {one for text in noted if isinstance(text, str) for one in text.split(", ") if one}
    units = {READS: _reads(summaries), RRNA: "sequences", CONTIGS: "bases", MARKERS: "reads"}
    return View(key, _NAMES[key], unit or units[key], tree, tuple(sorted(domains)))


def _reads(summaries: Mapping[str, Sequence[Summary]]) -> str:
    """Whether what was classified were pairs: of these, the stage notes both files."""
    pairs = [
        count_at(run.inputs.get("reads-2", {}), "records") is not None for run in summaries.get("classify_reads", ())
    ]
    return "read pairs" if pairs and all(pairs) else "reads"


def who_part(views: Sequence[View]) -> WhoPart | None:
    """Return the part; None without a view."""
    if not views:
        return None
    ranks = shared_ranks(views)
    return WhoPart(
        ranks_header=tuple(MAIN_RANKS),
        placed=tuple(_placed(one) for one in views),
        first=first_rank(ranks),
        ranks=tuple(_rank(views, rank) for rank in ranks),
        trust=lists_to_trust(views),
        several=len(views) > 1,
    )


def who_sentence(views: Sequence[View]) -> Markup:
    """Return how much each view placed, in plain words; nothing without views."""
    said = [
        Markup("<strong>{}</strong> of {} {} ({})").format(
            percent(one.classified, one.looked_at), whole_number(one.looked_at), one.unit, IN_WORDS[one.key]
        )
        if one.key != RRNA
        else Markup("<strong>{}</strong> of {}").format(
            percent(one.classified, one.looked_at), counted(one.looked_at, "16S or 18S", "16S and 18S")
        )
        for one in views
        if one.looked_at
    ]
    if not said:
        return Markup("")
    text = Markup(", ").join(said[:-1])
    joined = Markup(" and ").join([text, said[-1]] if text else [said[-1]])
    return joined + Markup(" have a taxon.")


def most_abundant(views: Sequence[View]) -> list[BarList]:
    """Return the most abundant taxa of each view as bars, at the rank that the page shows first."""
    rank = first_rank(shared_ranks(views))
    found = side_by_side(views, rank) if rank else []
    lists = []
    for at, one in enumerate(views):
        taxa = [taxon for taxon in found if taxon.counts[at]]
        taxa.sort(key=lambda taxon: (-taxon.counts[at], taxon.key))
        shown = taxa[:_BARS]
        if shown:
            total, longest = one.named(rank), shown[0].counts[at]
            bars = (
                Bar(taxon.name, "", percent(taxon.counts[at], total), 100 * taxon.counts[at] / longest)
                for taxon in shown
            )
            caption = f"Share of the {whole_number(total)} {one.unit} named at the rank {rank}."
            lists.append(BarList(f"Who is there: {IN_WORDS[one.key]}", caption, "share", tuple(bars)))
    return lists


def _placed(one: View) -> Placed:
    at_ranks = tuple(percent(one.named(rank), one.looked_at) if one.looked_at else "–" for rank in MAIN_RANKS)
    total = f"{whole_number(one.looked_at)} {one.unit}"
    return Placed(one.name, LOOKS_AT[one.key], (total, percent(one.classified, one.looked_at), *at_ranks))


def _rank(views: Sequence[View], rank: str) -> RankPart:
    plural = PLURALS[rank]
    taxa = side_by_side(views, rank)
    top = taxa[: len(palette.KINDS)]
    parts = [
        Part(one.name, colour, str(at)) for at, (one, colour) in enumerate(zip(top, palette.KINDS, strict=False), 1)
    ]
    rest = taxa[len(top) :]
    parts += [Part(f"other {plural}", palette.OTHER)] if rest else []
    shares = []
    for at in range(len(views)):
        own = [one.shares[at] or 0.0 for one in top]
        shares.append([*own, *([sum(one.shares[at] or 0.0 for one in rest)] if rest else [])])
    names = tuple(one.name for one in views)
    means = [*(percent(one.mean, 1) for one in top), *([""] if rest else [])]
    caption = (
        f"Of what each view named at this rank: 100 % is {_bases_of(views, rank)}. "
        f"The {len(top)} most abundant {plural} have a colour and a number."
    )
    said = ", ".join(f"{one.name} {mean}" for one, mean in zip(top, means, strict=False))
    shown = taxa[:MOST]
    more = len(taxa) - len(shown)
    return RankPart(
        rank,
        f"{plural.capitalize()} side by side" if len(views) > 1 else plural.capitalize(),
        caption,
        stacked_bars.stacked_bars(
            Rows(names, stacked_bars.TOP), shares, parts, title=f"{plural.capitalize()} by view, on average: {said}."
        ),
        tuple((part.colour, part.mark, part.name, mean) for part, mean in zip(parts, means, strict=True)),
        (rank, *(f"{one.name} ({one.unit})" for one in views)),
        tuple((one.name, *(_cell(one, at) for at in range(len(views)))) for one in shown),
        f"and {whole_number(more)} rarer ones, in the tables of taxa" if more else "",
        tuple(_disagreement(views, rank, taxa)),
    )


def _bases_of(views: Sequence[View], rank: str) -> str:
    return ", ".join(f"{whole_number(one.named(rank))} {one.unit} ({IN_WORDS[one.key]})" for one in views)


def _cell(one: Beside, at: int) -> str:
    share = one.shares[at]
    if share is None:
        return "–"
    return f"{percent(share, 1)} ({whole_number(one.counts[at])})" if one.counts[at] else "none"


def _disagreement(views: Sequence[View], rank: str, taxa: Sequence[Beside]) -> list[tuple[str, str]]:
    return [
        (
            f"{one.taxon.name}: {percent(one.share, 1)} of {IN_WORDS[one.much.key]}, "
            f"none of {IN_WORDS[one.missing.key]}.",
            reason(one, rank),
        )
        for one in disagreements(views, rank, taxa)
    ]
