"""Keep the references that a read matches well enough (:mod:`metapipe.biomas.search.identity_tiers`).

The table ``kept`` has the rows of ``matches``, all of them, in the same order: ``read size tier identity references``.
``tier`` is ``upper``, ``lower`` or ``none``; ``identity`` that of the best reference in per cent, two decimals, cut
off; ``references`` are blank-separated and sorted. Without a tier both are empty.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from metapipe.biomas.search.identity_tiers import LOWER, NONE, UPPER, Measure, Thresholds, percent
from metapipe.biomas.tables import KEPT_TABLE, MATCH_TABLE, KeptRow
from metapipe.errors import MetapipeError
from metapipe.formats.table_rows import Place
from metapipe.runner.declare.elements import Exact, Output, Table, option
from metapipe.runner.declare.merge import HeaderOnce
from metapipe.runner.declare.stage import Stage, Task

_MATCH = re.compile("(.+):([12]:[0-9]+:[0-9]+:[0-9]+)")
_MEASURE = re.compile("([12]):([0-9]+):([0-9]+):([0-9]+)")
#: Bytes of rows and verdicts, about, that are remembered.
_REMEMBERED = 32_000_000


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
    rate = 4e7  # measured with 79 references a read, a quarter of the rows with others than all before
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
        rows = Rows(thresholds, task.labels["matches"])
        output = task.output("kept")
        output.write(KEPT_TABLE.header)
        records, reads = (dict.fromkeys((UPPER, LOWER, NONE), 0) for _ in range(2))
        for record in task.records():
            line, tier, size = rows.judge(record.sequence, record.index + 2)
            output.write(line)
            records[tier] += 1
            reads[tier] += size
        task.note("records", records)
        task.note("reads", reads)


class Rows:
    """Rows of one table. Reads of one organism often have the very same matches: what was judged is remembered.

    :param file: the table's name, for messages.
    """

    def __init__(self, thresholds: Thresholds, file: str) -> None:
        self._thresholds, self._file = thresholds, file
        self._judged: dict[bytes, tuple[str, bytes]] = {}
        self._bytes = 0

    def judge(self, line: bytes, number: int) -> tuple[bytes, str, int]:
        """Return the row of the table ``kept``, the read's tier, and the reads it stands for.

        :param number: 1-based line, for messages.
        :raises MetapipeError: E111 for a row that is none.
        """
        cells = line.split(b"\t", 2)
        known = self._judged.get(cells[2]) if len(cells) == 3 else None
        # The rest of the row was checked when it was met first: its name and size are left.
        if known is not None and len(cells[1]) < 19 and cells[1].isdigit() and _is_text(cells[0]):
            tier, verdict = known
            size = int(cells[1])
            return b"%b\t%d%b" % (cells[0], size, verdict), tier, size
        place = Place(self._file, number)
        row = MATCH_TABLE.parse(line, place)
        lengths = (row.length_1, row.length_2)
        found = self._thresholds.judge(lengths, *parse_matches(row.matches, lengths, place))
        made = KEPT_TABLE.format(
            KeptRow(row.read, row.size, found.tier, percent(found.identity), " ".join(found.references))
        )
        self._remember(cells[2], found.tier, b"\t" + made.split(b"\t", 2)[2])
        return made, found.tier, row.size

    def _remember(self, rest: bytes, tier: str, verdict: bytes) -> None:
        self._bytes += len(rest) + len(verdict) + 200
        if self._bytes > _REMEMBERED:
            self._judged.clear()
            self._bytes = len(rest) + len(verdict)
        self._judged[rest] = tier, verdict


def parse_matches(cell: str, lengths: tuple[int, int], place: Place) -> tuple[list[str], list[Measure]]:
    """Return references and measures of the matches in a cell; raise E111 for one that cannot be."""
    if not cell:
        return [], []
    references, texts = [], []
    for entry in cell.split(" "):
        reference, _, text = entry.partition(":")
        references.append(reference)
        texts.append(text)
    measures = {text: _measure(text, lengths) for text in set(texts)}
    if "" in references or None in measures.values():  # a colon in a name, or what is no match
        return _one_by_one(cell, lengths, place)
    return references, [measures[text] for text in texts]  # type: ignore[misc]  # none is None


def _one_by_one(cell: str, lengths: tuple[int, int], place: Place) -> tuple[list[str], list[Measure]]:
    references, measures = [], []
    for entry in cell.split(" "):
        found = _MATCH.fullmatch(entry)
        measure = _measure(found[2], lengths) if found else None
        if found is None or measure is None:
            expected = "REFERENCE:mate:columns:differences:bases in column matches"
            raise MetapipeError("E111", file=place.file, line=place.line, expected=expected, found=entry)
        references.append(found[1])
        measures.append(measure)
    return references, measures


def _measure(text: str, lengths: tuple[int, int]) -> Measure | None:
    """What ``mate:columns:differences:bases`` says; None where it cannot be of a read of these lengths."""
    found = _MEASURE.fullmatch(text)
    if found is None:
        return None
    measure = Measure(*map(int, found.groups()))
    fits = 0 < measure.bases <= measure.columns and measure.differences <= measure.columns
    return measure if fits and measure.bases <= lengths[measure.mate - 1] else None


def _is_text(cell: bytes) -> bool:
    if cell.isascii():
        return True
    try:
        cell.decode()
    except UnicodeDecodeError:
        return False
    return True
