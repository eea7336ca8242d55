"""The page's most telling figures stacked in one picture, to embed where a page cannot be shown.

Pure: the same input gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from metapipe.reporting import figures
from metapipe.reporting.axis import percent, whole_number
from metapipe.reporting.picture import (
    SOFT,
    Picture,
    own_settings,
    shortened,
    wrapped,
)
from metapipe.reporting.picture_blocks import (
    INSIDE,
    ROOM,
    Block,
    bars_block,
    figure_block,
    funnel_block,
    head_block,
    in_pairs,
    stack,
)
from metapipe.reporting.summaries import Summary
from metapipe.stages.report.facts import Facts, gather
from metapipe.stages.report.gene_table import GeneTally
from metapipe.stages.report.hints import hints
from metapipe.stages.report.page import heading, result, verdict
from metapipe.stages.report.sections import sections
from metapipe.stages.report.story import funnel
from metapipe.stages.report.tiers import tiers_of
from metapipe.stages.report.views import View
from metapipe.stages.report.who import most_abundant

#: Which of the page's figures and lists; the page has them all.
FIGURES = ("Read quality", "Quality along the reads", "Contig length", "GC content of the contigs")
LISTS = ("Most frequent functions", "Kinds of enzymes")
_TIERS = {1: "#0f766e", 2: "#74bdb3", 3: "#c5cfd4"}


def overview(
    summaries: Mapping[str, Sequence[Summary]], table: GeneTally | None, *, title: str = "", views: Sequence[View] = ()
) -> bytes:
    """Return the picture as PNG; parameters as those of :func:`metapipe.stages.report.page.render`.

    What is not known is left out; without any number there is still a picture that says so.
    """
    facts = gather(summaries, table)
    parts = sections(facts)
    drawn = {one.title: one for part in parts for one in part.figures}
    lists = {one.title: one for part in parts for one in part.bars}
    with own_settings():
        rows = [[head_block(heading(facts, title, views), result(facts, views), verdict(facts, hints(facts)))]]
        steps = funnel(facts)
        if steps:
            rows.append([funnel_block(steps)])
        rows += in_pairs([bars_block(one) for one in most_abundant(views)])
        if sum(facts.tiers.values()):
            rows.append([_tiers(facts)])
        rows += in_pairs([bars_block(lists[name]) for name in LISTS if name in lists])
        rows += in_pairs([figure_block(drawn[name]) for name in FIGURES if name in drawn])
        return stack(rows)


def _tiers(facts: Facts) -> Block:
    total = sum(facts.tiers.values())
    tiers = tiers_of(facts.sources)
    counts = [(tier.number, facts.tiers.get(tier.number, 0)) for tier in tiers]
    heads = [f"Tier {number}: {genes(count)}, {percent(count, total)}" for number, count in counts]
    width = ROOM - 2 * INSIDE
    room = width / 3 - 26
    meanings = [wrapped(tier.meaning, 11.5, room, most=5) for tier in tiers]

    def draw(picture: Picture, x: float, y: float) -> None:
        picture.words(x + INSIDE, y + 28, "How sure are the functions?", 16, bold=True)
        picture.drawing(figures.tier_bar(counts, title=""), x + INSIDE, y + 42, width)
        for index, (tier, (number, _)) in enumerate(zip(tiers, counts, strict=True)):
            left = x + INSIDE + index * width / 3
            picture.box(left, y + 89, 11, 11, _TIERS[number], radius=2)
            picture.words(left + 18, y + 99, shortened(heads[index], 12.5, room, bold=True), 12.5, bold=True)
            picture.words(left + 18, y + 116, tier.name, 12.5)
            for line, text in enumerate(meanings[index]):
                picture.words(left + 18, y + 133 + 15.5 * line, text, 11.5, SOFT)

    return Block(134 + 15.5 * max(map(len, meanings)), draw)


def genes(count: int) -> str:
    """Return ``1 gene``, ``1,034 genes``."""
    return f"{whole_number(count)} gene{'' if count == 1 else 's'}"
