"""Compare a samplesheet with a list of reads in Galaxy, and make what renames, orders and tags the list by it."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, NamedTuple

from metapipe.formats.plain_text import one_line
from metapipe.formats.row_type import RowType
from metapipe.formats.table_rows import format_row
from metapipe.runner.declare.elements import Output, SideFile, WholeInput
from metapipe.runner.declare.stage import Stage, Task
from metapipe.samples.list_elements import match_elements, read_elements
from metapipe.samples.samplesheet import read_samplesheet

#: What Galaxy takes for one tag.
_NO_TAG = re.compile(r"[^\w.-]+")


class SampleRow(NamedTuple):
    """A sample. :param element: what its reads are called in the list. :param reads_1: names of its files."""

    sample: str
    element: str
    group: str
    reads_1: str
    reads_2: str


SAMPLE_TABLE = RowType(SampleRow)
#: Columns of the tables that Galaxy's own tools take; they have no header line.
RELABEL_COLUMNS, TAG_COLUMNS = ("element", "sample"), ("sample", "tag")


class CheckSamplesheet(Stage):
    """Rows keep their order. Elements of the list that no row means are named in the summary, and left out."""

    name = "check_samplesheet"
    summary = "Check a samplesheet against a list of reads; make what renames, orders and tags the list"
    example = "metapipe check_samplesheet --sheet samples.csv --elements list.tsv --outdir checked"
    side = {
        "sheet": SideFile("tabular", "Samplesheet, CSV or TSV with the columns sample, fastq_1, fastq_2, group"),
        "elements": SideFile(
            "txt", "Elements of the list, a line each: identifier and names of its one or two files, separated by tabs"
        ),
    }
    outputs = {
        "samples": Output("tabular", "A sample a row: its name, element, group and files", label="Samples"),
        "relabel": Output("tabular", "For 'Relabel identifiers': element and sample", label="New names"),
        "order": Output("txt", "For 'Filter collection' and 'Sort collection': the samples, a line each"),
        "tags": Output(
            "tabular", "For 'Tag elements' of a list without pairs: sample and group:NAME", label="Group tags"
        ),
    }
    invariance = WholeInput()
    empty_ok = True

    def run(self, task: Task, state: Any) -> None:  # noqa: ARG002
        """Write the samples in the sheet's order in the four forms.

        :raises MetapipeError: E127 with every row that is wrong or means no reads of the list.
        """
        sheet = read_samplesheet(task.side["sheet"].read_bytes(), task.labels["sheet"])
        elements = read_elements(task.side["elements"].read_text(encoding="utf-8"))
        matched = match_elements(sheet.rows, elements)
        sheet.refuse(matched.faults)
        samples = task.output("samples")
        samples.write(SAMPLE_TABLE.header)
        for row, element in matched.pairs:
            files = [one_line(name) for name in (*element.files, "", "")[:2]]
            group = one_line(row.group)
            samples.write(SAMPLE_TABLE.format(SampleRow(row.sample, element.identifier, group, *files)))
            task.output("relabel").write(format_row((element.identifier, row.sample)))
            task.output("order").write(f"{row.sample}\n".encode())
            if group:
                task.output("tags").write(format_row((row.sample, f"group:{_NO_TAG.sub('_', group)}")))
        task.output("tags")
        task.note("samples", len(matched.pairs))
        task.note("groups", dict(Counter(row.group for row, _ in matched.pairs if row.group)))
        task.note("left_out", [element.identifier for element in matched.others])
