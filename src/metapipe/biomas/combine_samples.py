"""Stage ``combine_samples``: the taxa of many samples side by side, as table, BIOM and interactive chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from metapipe.biomas.biom_table import biom
from metapipe.biomas.krona_page import PROGRAMS, krona_page, krona_version
from metapipe.biomas.summarise_taxa import note_counts, opened, side_labels, stem
from metapipe.biomas.taxon_table import read_taxa, write_across
from metapipe.errors import MetapipeError
from metapipe.runner.stage import Output, SideFile, Stage, Task, WholeInput, option


@dataclass(frozen=True)
class CombineSamplesOptions:
    """Options of :class:`CombineSamples`."""

    counts: str = option(
        "total",
        "In the table: reads at a taxon and below it (total), or only those placed right at it (direct)",
        choices=("total", "direct"),
    )


class CombineSamples(Stage):
    """The samples keep the order in which they are given."""

    name = "combine_samples"
    summary = "Put the taxa of many samples side by side as table, BIOM and interactive chart (Krona)"
    example = "metapipe combine_samples --taxa bay-3.tsv --taxa bay-4.tsv --outdir combined"
    side = {
        "taxa": SideFile("tabular", "Taxa of a sample (summarise_taxa), named after it; repeat for each", multiple=True)
    }
    outputs = {
        "table": Output("tabular", "A taxon a row, a sample a column", label="Taxa of all samples"),
        "biom": Output("biom1", "Reads directly at each taxon of each sample, BIOM 1.0", label="Counts (BIOM)"),
        "sunburst": Output(
            "html", "Interactive chart (Krona) with all samples, one offline page", label="Chart of all samples"
        ),
    }
    options = CombineSamplesOptions
    invariance = WholeInput()
    programs = PROGRAMS
    empty_ok = True

    def run(self, task: Task, state: Any) -> None:  # noqa: ARG002
        labels = side_labels(task, "taxa")
        samples = sample_names(labels)
        with opened(task.side_files["taxa"]) as files:
            tree = read_taxa(list(zip(files, labels, strict=True)))
        for row in write_across(tree, samples, direct=task.options.counts == "direct"):
            task.output("table").write(row)
        task.output("biom").write(biom(tree, samples).encode())
        task.output("sunburst").write(krona_page(task, tree, samples))
        task.note("samples", len(samples))
        note_counts(task, tree)

    def tool_versions(self) -> dict[str, str]:
        return krona_version()


def sample_names(labels: Sequence[str]) -> list[str]:
    """Return the samples' names, the files' without their endings; E124 when two are the same."""
    names = [stem(label) for label in labels]
    for index, name in enumerate(names):
        if name in names[:index]:
            first = labels[names.index(name)]
            raise MetapipeError("E124", f"sample '{name}' is also in {first}", file=labels[index])
    return names
