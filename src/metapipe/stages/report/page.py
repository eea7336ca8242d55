"""The page: facts, figures, hints and methods put into the template. Pure: the same input gives the same bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from metapipe import __version__
from metapipe.reporting.axis import percent, whole_number
from metapipe.reporting.citations import citations
from metapipe.reporting.figures import tier_bar
from metapipe.reporting.hint import Hint
from metapipe.reporting.methods import steps_used
from metapipe.reporting.page_parts import TierRow
from metapipe.reporting.palette import ink_on
from metapipe.reporting.summaries import Summary
from metapipe.reporting.templates import packaged, template
from metapipe.stages.report.facts import Facts, gather
from metapipe.stages.report.gene_table import GeneTally
from metapipe.stages.report.glossary import GENE_GLOSSARY, READ_GLOSSARY, WHO_GLOSSARY
from metapipe.stages.report.hints import hints
from metapipe.stages.report.reasons import advice as advice_on_taxa
from metapipe.stages.report.sections import sections
from metapipe.stages.report.steps import STEPS
from metapipe.stages.report.story import funnel, sentence
from metapipe.stages.report.tiers import tiers_of
from metapipe.stages.report.views import View
from metapipe.stages.report.who import who_part, who_sentence

#: Rows of the gene table on the page; the whole table is annotate's TSV.
SHOWN_GENES = 500

GENE_COLUMNS = (
    "Gene",
    "Tier",
    "Product",
    "Name",
    "EC",
    "Domains",
    "Organism",
    "Identity",
    "Place",
)


def render(
    summaries: Mapping[str, Sequence[Summary]],
    table: GeneTally | None,
    *,
    title: str = "",
    defaults: Mapping[str, Mapping[str, Any]] | None = None,
    views: Sequence[View] = (),
) -> str:
    """Return the page as HTML.

    :param summaries: stage → its summaries (:func:`metapipe.reporting.summaries.read_all`).
    :param table: the annotation table's tally, when there is a table.
    :param title: heading; by default the sample's name.
    :param defaults: stage → option → declared default, to mark what was changed.
    :param views: of who is there, in the order of the page.
    """
    facts = gather(summaries, table)
    advice = all_hints(facts, views, summaries)
    who = who_part(views)
    who_style = packaged("rank_choice.css") + packaged("who.css", __package__)
    parts = sections(facts)
    tiers = _tier_rows(facts)
    steps = steps_used(summaries, defaults or {}, STEPS)
    return template("page.html.j2", __package__).render(
        title=heading(facts, title, views),
        kind="annotation of a metagenome" if annotates(facts) or not views else "taxa of a metagenome",
        who=who,
        ink=ink_on,
        version=__version__,
        style=Markup(packaged("page.css") + who_style) if who else Markup(packaged("page.css")),  # noqa: S704  (our own)
        script=Markup(packaged("gene_table.js.j2", __package__)),  # noqa: S704  (our own file)
        empty=verdict(facts, advice),
        sentence=result(facts, views),
        input_names=facts.input_names,
        contents=_contents(bool(who), bool(tiers), [(part.anchor, part.title) for part in parts], advice, table),
        funnel=funnel(facts),
        tiers=tiers,
        tier_bar=tier_bar(
            [(tier.number, facts.tiers.get(tier.number, 0)) for tier in tiers_of(facts.sources)],
            title="Genes by confidence tier: " + ", ".join(f"tier {row.number} {row.share}" for row in tiers),
        ),
        sections=parts,
        hints=advice,
        genes=table.shown if table else [],
        genes_lead=_genes_lead(table) if table else "",
        gene_columns=GENE_COLUMNS,
        steps=steps,
        citations=citations(
            [name for step in steps for name, _ in step.programs],
            [database.name for step in steps for database in step.databases],
            stages=[step.stage for step in steps],
        ),
        glossary=words(facts, views),
    )


def words(facts: Facts, views: Sequence[View]) -> list[tuple[str, str]]:
    """Return the words that the page uses, with what they mean: of genes only where it speaks of genes."""
    taxa = WHO_GLOSSARY if views else ()
    if views and not annotates(facts):
        return [*READ_GLOSSARY, *taxa]
    tiers = ((f"Tier {tier.number}", f"{tier.name.capitalize()}. {tier.meaning}") for tier in tiers_of(facts.sources))
    return [*READ_GLOSSARY, *GENE_GLOSSARY, *taxa, *tiers]


def annotates(facts: Facts) -> bool:
    """Whether the analysis went on to contigs or genes: else the page is one of taxa alone."""
    return facts.contigs is not None or facts.gene_count is not None


def heading(facts: Facts, title: str, views: Sequence[View] = ()) -> str:
    """Return the title asked for, else one with the sample's name."""
    if views and not annotates(facts):
        return title.strip() or "Who is there"
    return title.strip() or (f"Annotation of {facts.sample}" if facts.sample else "Annotated metagenome")


def result(facts: Facts, views: Sequence[View]) -> Markup:
    """Return the result in plain words: what was made of the reads, and how much of it has a taxon."""
    who = who_sentence(views)
    if not who:
        return sentence(facts)
    return Markup(" ").join([sentence(facts), who]) if annotates(facts) or facts.pairs_in is not None else who


def all_hints(facts: Facts, views: Sequence[View], summaries: Mapping[str, Sequence[Summary]]) -> list[Hint]:
    """Return what to check of the annotation and of the taxa, the gravest first."""
    found = [*hints(facts), *advice_on_taxa(views, summaries)]
    return sorted(found, key=lambda hint: ("stop", "look", "note").index(hint.level))


def verdict(facts: Facts, advice: Sequence[Hint]) -> Hint | None:
    """Return the hint that says why there is no result, if there is none."""
    nothing = 0 in (facts.pairs_in, facts.contigs, facts.gene_count) or (facts.tiers and facts.supported == 0)
    lost = facts.pairs_kept == 0 and not facts.singles
    return next((hint for hint in advice if hint.level == "stop"), None) if nothing or lost else None


def _tier_rows(facts: Facts) -> list[TierRow]:
    total = sum(facts.tiers.values())
    if not total:
        return []
    return [
        TierRow(
            tier.number,
            tier.name,
            whole_number(facts.tiers.get(tier.number, 0)),
            percent(facts.tiers.get(tier.number, 0), total),
            tier.meaning,
        )
        for tier in tiers_of(facts.sources)
    ]


def _contents(
    who: bool, tiers: bool, parts: Sequence[tuple[str, str]], advice: Sequence[Hint], table: GeneTally | None
) -> list[tuple[str, str]]:
    check = f"What to check ({len(advice)})" if advice else "What to check"
    return [
        *([("who", "Who is there")] if who else []),
        *([("tiers", "How sure?")] if tiers else []),
        *parts,
        ("check", check),
        *([("genes", "The genes")] if table and table.shown else []),
        ("methods", "How it was made"),
        ("cite", "How to cite"),
        ("words", "Words used"),
    ]


def _genes_lead(table: GeneTally) -> str:
    if table.genes > len(table.shown):
        return (
            f"The {whole_number(len(table.shown))} best supported of {whole_number(table.genes)} genes. "
            "The table file in the history holds all of them, with more columns."
        )
    return "All genes, best supported first. The table file in the history holds more columns."
