"""Keep the references that a read matches well enough (:mod:`metapipe.biomas.search.identity_tiers`).

The table ``kept`` has the rows of ``matches``, all of them, in the same order: ``read size tier identity references``.
``tier`` is ``upper``, ``lower`` or ``none``; ``identity`` that of the best reference in per cent, two decimals, cut
off; ``references`` are blank-separated and sorted. Without a tier both are empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from metapipe.biomas.search.identity_tiers import LOWER, NONE, UPPER, Match, Thresholds, percent
from metapipe.biomas.tables import KEPT_TABLE, MATCH_TABLE, KeptRow
from metapipe.errors import MetapipeError
from metapipe.formats.table_rows import Place
from metapipe.runner.declare.elements import Exact, Output, Table, option
from metapipe.runner.declare.merge import HeaderOnce
from metapipe.runner.declare.stage import Stage, Task

_MATCH = re.compile("(.+):([12]):([0-9]+):([0-9]+):([0-9]+)")


@dataclass(frozen=True)
class FilterMatchesOptions:
    """Options of :class:`FilterMatches`. Defaults: BioMaS's, but for ``best_margin``.

    BioMaS lets all references of a tier count the same (100 here). With the best only, more genera and species are
    named, and more of them rightly: docs/benchmarks/amplicon-truth.md.
    """

    min_coverage: float = option(
        70.0, "Least share of a read that is aligned, in per cent", minimum=0, maximum=100, per_cent=True
    )
    upper_identity: float = option(
        97.0, "Lowest identity of the upper tier, in per cent", minimum=0, maximum=100, per_cent=True
    )
    lower_identity: float = option(
        90.0, "Lowest identity of the lower tier, in per cent", minimum=0, maximum=100, per_cent=True
    )
    best_margin: float = option(
        0.0,
        "Keep references of the tier at most this many points of identity below the best; 0: the best only, "
        "100: all of the tier, as BioMaS does",
        minimum=0,
        maximum=100,
    )


class FilterMatches(Stage):
    """Each row is judged on its own (:class:`~metapipe.biomas.search.identity_tiers.Thresholds`); none is dropped."""

    name = "filter_matches"
    summary = "Keep the references a read matches well enough, in two tiers of identity"
    example = "metapipe filter_matches --matches matches.tsv --upper-identity 97 --out-kept kept.tsv"
    records = Table("matches", columns=MATCH_TABLE.columns, help="table of map_amplicons or map_pairs, plain or gzip")
    outputs = {"kept": Output("tabular", "one row a read with its tier and references", HeaderOnce())}
    options = FilterMatchesOptions
    invariance = Exact()
    rate = 1e7
    empty_ok = True

    def check(self, options: FilterMatchesOptions) -> None:
        """Refuse a lower limit of identity above the upper one (E701)."""
        if options.lower_identity > options.upper_identity:
            expected = f"--lower-identity not above --upper-identity ({options.upper_identity:g})"
            raise MetapipeError("E701", expected=expected, found=f"{options.lower_identity:g}")

    def run(self, task: Task, state: Any) -> None:  # noqa: ARG002
        """Write a row a read: its tier, best identity in per cent, references kept. Count rows and reads by tier."""
        options = task.options
        thresholds = Thresholds.of_percent(
            options.min_coverage, options.upper_identity, options.lower_identity, options.best_margin
        )
        output = task.output("kept")
        output.write(KEPT_TABLE.header)
        records, reads = (dict.fromkeys((UPPER, LOWER, NONE), 0) for _ in range(2))
        for record in task.records():
            place = Place(task.labels["matches"], record.index + 2)
            row = MATCH_TABLE.parse(record.sequence, place)
            lengths = (row.length_1, row.length_2)
            verdict = thresholds.judge(lengths, list(parse_matches(row.matches, lengths, place)))
            references = " ".join(verdict.references)
            output.write(
                KEPT_TABLE.format(KeptRow(row.read, row.size, verdict.tier, percent(verdict.identity), references))
            )
            records[verdict.tier] += 1
            reads[verdict.tier] += row.size
        task.note("records", records)
        task.note("reads", reads)


def parse_matches(cell: str, lengths: tuple[int, int], place: Place) -> Iterator[Match]:
    """Yield the matches of a cell; raise E111 for one that cannot be."""
    for entry in cell.split(" ") if cell else ():
        found = _MATCH.fullmatch(entry)
        if found:
            mate, columns, differences, bases = map(int, found.groups()[1:])
            if 0 < bases <= columns and differences <= columns and bases <= lengths[mate - 1]:
                yield Match(found[1], mate, columns, differences, bases)
                continue
        expected = "REFERENCE:mate:columns:differences:bases in column matches"
        raise MetapipeError("E111", file=place.file, line=place.line, expected=expected, found=entry)
