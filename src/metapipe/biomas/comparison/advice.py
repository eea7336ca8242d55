"""What to check before samples are compared: rules of thumb, each with its limit and the reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from metapipe.biomas.comparison.compared import Comparison, RankView
from metapipe.reporting.axis import whole_number
from metapipe.reporting.hint import Hint
from metapipe.taxa.main_ranks import PLURALS

#: The largest sample has so many times the reads of the smallest: counts of taxa say more about reads than about life.
UNEVEN = 10
#: Below so many named reads a share of one per cent is a handful of reads.
FEW_READS = 1000
#: Above this share of reads without a name, what is shown is the lesser part.
UNNAMED = 0.5
#: Above this share of reads that are the only one of their taxon, the sample is not seen through (Good's coverage).
SINGLE = 0.05
_NAMED = 5


def advice(comparison: Comparison) -> list[Hint]:
    """Return what stands out, the gravest first."""
    return [*_left_out(comparison), *_uneven(comparison), *_named(comparison), *_views(comparison)]


def listed(names: Sequence[str]) -> str:
    """Return ``a, b and c``; of more than five the first ones and how many more."""
    if len(names) > _NAMED:
        return f"{', '.join(names[:_NAMED])} and {whole_number(len(names) - _NAMED)} more"
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def _left_out(comparison: Comparison) -> Iterator[Hint]:
    if comparison.left_out:
        many = len(comparison.left_out)
        yield Hint(
            "look",
            f"{whole_number(many)} sample{' is' if many == 1 else 's are'} left out.",
            "; ".join(f"{sample}: {why}" for sample, why in comparison.left_out[:_NAMED])
            + (f"; and {whole_number(many - _NAMED)} more, in the table of samples." if many > _NAMED else "."),
        )


def _uneven(comparison: Comparison) -> Iterator[Hint]:
    sized = [(reads, sample) for reads, sample in zip(comparison.reads, comparison.samples, strict=True) if reads]
    if len(sized) < 2:
        return
    (least, small), (most, large) = min(sized), max(sized)
    if most >= UNEVEN * least:
        yield Hint(
            "look",
            f"{large} has {whole_number(most / least)} times the reads of {small}.",
            "Shares and distances do not see how many reads there are, but a small sample shows fewer rare taxa, and "
            "its shares are less certain.",
            "Compare numbers of taxa by the column Rarefied, not by Observed or Chao1.",
        )


def _named(comparison: Comparison) -> Iterator[Hint]:
    poor = [
        sample
        for sample, reads, named in zip(comparison.samples, comparison.reads, comparison.classified, strict=True)
        if reads and named < (1 - UNNAMED) * reads
    ]
    if poor:
        yield Hint(
            "look",
            f"Of most reads of {listed(poor)} no taxon is known.",
            "What is compared are the reads that resemble the database; what is not in it is missing in all figures "
            "but the bars.",
        )


def _views(comparison: Comparison) -> Iterator[Hint]:
    view = next((view for view in comparison.views if view.rank == comparison.first), None)
    if view is None:
        return
    few, single = _of_few_reads(comparison, view), _not_seen_through(comparison, view)
    if few:
        yield Hint(
            "look",
            f"Fewer than {whole_number(FEW_READS)} reads of {listed(few)} are named at the rank {view.rank}.",
            "With so few reads, shares below some per cent, numbers of taxa and distances are uncertain.",
        )
    if single:
        yield Hint(
            "note",
            f"{listed(single)}: more than one read in twenty is the only one of its {view.rank}.",
            f"More reads would find more {PLURALS[view.rank]}; or these are errors, which are often single.",
        )


def _of_few_reads(comparison: Comparison, view: RankView) -> list[str]:
    return [comparison.samples[at] for at, one in zip(view.named, view.diversity, strict=True) if one.reads < FEW_READS]


def _not_seen_through(comparison: Comparison, view: RankView) -> list[str]:
    return [
        comparison.samples[at]
        for at in view.named
        if int((view.found.counts[:, at] == 1).sum()) > SINGLE * int(view.found.named[at])
    ]
