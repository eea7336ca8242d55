"""A row of a sheet means the element of a list with its files, else the one of its name, and no other row's."""

from __future__ import annotations

import pytest

from metapipe.samples.list_elements import Element, match_elements, read_elements
from metapipe.samples.samplesheet import SheetRow

ELEMENTS = [
    Element("S1", ("BAY_R1.fastq.gz", "BAY_R2.fastq.gz")),
    Element("fjord", ("one", "two")),
    Element("spare", ("x.fq", "y.fq")),
    Element("alone", ("alone.fq",)),
]


def test_files_tell_the_element_and_its_name_where_they_do_not() -> None:
    rows = [
        SheetRow(2, "fjord", "f_1.fq.gz", "f_2.fq.gz"),
        SheetRow(3, "bay", "run7/BAY_R1.fastq", "run7/BAY_R2.fq.gz"),
        SheetRow(4, "single", "alone.fastq.gz"),
    ]
    matched = match_elements(rows, ELEMENTS)
    assert [(row.sample, element.identifier) for row, element in matched.pairs] == [
        ("fjord", "fjord"),
        ("bay", "S1"),
        ("single", "alone"),
    ]
    assert matched.faults == []
    assert [element.identifier for element in matched.others] == ["spare"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (SheetRow(2, "bay", "BAY_R2.fq", "BAY_R1.fq"), "first and second mates stand the other way round in 'S1'"),
        (SheetRow(2, "bay", "b_1", "b_2"), "the list has no element 'bay', and none with the files b_1, b_2"),
        (SheetRow(2, "fjord", "f.fq"), "one file here, but a pair in the list"),
        (SheetRow(2, "alone", "a_1.fq", "a_2.fq"), "a pair here, but one file in the list"),
    ],
)
def test_a_row_that_means_no_element_is_a_fault(row: SheetRow, said: str) -> None:
    matched = match_elements([row], ELEMENTS)
    assert (matched.pairs, [fault.what for fault in matched.faults]) == ([], [said])


def test_two_rows_never_mean_one_element_nor_two_elements_one_row() -> None:
    rows = [SheetRow(2, "bay", "BAY_R1.fq", "BAY_R2.fq"), SheetRow(3, "S1", "s_1.fq", "s_2.fq")]
    (fault,) = match_elements(rows, ELEMENTS).faults
    assert (fault.line, fault.what) == (3, "the reads 'S1' are those of line 2, too")
    (fault,) = match_elements(rows[:1], [*ELEMENTS, Element("S1 again", ELEMENTS[0].files)]).faults
    assert fault.what == "the list has 2 elements with these files: 'S1', 'S1 again'"


def test_a_list_is_read_a_line_an_element() -> None:
    assert read_elements("S1\tBAY_R1.fastq.gz\tBAY_R2.fastq.gz\n\nalone\talone.fq\n") == [ELEMENTS[0], ELEMENTS[3]]
