"""The page: numbers, figures and advice put into the template. Pure: the same input gives the same bytes."""

from __future__ import annotations

from markupsafe import Markup

from metapipe import __version__
from metapipe.biomas.comparison.advice import advice
from metapipe.biomas.comparison.compared import Comparison
from metapipe.biomas.comparison.figures import MOST_PAIRED, bars_without_ranks, rank_figures
from metapipe.biomas.comparison.words import CITATIONS, GLOSSARY
from metapipe.reporting.axis import percent, whole_number
from metapipe.reporting.hint import Hint
from metapipe.reporting.page_parts import counted
from metapipe.reporting.palette import ink_on
from metapipe.reporting.templates import packaged, template


def render(comparison: Comparison) -> str:
    """Return the page as HTML."""
    hints = advice(comparison)
    return template("comparison.html.j2", __package__).render(
        title=heading(comparison),
        version=__version__,
        style=Markup(packaged("page.css") + packaged("rank_choice.css") + packaged("comparison.css", __package__)),  # noqa: S704  (our own files)
        script=Markup(packaged("comparison.js.j2", __package__)),  # noqa: S704  (our own file)
        empty=verdict(comparison),
        sentence=sentence(comparison),
        contents=_contents(comparison, hints),
        comparison=comparison,
        ranks=[rank_figures(comparison, view) for view in comparison.views],
        nothing=bars_without_ranks(comparison) if not comparison.views else None,
        several=len(comparison.samples) > 1,
        paired=len(comparison.samples) <= MOST_PAIRED,
        samples=_samples(comparison),
        hints=hints,
        citations=CITATIONS,
        ink=ink_on,
        glossary=GLOSSARY,
    )


def heading(comparison: Comparison) -> str:
    """How many samples are compared; of one, which."""
    many = len(comparison.samples)
    return f"Who is there in {whole_number(many)} samples" if many > 1 else f"Who is there in {comparison.samples[0]}"


def sentence(comparison: Comparison) -> Markup:
    """Return the result in plain words."""
    reads, named = sum(comparison.reads), sum(comparison.classified)
    text = Markup("{} with {}").format(counted(len(comparison.samples), "sample"), counted(reads, "read"))
    if reads:
        text += Markup("; <strong>{}</strong> of the reads have a taxon").format(percent(named, reads))
    if comparison.left_out:
        many = len(comparison.left_out)
        text += Markup("; {} left out").format(counted(many, "sample is", "samples are"))
    return text + Markup(".")


def verdict(comparison: Comparison) -> Hint | None:
    """Say that there is nothing to compare, if so."""
    if not sum(comparison.reads):
        return Hint("stop", "No sample has any read.", "There is nothing to show.")
    if not sum(comparison.classified):
        what = "No read of any sample was given a taxon."
        return Hint("stop", what, "Is the database the right one for these samples?")
    if not comparison.views:
        what = "No read of any sample has a name at a main rank, domain to species."
        return Hint("stop", what, "What was counted are no taxa, or all of them are at the root.")
    return None


def _contents(comparison: Comparison, hints: list[Hint]) -> list[tuple[str, str]]:
    check = f"What to check ({len(hints)})" if hints else "What to check"
    figures = [("shares", "Shares"), ("map", "Taxa by sample"), ("alpha", "How many kinds")]
    if len(comparison.samples) > 1:
        figures.append(("beta", "How alike"))
    return [
        *(figures if comparison.views else figures[:1]),
        ("check", check),
        ("samples", "The samples"),
        ("cite", "How to cite"),
        ("words", "Words used"),
    ]


def _samples(comparison: Comparison) -> list[tuple[str, str, str, str]]:
    """Sample, reads, classified, left out."""
    rows = [
        (sample, whole_number(reads), f"{whole_number(named)} ({percent(named, reads)})" if reads else "0", "")
        for sample, reads, named in zip(comparison.samples, comparison.reads, comparison.classified, strict=True)
    ]
    return rows + [(sample, "", "", why) for sample, why in comparison.left_out]
