"""One page that says what was found, how sure it is, and what to check. Self-contained HTML."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metapipe.formats.gzip_files import is_gzip
from metapipe.reporting.summaries import Summary, read_all
from metapipe.runner.declare.elements import Output, SideFile, WholeInput, option
from metapipe.runner.declare.stage import Stage, Task
from metapipe.stages.registry import declared_defaults
from metapipe.stages.report.gene_table import GeneTally, tally
from metapipe.stages.report.page import SHOWN_GENES, render
from metapipe.stages.report.steps import REPEATED, STEPS
from metapipe.stages.report.views import CONTIGS, MARKERS, READS, RRNA, View
from metapipe.stages.report.who import view
from metapipe.taxa.taxon_table import read_taxa

#: Tables of taxa: input, what they are a view of, what they count where that is not what the view counts otherwise.
VIEWS = (
    ("read-taxa", READS, ""),
    ("rrna-taxa", RRNA, ""),
    ("contig-taxa", CONTIGS, ""),
    ("mapped-taxa", CONTIGS, "mapped reads"),
    ("marker-taxa", MARKERS, ""),
)


@dataclass(frozen=True)
class AnnotationReportOptions:
    """Options of :class:`AnnotationReport`."""

    title: str = option("", "Heading of the page; by default the name of the sample")


class AnnotationReport(Stage):
    """Reads the summaries of any of the other stages, in any order; each may be missing."""

    name = "annotation_report"
    version = "3"  # the page says who is there
    summary = "Make one readable page from the summaries of the other steps"
    example = (
        "metapipe annotation_report --summaries trim.json --summaries contigs.json --summaries annotate.json "
        "--table annotation.tsv --out-page report.html --out-figures figures.png"
    )
    side = {
        "summaries": SideFile("json", "Summary of a step (JSON); repeat for each step", multiple=True),
        "table": SideFile("tabular", "Annotation table", optional=True),
        "read-taxa": SideFile("tabular", "Reads by taxon (classify_reads)", optional=True),
        "rrna-taxa": SideFile("tabular", "16S and 18S by taxon (classify_rrna)", optional=True),
        "contig-taxa": SideFile("tabular", "Bases of contigs by taxon (contig_taxonomy)", optional=True),
        "mapped-taxa": SideFile("tabular", "Reads on contigs by taxon (map_reads), in place of bases", optional=True),
        "marker-taxa": SideFile("tabular", "Marker genes by taxon (profile_markers)", optional=True),
    }
    outputs = {
        "page": Output("html", "The report, one self-contained HTML page", label="Report"),
        "figures": Output("png", "The most telling figures of the page as one picture"),
    }
    options = AnnotationReportOptions
    invariance = WholeInput()
    empty_ok = True

    def run(self, task: Task, state: Any) -> None:  # noqa: ARG002
        """Write the page and the figures on it from all summaries, and from the annotation table when it was given.

        :raises MetapipeError: E111 for a file that is no summary or no such table, E112 for summaries of two runs of
            one stage.
        """
        paths = task.side_files["summaries"]
        labels = [task.labels.get(f"summaries.{position}", path.name) for position, path in enumerate(paths)]
        summaries = read_all(list(zip(paths, labels, strict=True)), STEPS, REPEATED)
        table: GeneTally | None = None
        if "table" in task.side:
            path = task.side["table"]
            table = tally(_lines(path), task.labels.get("table", path.name), SHOWN_GENES)
        views = _views(task, summaries)
        page = render(summaries, table, title=task.options.title, defaults=declared_defaults(summaries), views=views)
        # Lone surrogates, which JSON can carry, have no UTF-8 form.
        task.output("page").write(page.encode("utf-8", "replace"))
        task.output("figures").write(_figures(task, summaries, table, views))
        task.note("stages", list(summaries))
        task.note("genes", table.genes if table else 0)
        task.note("views", [one.key for one in views])


def _views(task: Task, summaries: Mapping[str, Sequence[Summary]]) -> list[View]:
    """The views of who is there that tables were given for; E111, E107 or E125 for one that is none."""
    views = []
    for name, key, unit in VIEWS:
        if name not in task.side or (name == "contig-taxa" and "mapped-taxa" in task.side):
            continue
        path = task.side[name]
        views.append(view(key, read_taxa([(_lines(path), task.labels.get(name, path.name))]), summaries, unit=unit))
    return views


def _figures(
    task: Task, summaries: Mapping[str, Sequence[Summary]], table: GeneTally | None, views: Sequence[View]
) -> bytes:
    # matplotlib looks for settings and keeps its cache in the user's home, which a job may not write to.
    os.environ.setdefault("MPLCONFIGDIR", str(task.scratch))
    from metapipe.stages.report.overview import overview

    return overview(summaries, table, title=task.options.title, views=views)


def _lines(path: Path) -> Iterator[bytes]:
    with gzip.open(path, "rb") if is_gzip(path) else path.open("rb") as lines:
        yield from lines
