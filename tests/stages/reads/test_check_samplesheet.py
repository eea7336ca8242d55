"""A sheet and a list become what Galaxy's own tools rename, order and tag the list with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from metapipe.errors import MetapipeError
from metapipe.stages.reads.check_samplesheet import CheckSamplesheet

SHEET = "sample,fastq_1,fastq_2,group\nfjord,f_1.fq,f_2.fq,deep sea\nbay,b_1.fq,b_2.fq,\n"
LIST = "S1\tb_1.fq.gz\tb_2.fq.gz\nspare\tx\ty\nS2\tf_1.fq\tf_2.fq\n"


def run(fake_task: Callable[..., Any], tmp_path: Path, sheet: str, elements: str) -> tuple[dict[str, bytes], Any]:
    paths = {"sheet": tmp_path / "sheet.csv", "elements": tmp_path / "list.tsv"}
    paths["sheet"].write_text(sheet)
    paths["elements"].write_text(elements)
    task = fake_task(CheckSamplesheet(), {}, side=paths)
    return task.run(), task.notes


def test_the_list_is_renamed_ordered_and_tagged_by_the_sheet(fake_task: Callable[..., Any], tmp_path: Path) -> None:
    made, notes = run(fake_task, tmp_path, SHEET, LIST)
    assert made == {
        "samples": b"#sample\telement\tgroup\treads_1\treads_2\n"
        b"fjord\tS2\tdeep sea\tf_1.fq\tf_2.fq\nbay\tS1\t\tb_1.fq.gz\tb_2.fq.gz\n",
        "relabel": b"S2\tfjord\nS1\tbay\n",
        "order": b"fjord\nbay\n",
        "tags": b"fjord\tgroup:deep_sea\n",
    }
    assert notes == {"samples": 2, "groups": {"deep sea": 1}, "left_out": ["spare"]}


def test_every_row_at_fault_is_named_be_it_of_the_sheet_or_of_the_list(
    fake_task: Callable[..., Any], tmp_path: Path
) -> None:
    with pytest.raises(MetapipeError) as caught:
        run(fake_task, tmp_path, SHEET + "bay,z_1.fq,z_2.fq,\nlake,l_1.fq,l_2.fq,\n", LIST)
    assert str(caught.value) == (
        "METAPIPE-E127 sheet: line 4: a second sample 'bay' (line 3); "
        "line 4: the list has no element 'bay', and none with the files z_1.fq, z_2.fq; "
        "line 5: the list has no element 'lake', and none with the files l_1.fq, l_2.fq"
    )
