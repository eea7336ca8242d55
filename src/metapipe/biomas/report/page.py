"""The page: facts, lists, drawing, hints and methods put into the template. Pure: the same input, the same bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from metapipe import __version__
from metapipe.biomas.report.facts import Facts, gather
from metapipe.biomas.report.glossary import GLOSSARY, tier_words
from metapipe.biomas.report.hints import hints
from metapipe.biomas.report.methods import PIPELINE, of_classification, paragraph
from metapipe.biomas.report.rank_lists import rank_lists, reach
from metapipe.biomas.report.steps import STEPS, used
from metapipe.biomas.report.story import funnel, sentence
from metapipe.biomas.taxa.tree_drawing import tree_picture
from metapipe.reporting.axis import percent, whole_number
from metapipe.reporting.citations import citations
from metapipe.reporting.figures import tier_bar
from metapipe.reporting.hint import Hint
from metapipe.reporting.methods import steps_used
from metapipe.reporting.page_parts import TierRow
from metapipe.reporting.summaries import Summary
from metapipe.reporting.templates import packaged, template
from metapipe.taxa.taxon_tree import TaxonTree

#: Taxa in the page's drawing; the drawing of summarise_taxa has more.
MOST_DRAWN = 120


def render(
    summaries: Mapping[str, Sequence[Summary]],
    tree: TaxonTree | None,
    *,
    title: str = "",
    defaults: Mapping[str, Mapping[str, Any]] | None = None,
    most_drawn: int = MOST_DRAWN,
) -> str:
    """Return the page as HTML.

    :param summaries: stage → its summaries (:func:`metapipe.reporting.summaries.read_all`).
    :param tree: the taxa with their reads, when there is a table of them.
    :param title: heading; by default the sample's name.
    :param defaults: stage → option → declared default, to mark what was changed.
    """
    facts = gather(summaries, tree)
    advice = hints(facts)
    lists = rank_lists(facts)
    tiers = tier_rows(facts)
    steps = steps_used(summaries, defaults or {}, STEPS, used)
    depth = reach(facts)
    return template("amplicon_page.html.j2", __package__).render(
        title=heading(facts, title),
        version=__version__,
        style=Markup(packaged("page.css") + packaged("amplicon.css", __package__)),  # noqa: S704  (our own files)
        empty=verdict(facts, advice),
        sentence=sentence(facts),
        input_names=facts.input_names,
        contents=_contents(bool(tiers), bool(depth), bool(lists), bool(lists), advice),
        funnel=funnel(facts),
        tiers=tiers,
        tier_bar=tier_picture(facts),
        reach=depth,
        lists=lists,
        tree=tree_picture(tree, title=facts.sample, most=most_drawn) if tree is not None and lists else None,
        hints=advice,
        paragraph=paragraph(summaries),
        steps=steps,
        citations=citations(
            [name for step in steps for name, _ in step.programs],
            [database.name for step in steps for database in step.databases],
            (*PIPELINE, *(of_classification(summaries) if "assign_taxa" in facts.ran or tree is not None else ())),
        ),
        glossary=GLOSSARY,
    )


def heading(facts: Facts, title: str) -> str:
    """Return the title asked for, else one with the sample's name."""
    return title.strip() or (f"Taxa in {facts.sample}" if facts.sample else "Classified amplicons")


def verdict(facts: Facts, advice: Sequence[Hint]) -> Hint | None:
    """Return the hint that says why there is no result, if there is none."""
    nothing = 0 in (facts.pairs, facts.reads, facts.matched, facts.classified)
    return next((hint for hint in advice if hint.level == "stop"), None) if nothing else None


def tier_rows(facts: Facts) -> list[TierRow]:
    """Return the reads by tier of identity; nothing when they are not known."""
    total = sum(facts.tiers.values())
    return [
        TierRow(
            tier.number,
            tier.name,
            whole_number(facts.tiers.get(tier.number, 0)),
            percent(facts.tiers.get(tier.number, 0), total),
            tier.meaning,
        )
        for tier in (tier_words(facts.limits) if total else [])
    ]


def tier_picture(facts: Facts) -> Markup:
    """Return the reads by tier as one bar."""
    counts = sorted(facts.tiers.items())
    spoken = ", ".join(f"{row.name} {row.share}" for row in tier_rows(facts))
    return tier_bar(counts, title=f"Reads by their closest relative: {spoken}", counted="reads")


def _contents(tiers: bool, depth: bool, lists: bool, tree: bool, advice: Sequence[Hint]) -> list[tuple[str, str]]:
    pressing = sum(hint.level != "note" for hint in advice)
    return [
        *([("who", "Who is there?")] if lists else []),
        *([("tree", "The tree")] if tree else []),
        *([("sure", "How sure?")] if tiers or depth else []),
        ("check", f"What to check ({pressing})" if pressing else "What to check"),
        ("methods", "How it was made"),
        ("cite", "How to cite"),
        ("words", "Words used"),
    ]
