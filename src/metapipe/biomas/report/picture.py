"""The page's most telling parts as one picture (PNG), for reports of workflows, where a page cannot be shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from metapipe.biomas.report.facts import Facts, gather
from metapipe.biomas.report.hints import hints
from metapipe.biomas.report.page import heading, tier_picture, tier_rows, verdict
from metapipe.biomas.report.rank_lists import TOP, rank_lists, reach
from metapipe.biomas.report.story import funnel, sentence
from metapipe.reporting.picture import SOFT, Picture, own_settings, wrapped
from metapipe.reporting.picture_blocks import INSIDE, ROOM, Block, bars_block, funnel_block, head_block, in_pairs, stack
from metapipe.reporting.summaries import Summary
from metapipe.taxa.taxon_tree import TaxonTree

#: Ranks whose lists are in the picture; the page has them all.
LISTS = ("Phyla", "Genera", "Species")
_TIERS = {1: "#0f766e", 2: "#74bdb3", 3: "#c5cfd4"}


def figures(summaries: Mapping[str, Sequence[Summary]], tree: TaxonTree | None, *, title: str = "") -> bytes:
    """Return the picture; parameters as those of :func:`metapipe.biomas.report.page.render`.

    What is not known is left out; without any number there is still a picture that says so.
    """
    facts = gather(summaries, tree)
    # A remark on reads without a name at a rank is for the page; that there are more taxa is for here, too.
    lists = [one if len(one.bars) == TOP else replace(one, rest="") for one in rank_lists(facts) if one.title in LISTS]
    depth = reach(facts)
    with own_settings():
        rows = [[head_block(heading(facts, title), sentence(facts), verdict(facts, hints(facts)))]]
        steps = funnel(facts)
        if steps:
            rows.append([funnel_block(steps)])
        if sum(facts.tiers.values()):
            rows.append([_tiers(facts)])
        rows += in_pairs([bars_block(one) for one in ([depth] if depth else []) + lists])
        return stack(rows)


def _tiers(facts: Facts) -> Block:
    rows = tier_rows(facts)
    width = ROOM - 2 * INSIDE
    room = width / 3 - 26
    meanings = [wrapped(row.meaning, 11.5, room, most=4) for row in rows]

    def draw(picture: Picture, x: float, y: float) -> None:
        picture.words(x + INSIDE, y + 28, "How sure are the names?", 16, bold=True)
        picture.drawing(tier_picture(facts), x + INSIDE, y + 42, width)
        for index, row in enumerate(rows):
            left = x + INSIDE + index * width / 3
            picture.box(left, y + 89, 11, 11, _TIERS[row.number], radius=2)
            picture.words(left + 18, y + 99, f"{row.name}, {row.share}", 12.5, bold=True)
            picture.words(left + 18, y + 116, f"{row.count} reads", 12.5)
            for line, text in enumerate(meanings[index]):
                picture.words(left + 18, y + 133 + 15.5 * line, text, 11.5, SOFT)

    return Block(134 + 15.5 * max(map(len, meanings)), draw)
