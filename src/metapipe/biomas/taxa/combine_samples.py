"""Stage ``combine_samples``: the taxa of many samples side by side, as table, BIOM, interactive chart and page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from metapipe.biomas.comparison.compared import compare
from metapipe.biomas.comparison.page import render
from metapipe.biomas.taxa.biom_table import biom
from metapipe.biomas.taxa.krona_page import PROGRAMS, krona_page, krona_version
from metapipe.biomas.taxa.summarise_taxa import note_counts, opened, side_labels, stem
from metapipe.errors import MetapipeError
from metapipe.formats.table_rows import format_row, header_line
from metapipe.runner.declare.elements import Output, SideFile, WholeInput, option
from metapipe.runner.declare.stage import Stage, Task
from metapipe.taxa.taxon_table import read_taxa, write_across
from metapipe.taxa.taxon_tree import TaxonTree

#: Columns of the table of samples. ``left_out`` says why, and is empty for those that are compared.
SAMPLE_COLUMNS = ("sample", "reads", "classified", "left_out")
NO_READS, NO_RESULT = "no reads", "no result: a step before this one failed"
_NAMED = 10  # of the samples that failed, in the one line that says that all did


@dataclass(frozen=True)
class CombineSamplesOptions:
    """Options of :class:`CombineSamples`."""

    counts: str = option(
        "total",
        "In the table: reads at a taxon and below it (total), or only those placed right at it (direct)",
        choices=("total", "direct"),
    )


class CombineSamples(Stage):
    """The samples keep the order in which they are expected, the others that in which they are given.

    Those without any read have nothing to compare, those that failed before have no table: both are named, in the
    table of samples, on the chart and on the page, and the others are compared.
    """

    name = "combine_samples"
    summary = "Put the taxa of many samples side by side as table, BIOM, interactive chart (Krona) and page of figures"
    example = "metapipe combine_samples --taxa bay-3.tsv --taxa bay-4.tsv --outdir combined"
    version = "4"  # there is a page of figures
    side = {
        "taxa": SideFile(  # a workflow gives none where every sample failed before: said in other words than "required"
            "tabular",
            "Taxa of a sample (summarise_taxa), named after it; repeat for each",
            optional=True,
            multiple=True,
        ),
        "expected": SideFile(
            "txt",
            "Names of all samples, one a line: those without a table of taxa are named as left out",
            optional=True,
        ),
    }
    outputs = {
        "table": Output("tabular", "A taxon a row, a sample a column, the lineage last", label="Taxa of all samples"),
        "biom": Output("biom1", "Reads directly at each taxon of each sample, BIOM 1.0", label="Counts (BIOM)"),
        "sunburst": Output(
            "html", "Interactive chart (Krona) with all samples, one offline page", label="Chart of all samples"
        ),
        "samples": Output(
            "tabular", "A sample a row: its reads, and why it is left out if it is", label="Samples compared"
        ),
        "page": Output(
            "html",
            "Shares, heat map, diversity and distances of all samples, one offline page",
            label="Samples side by side",
        ),
    }
    options = CombineSamplesOptions
    invariance = WholeInput()
    programs = PROGRAMS
    empty_ok = True

    def run(self, task: Task, state: Any) -> None:  # noqa: ARG002
        """Write the table, the BIOM file, the chart, the page, and the table of samples with why some are left out.

        :raises MetapipeError: E126 when no sample is left; E107, E111 or E125 for tables that do not fit together.
        """
        paths, named = task.side_files.get("taxa", ()), _expected(task)
        if not paths:
            _refuse(named)
        labels = side_labels(task, "taxa")
        places = {name: place for place, name in enumerate(named)}
        order = sorted(range(len(paths)), key=lambda at: places.get(stem(labels[at]), len(places)))
        paths, labels = [paths[at] for at in order], [labels[at] for at in order]
        samples = sample_names(labels)
        tree = _read(paths, labels)
        classified = dict(zip(samples, tree.root.total if tree.root else [0] * len(samples), strict=True))
        nowhere = dict(zip(samples, tree.unclassified, strict=True))
        reads = {sample: classified[sample] + nowhere[sample] for sample in samples}
        compared = [sample for sample in samples if reads[sample]] or samples
        if compared != samples:
            kept = [index for index, sample in enumerate(samples) if sample in compared]
            tree = _read([paths[index] for index in kept], [labels[index] for index in kept])
        left_out = {sample: NO_READS for sample in samples if sample not in compared}
        left_out |= {sample: NO_RESULT for sample in named if sample not in reads}
        everyone = list(dict.fromkeys([*named, *samples]))
        for row in write_across(tree, compared, direct=task.options.counts == "direct"):
            task.output("table").write(row)
        task.output("biom").write(biom(tree, compared).encode())
        missing = [(sample, left_out[sample]) for sample in everyone if sample in left_out]
        task.output("sunburst").write(krona_page(task, tree, compared, missing))
        task.output("page").write(render(compare(tree, compared, missing)).encode())
        task.output("samples").write(header_line(SAMPLE_COLUMNS))
        for sample in everyone:
            counts = [str(count[sample]) if sample in count else "" for count in (reads, classified)]
            task.output("samples").write(format_row((sample, *counts, left_out.get(sample, ""))))
        task.note("samples", len(compared))
        task.note("left_out", [f"{sample}: {why}" for sample, why in missing])
        note_counts(task, tree)

    def tool_versions(self) -> dict[str, str]:
        """The version of KronaTools that the charts are made with."""
        return krona_version()


def _refuse(named: Sequence[str]) -> NoReturn:
    """Say that there is nothing to compare: because every sample failed before, or because none was given."""
    if not named:
        raise MetapipeError("E126", "no table of taxa was given, expected one a sample (--taxa)")
    shown = ", ".join(named[:_NAMED]) + (f" and {len(named) - _NAMED} more" if len(named) > _NAMED else "")
    raise MetapipeError("E126", f"no sample is left, a step before this one failed for all {len(named)}: {shown}")


def _read(paths: Sequence[Path], labels: Sequence[str]) -> TaxonTree:
    with opened(paths) as files:
        return read_taxa(list(zip(files, labels, strict=True)))


def _expected(task: Task) -> list[str]:
    """Return the names of all samples, as the user gave them; none when there is no such list."""
    if "expected" not in task.side:
        return []
    lines = task.side["expected"].read_text(encoding="utf-8", errors="replace").splitlines()
    return [stem(line) for line in lines if line.strip()]


def sample_names(labels: Sequence[str]) -> list[str]:
    """Return the samples' names, the files' without their endings; E124 when two are the same."""
    names = [stem(label) for label in labels]
    for index, name in enumerate(names):
        if name in names[:index]:
            first = labels[names.index(name)]
            raise MetapipeError("E124", f"sample '{name}' is also in {first}", file=labels[index])
    return names
