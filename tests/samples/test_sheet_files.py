"""The files that a samplesheet names are looked at, row by row, before anything is uploaded."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from metapipe.commands.run import main
from metapipe.errors import MetapipeError
from metapipe.samples.sheet_files import samples_of_sheet

READ = b"@r\nACGT\n+\n5555\n"
OLD = b"@r\nACGT\n+\nhhhh\n"


def sheet_of(folder: Path, *rows: str, header: str = "sample,fastq_1,fastq_2") -> Path:
    sheet = folder / "my samples.csv"
    sheet.write_text("\n".join([header, *rows, ""]))
    return sheet


def refused(sheet: Path) -> str:
    with pytest.raises(MetapipeError) as caught:
        samples_of_sheet(sheet)
    assert caught.value.code == "E127"
    return str(caught.value).removeprefix("METAPIPE-E127 my samples.csv: ")


def test_samples_come_in_the_order_of_the_sheet_with_files_from_its_folder(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    for name in ("run/z_1.fq", "run/z_2.fq", "a_1.fq.gz", "a_2.fq.gz"):
        (tmp_path / name).write_bytes(gzip.compress(READ) if name.endswith("gz") else READ)
    found = samples_of_sheet(sheet_of(tmp_path, "z,run/z_1.fq,run/z_2.fq", f"a,{tmp_path}/a_1.fq.gz,a_2.fq.gz"))
    assert [(one.name, one.first, one.second) for one in found] == [
        ("z", tmp_path / "run/z_1.fq", tmp_path / "run/z_2.fq"),
        ("a", tmp_path / "a_1.fq.gz", tmp_path / "a_2.fq.gz"),
    ]


def test_a_row_without_fastq_2_is_a_sample_of_single_reads_where_those_are_taken(tmp_path: Path) -> None:
    for name in ("a_1.fq", "a_2.fq", "b.fq.gz"):
        (tmp_path / name).write_bytes(gzip.compress(READ) if name.endswith("gz") else READ)
    found = samples_of_sheet(sheet_of(tmp_path, "b,b.fq.gz,", "a,a_1.fq,a_2.fq"), single_too=True)
    assert [(one.name, one.files) for one in found] == [
        ("b", (tmp_path / "b.fq.gz",)),
        ("a", (tmp_path / "a_1.fq", tmp_path / "a_2.fq")),
    ]
    no_column = sheet_of(tmp_path, "b,b.fq.gz", header="sample,fastq_1")
    assert [one.files for one in samples_of_sheet(no_column, single_too=True)] == [(tmp_path / "b.fq.gz",)]


def test_single_reads_are_looked_at_as_pairs_are_row_by_row(tmp_path: Path) -> None:
    (tmp_path / "a.fq").write_bytes(READ)
    (tmp_path / "old.fq").write_bytes(OLD)
    (tmp_path / "linked.fq").symlink_to("a.fq")
    sheet = sheet_of(tmp_path, "a,a.fq,", "a,gone.fq,", "b,old.fq,", "c,a.fq,", "d,linked.fq,")
    with pytest.raises(MetapipeError) as caught:
        samples_of_sheet(sheet, single_too=True)
    assert str(caught.value).removeprefix("METAPIPE-E127 my samples.csv: ").split("; line ") == [
        "line 3: a second sample 'a' (line 2)",
        "3: there is no file 'gone.fq'",
        "4: 'old.fq' counts its qualities from '@' (Phred+64); convert it (E121)",
        "5: the file 'a.fq' is also in line 2",
        "6: 'linked.fq' is the same file as 'a.fq' (line 2)",
    ]


def test_the_command_takes_single_reads_where_the_workflow_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.fq").write_bytes(READ)
    sheet = sheet_of(tmp_path, "a,a.fq,")
    assert main(["taxonomy", "--samplesheet", str(sheet), "--check"]) == 0
    assert main(["taxonomy", "--input", str(tmp_path), "--check"]) == 0
    assert main(["biomas", "--samplesheet", str(sheet), "--check"]) == 65
    assert capsys.readouterr().err == "METAPIPE-E127 my samples.csv: line 2: no fastq_2: the workflow takes pairs\n"


def test_every_file_at_fault_is_named_with_its_row(tmp_path: Path) -> None:
    for name in ("a_1.fq", "a_2.fq", "c_1.fq", "e_2.fq"):
        (tmp_path / name).write_bytes(READ)
    (tmp_path / "b_1.fq").write_bytes(OLD)
    (tmp_path / "b_2.fq").write_bytes(b"")
    (tmp_path / "linked.fq").symlink_to("a_1.fq")
    (tmp_path / "d_1.fq").write_bytes(b">a\nACGT\n")
    (tmp_path / "d_2.fq").mkdir()
    sheet = sheet_of(
        tmp_path,
        "a,a_1.fq,a_2.fq",
        "b,b_1.fq,b_2.fq",
        "c,c_1.fq,",
        "d,d_1.fq,d_2.fq",
        "e,linked.fq,e_2.fq",
        "f,f_1.fq,f_2.fq",
    )
    assert refused(sheet).split("; line ") == [
        "line 3: 'b_1.fq' counts its qualities from '@' (Phred+64); convert it (E121)",
        "3: b_2.fq: no reads in this file",
        "4: no fastq_2: the workflow takes pairs",
        "5: 'd_2.fq' is a folder",
        "5: d_1.fq line 1: expected '@name', found '>a'",
        "6: 'linked.fq' is the same file as 'a_1.fq' (line 2)",
        "7: there is no file 'f_1.fq'",
        "7: there is no file 'f_2.fq'",
    ]


def test_a_sheet_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(MetapipeError, match=r"E201 none\.csv: cannot be read \(No such file or directory\)"):
        samples_of_sheet(tmp_path / "none.csv")


def test_the_command_looks_at_the_sheet_before_anything_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a_1.fq", "a_2.fq"):
        (tmp_path / name).write_bytes(READ)
    sheet = sheet_of(tmp_path, "a,a_1.fq,a_2.fq")
    assert main(["--samplesheet", str(sheet), "--check"]) == 0
    assert main(["biomas", "--check", "--samplesheet", str(sheet)]) == 0
    assert capsys.readouterr().err == ""
    assert main(["--samplesheet", str(sheet_of(tmp_path, "a,a_1.fq,a_1.fq")), "--check"]) == 65
    said = capsys.readouterr().err
    assert said == "METAPIPE-E127 my samples.csv: line 2: the file 'a_1.fq' is twice in this row\n"


def test_a_folder_and_a_sheet_at_once_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--input", str(tmp_path), "--samplesheet", str(tmp_path), "--check"])
    assert "not allowed with argument --input" in capsys.readouterr().err
