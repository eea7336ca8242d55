"""The page of the quality report. Pure: the same counts give the same bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from metapipe import __version__
from metapipe.biomas.quality.figures import (
    adapter_curve,
    adapter_lines,
    base_columns,
    both_histograms,
    quality_bands,
    spans,
)
from metapipe.biomas.quality.findings import findings, good_length
from metapipe.biomas.quality.mate import Mate, mates_of
from metapipe.biomas.quality.profile import ADAPTERS, LETTERS
from metapipe.reporting.axis import bases, percent, short_number, whole_number
from metapipe.reporting.figures import Series
from metapipe.reporting.hint import Hint

Rows = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Card:
    """One figure on the page with the numbers it shows.

    :param legend: (class of the swatch, what it is).
    """

    title: str
    caption: str
    drawing: Markup
    header: Sequence[str]
    rows: Rows
    legend: Sequence[tuple[str, str]] = ()


def page(profile: Mapping[str, Any]) -> bytes:
    """Return the HTML page of a profile summed over blocks (:func:`metapipe.biomas.quality.mate.mates_of`)."""
    mates = mates_of(profile)
    advice = findings(mates)
    drawn = [mate for mate in mates if mate.bases]
    text = _template().render(
        style=Markup(_house_style() + _packaged("page.css")),  # noqa: S704  (our own files)
        version=__version__,
        names=[mate.name for mate in mates],
        sentence=sentence(mates, advice),
        hints=advice,
        labels=[mate.label for mate in mates],
        numbers=numbers(mates),
        sections=sections(drawn) if drawn else [],
        glossary=GLOSSARY,
    )
    return text.encode()


def sentence(mates: Sequence[Mate], advice: Sequence[Hint]) -> Markup:
    """Return the page in one or two sentences."""
    pairs = mates[0].reads
    usual = [int(mate.lengths.quantile(0.5)) if mate.lengths.counts else 0 for mate in mates]
    size = f"2 × {usual[0]}" if usual[0] == usual[1] else f"{usual[0]} and {usual[1]}"
    worst = next((hint.level for hint in advice), "good")
    verdict = {"stop": "See to the first point below.", "look": "There is something to look at."}
    ends = [good_length(mate) for mate in mates]
    good = " and ".join(f"base {whole_number(end)} in {mate.label}" for end, mate in zip(ends, mates, strict=True))
    reach = "to their ends" if all(end >= length for end, length in zip(ends, usual, strict=True)) else f"up to {good}"
    return Markup("<strong>{} pairs</strong> of {} bases, good {}. {}").format(
        whole_number(pairs), size, reach, verdict.get(worst, "Nothing to worry about.")
    )


def numbers(mates: Sequence[Mate]) -> Rows:
    """Return the table of numbers: a name, then a cell for each mate."""

    def row(name: str, *cells: str) -> tuple[str, ...]:
        return (name, *cells)

    return [
        row("Reads", *(whole_number(mate.reads) for mate in mates)),
        row("Bases", *(bases(mate.bases) for mate in mates)),
        row("Length: shortest, usual, longest", *(_lengths(mate) for mate in mates)),
        row("Good up to base", *(whole_number(good_length(mate)) for mate in mates)),
        row("Bases of quality 20 or better", *(percent(mate.share_from(20) * 1e6, 1e6) for mate in mates)),
        row("Bases of quality 30 or better", *(percent(mate.share_from(30) * 1e6, 1e6) for mate in mates)),
        row("G and C", *(percent(mate.letter_share("GC") * 1e6, 1e6) for mate in mates)),
        row("Unknown bases (N)", *(percent(mate.letter_share("N") * 1e6, 1e6) for mate in mates)),
        *(
            row(f"Reads with {name} adapter", *(percent(mate.adapter_reads(name), mate.reads) for mate in mates))
            for name in ADAPTERS
        ),
        row("The reads begin with", *(mate.beginning() or "–" for mate in mates)),
    ]


def _lengths(mate: Mate) -> str:
    spread = mate.lengths
    if not spread.counts:
        return "–"
    if spread.low == spread.high:
        return f"all {spread.low:.0f}"
    return f"{spread.low:.0f}, {spread.quantile(0.5):.0f}, {spread.high:.0f}"


def sections(mates: Sequence[Mate]) -> list[tuple[str, str, list[Card]]]:
    """Return (anchor, heading, figures) of each part of the page."""
    top = max(at.p90 for mate in mates for at in mate.positions)
    found = [
        ("quality", "Quality along the reads", [quality_card(mate, max(top, 40)) for mate in mates]),
        ("reads", "Read by read", read_cards(mates)),
        ("bases", "Bases along the reads", [base_card(mate) for mate in mates]),
    ]
    if any(mate.adapter_reads(name) for mate in mates for name in ADAPTERS):
        found[-1][2].append(adapter_card(mates))
    return found


def quality_card(mate: Mate, top: float) -> Card:
    """Return the card with the quantiles of the quality along the reads of one file.

    :param top: highest Phred score of the axis, the same for both mates so that they can be compared.
    """
    return Card(
        f"{mate.label}: quality by position",
        "The line is the median read. Half of all reads lie in the dark band, eight in ten in the pale one. "
        "Above 28 is good, below 20 poor.",
        quality_bands(mate, title=f"Quality along {mate.label}: good up to base {good_length(mate)}", top=top),
        ("Position", "10 %", "25 %", "Median", "75 %", "90 %", "Mean"),
        [
            (
                _span(run[0].name, run[-1].name),
                *(
                    short_number(min(getattr(at, name) for at in run))
                    for name in ("p10", "p25", "median", "p75", "p90")
                ),
                f"{sum(at.mean * at.bases for at in run) / sum(at.bases for at in run):.1f}",
            )
            for run in spans(mate.positions)
        ],
    )


def base_card(mate: Mate) -> Card:
    """Return the card with the shares of the bases along the reads of one file, in per cent; N only where it occurs."""
    shown = LETTERS if mate.letter_share("N") else LETTERS[:4]
    return Card(
        f"{mate.label}: bases by position",
        "A column of one colour: all reads agree, as in a primer or a conserved part of the gene. Amplicons look like "
        "a bar code, random fragments like four even bands.",
        base_columns(mate, title=f"Share of A, C, G, T and N along {mate.label}"),
        ("Position", *shown),
        [
            (_span(run[0].name, run[-1].name), *(f"{_mean_share(run, letter):.1f} %" for letter in shown))
            for run in spans(mate.positions)
        ],
        [(f"letter-{letter}", letter) for letter in shown],
    )


def _mean_share(run: Sequence[Any], letter: str) -> float:
    return float(100 * sum(at.shares[letter] * at.bases for at in run) / sum(at.bases for at in run))


def _span(first: str, last: str) -> str:
    return first if first == last else f"{first.split('–')[0]}–{last.split('–')[-1]}"


def read_cards(mates: Sequence[Mate]) -> list[Card]:
    """Return the cards with a histogram of both mates each: mean quality, length, GC content.

    Left out is one without any count, and that of the lengths when all reads are of one length.
    """
    both = [("", mate.label) if mate.label == "R1" else ("before", mate.label) for mate in mates]
    made = []
    for title, caption, x_name, values, low, bins in (
        (
            "Mean quality of the reads",
            "A read at 20 has one wrong base in a hundred on average, one at 30 one in a thousand.",
            "Mean Phred score",
            [(mate.label, mate.mean_qualities) for mate in mates],
            0.0,
            45,
        ),
        (
            "Length of the reads",
            "Reads as the sequencer gave them are all of one length; trimmed ones are not.",
            "Bases",
            [(mate.label, mate.lengths) for mate in mates],
            0.0,
            60,
        ),
        (
            "GC content of the reads",
            "One narrow peak is normal for amplicons: all reads are copies of one gene.",
            "% G and C",
            [(mate.label, mate.gc) for mate in mates],
            None,
            50,
        ),
    ):
        if title.startswith("Length") and len({value for _, spread in values for value, _ in spread.counts}) == 1:
            continue  # one bar says nothing that the table does not
        if not any(spread.counts for _, spread in values):
            continue
        figure, edges, series = both_histograms(values, title=title, x_name=x_name, low=low, bins=bins)
        made.append(Card(title, caption, figure, (x_name, *(mate.label for mate in mates)), _bins(edges, series), both))
    return made


def _bins(edges: Sequence[float], series: Sequence[Series]) -> Rows:
    return [
        (
            f"{low:g}" if high - low == 1 else f"{low:g}–{high - 1:g}",
            *(whole_number(one.counts[at]) for one in series),
        )
        for at, (low, high) in enumerate(pairwise(edges))
        if any(one.counts[at] for one in series)
    ]


def adapter_card(mates: Sequence[Mate]) -> Card:
    """Return the card with the share of reads, in per cent, in which an adapter has begun by each position."""
    curves = [dict(adapter_curve(mate)) for mate in mates]
    longest = max((mate.positions for mate in mates), key=len)
    return Card(
        "Adapters",
        "Reads in which an Illumina TruSeq or Nextera adapter has begun by this position: the amplicon ended there.",
        adapter_lines(mates, title="Share of reads that have run into an adapter, by position"),
        ("Position", *(mate.label for mate in mates)),
        [
            (run[-1].name, *(f"{curve.get(run[-1].middle, max(curve.values())):.1f} %" for curve in curves))
            for run in spans(longest)
        ],
        [("", mate.label) if mate.label == "R1" else ("before", mate.label) for mate in mates],
    )


GLOSSARY = (
    ("Phred score", "Quality of a base: 10 means one wrong in ten, 20 one in a hundred, 30 one in a thousand."),
    ("Median", "Half of the reads are better, half are worse."),
    ("Pair, R1, R2", "The two ends of one DNA fragment, read towards each other."),
    ("Adapter", "Artificial DNA behind the fragment; a read longer than its fragment goes on into it."),
    ("N", "A base the sequencer could not tell."),
    ("Good base", "The median is 25 or better, and three quarters of the reads have 10 or better (FastQC's limits)."),
    ("R, Y, S, W, K, M", "Two bases occur here: A or G, C or T, C or G, A or T, G or T, A or C. N: more than two."),
)


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_packaged("page.html.j2"))


def _packaged(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


def _house_style() -> str:
    return (files("metapipe.reporting") / "page.css").read_text(encoding="utf-8")
