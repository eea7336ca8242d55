"""Stage ``amplicon_report``: one page that says who is in the sample, how sure it is, and what to check."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metapipe.biomas.report.page import MOST_DRAWN, render
from metapipe.biomas.report.steps import REPEATED, STEPS
from metapipe.biomas.taxa.summarise_taxa import side_labels
from metapipe.reporting.summaries import Summary, read_all
from metapipe.runner.declare.elements import Output, SideFile, WholeInput, option
from metapipe.runner.declare.stage import Stage, Task
from metapipe.stages.registry import declared_defaults
from metapipe.taxa.taxon_table import read_taxa
from metapipe.taxa.taxon_tree import TaxonTree


@dataclass(frozen=True)
class AmpliconReportOptions:
    """Options of :class:`AmpliconReport`."""

    title: str = option("", "Heading of the page; by default one with the name of the sample")
    drawn_taxa: int = option(
        MOST_DRAWN, "Draw at most this many taxa; the rarest are left out first", minimum=1, maximum=2000
    )


class AmpliconReport(Stage):
    """Reads the summaries of any of the amplicon stages, in any order; each may be missing."""

    name = "amplicon_report"
    version = "2"  # the page offers to be saved
    summary = "Make one readable page from the summaries and the taxa of a sample"
    example = (
        "metapipe amplicon_report --summaries merge.json --summaries dereplicate.json --summaries taxa.json "
        "--taxa taxa.tsv --out-page report.html --out-figures figures.png"
    )
    side = {
        "summaries": SideFile("json", "Summary of a step (JSON); repeat for each step", multiple=True),
        "taxa": SideFile("tabular", "Taxa of the sample (summarise_taxa)", optional=True),
    }
    outputs = {
        "page": Output("html", "The report, one self-contained HTML page", label="Report"),
        "figures": Output("png", "The most telling parts of the page as one picture"),
    }
    options = AmpliconReportOptions
    invariance = WholeInput()
    empty_ok = True

    def run(self, task: Task, state: Any) -> None:  # noqa: ARG002
        """Write the page and the figures on it from all summaries, and from the table of taxa when it was given.

        :raises MetapipeError: E111 for a file that is no summary or no table of taxa, E112 for summaries of two runs of
            one stage.
        """
        files = zip(task.side_files["summaries"], side_labels(task, "summaries"), strict=True)
        summaries = read_all(list(files), STEPS, REPEATED)
        tree: TaxonTree | None = None
        if "taxa" in task.side:
            with task.side["taxa"].open("rb") as lines:
                tree = read_taxa([(lines, task.labels.get("taxa", task.side["taxa"].name))])
        title = task.options.title
        page = render(
            summaries,
            tree,
            title=title,
            defaults=declared_defaults(summaries),
            most_drawn=task.options.drawn_taxa,
        )
        # Lone surrogates, which JSON can carry, have no UTF-8 form.
        task.output("page").write(page.encode("utf-8", "replace"))
        task.output("figures").write(_figures(task, summaries, tree, title))
        task.note("stages", list(summaries))
        task.note("taxa", sum(taxon.total_reads > 0 for taxon in tree) if tree else 0)


def _figures(task: Task, summaries: Mapping[str, Sequence[Summary]], tree: TaxonTree | None, title: str) -> bytes:
    # matplotlib looks for settings and keeps its cache in the user's home, which a job may not write to.
    os.environ.setdefault("MPLCONFIGDIR", str(task.scratch))
    from metapipe.biomas.report.picture import figures

    return figures(summaries, tree, title=title)
