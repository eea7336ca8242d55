"""Stage ``summarise_taxa``: what was found in one sample, as table, tree, BIOM, drawing and interactive chart."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from metapipe.biomas.taxa.biom_table import biom
from metapipe.biomas.taxa.krona_page import PROGRAMS, krona_page, krona_version
from metapipe.biomas.taxa.newick import newick
from metapipe.biomas.taxa.tree_drawing import MOST_DRAWN, draw_tree
from metapipe.formats.plain_text import one_line
from metapipe.runner.declare.elements import Output, SideFile, WholeInput, option
from metapipe.runner.declare.stage import Stage, Task
from metapipe.taxa.main_ranks import main_ranks
from metapipe.taxa.taxon_table import count_assignments, write_taxa
from metapipe.taxa.taxon_tree import TaxonTree

#: Only these: in Galaxy names are those of samples, and one such as ``depth.10`` has no ending.
_ENDING = re.compile(r"\.(tabular|tsv|txt)$", re.IGNORECASE)


@dataclass(frozen=True)
class SummariseTaxaOptions:
    """Options of :class:`SummariseTaxa`."""

    sample: str = option("", "Name of the sample; by default the name of the first file without its ending")
    drawn_taxa: int = option(
        MOST_DRAWN, "Draw at most this many taxa; the rarest are left out first", minimum=1, maximum=2000
    )


class SummariseTaxa(Stage):
    """Merged reads and unmerged pairs of a sample are assigned apart and come together here."""

    name = "summarise_taxa"
    summary = "Summarise the taxa of a sample as table, tree, BIOM, drawing and interactive chart (Krona)"
    example = "metapipe summarise_taxa --assignments merged.tsv --assignments pairs.tsv --sample bay-3 --outdir taxa"
    side = {
        "assignments": SideFile("tabular", "Assignments of one sample (assign_taxa); repeat for each", multiple=True),
    }
    outputs = {
        "taxa": Output("tabular", "Reads by taxon, directly and in total, from the root downwards"),
        "newick": Output("nwk", "The tree in Newick format, counts as NHX comments", label="Tree (Newick)"),
        "biom": Output("biom1", "Reads directly at each taxon, BIOM 1.0", label="Counts (BIOM)"),
        "tree": Output("svg", "The tree drawn"),
        "sunburst": Output("html", "Interactive chart (Krona), one offline page", label="Chart"),
    }
    options = SummariseTaxaOptions
    invariance = WholeInput()
    programs = PROGRAMS
    empty_ok = True

    def run(self, task: Task, state: Any) -> None:  # noqa: ARG002
        """Write one tree of counts in five forms: table, Newick, BIOM, drawing, chart.

        Without the option ``sample`` it is called after its first file.
        """
        labels = side_labels(task, "assignments")
        sample = one_line(task.options.sample) or stem(labels[0])
        with opened(task.side_files["assignments"]) as files:
            tree = count_assignments(list(zip(files, labels, strict=True)))
        for row in write_taxa(tree):
            task.output("taxa").write(row)
        task.output("newick").write(newick(tree).encode())
        task.output("biom").write(biom(tree, [sample]).encode())
        drawing = draw_tree(tree, title=sample, most=task.options.drawn_taxa)
        task.output("tree").write(drawing.encode())
        task.output("sunburst").write(krona_page(task, tree, [sample]))
        task.note("sample", sample)
        note_counts(task, tree)

    def tool_versions(self) -> dict[str, str]:
        """The version of KronaTools that the charts are made with."""
        return krona_version()


def note_counts(task: Task, tree: TaxonTree) -> None:
    """Leave in the summary how many reads there are, how many were classified, and what was found."""
    main = main_ranks(taxon.rank for taxon in tree)
    found = [taxon for taxon in tree if taxon.total_reads]
    task.note("reads", tree.classified_reads + tree.unclassified_reads)
    task.note("classified", tree.classified_reads)
    task.note("taxa", len(found))
    task.note("species", sum(main.get(taxon.rank) == "species" for taxon in found))


def side_labels(task: Task, name: str) -> list[str]:
    """Return the names of a repeated input's files as the user knows them."""
    return [task.labels.get(f"{name}.{index}", path.name) for index, path in enumerate(task.side_files[name])]


def stem(label: str) -> str:
    """Return a file's name without the ending of a table: the name of a sample whose user gave none."""
    return one_line(_ENDING.sub("", label)) or "sample"


@contextlib.contextmanager
def opened(paths: Sequence[Path]) -> Iterator[list[BinaryIO]]:
    """Open all files for reading."""
    with ExitStack() as stack:
        yield [stack.enter_context(path.open("rb")) for path in paths]
