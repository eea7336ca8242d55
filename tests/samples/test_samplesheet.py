"""A sheet is read in every spelling people have, and every row that is wrong is named at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metapipe.errors import MetapipeError
from metapipe.samples.samplesheet import SheetRow, read_samplesheet

PLAIN = b"sample,fastq_1,fastq_2,group\nbay,b_1.fq.gz,b_2.fq.gz,sea\nfjord,f_1.fq.gz,f_2.fq.gz,sea\n"
ROWS = [
    SheetRow(2, "bay", "b_1.fq.gz", "b_2.fq.gz", "sea"),
    SheetRow(3, "fjord", "f_1.fq.gz", "f_2.fq.gz", "sea"),
]


def refused(content: bytes) -> str:
    with pytest.raises(MetapipeError) as caught:
        read_samplesheet(content, "sheet.csv").refuse()
    assert caught.value.code == "E127"
    return str(caught.value).removeprefix("METAPIPE-E127 sheet.csv")


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        PLAIN.replace(b",", b"\t"),
        PLAIN.replace(b",", b";"),
        PLAIN.replace(b"\n", b"\r\n"),
        PLAIN.replace(b"\n", b"\r"),
        b"\xef\xbb\xbf" + PLAIN,
        PLAIN.rstrip(b"\n"),
        PLAIN.replace(b",sea", b",sea,,"),
        PLAIN.replace(b"sample", b"#sample").replace(b",", b"\t"),
        PLAIN.replace(b"bay,b_1.fq.gz", b'"bay", "b_1.fq.gz"'),
        PLAIN.replace(b"sample,fastq_1,fastq_2,group", b"sample,short_reads_1,short_reads_2,group"),
        PLAIN.replace(b"sample,fastq_1,fastq_2,group", b"sampleID,forwardReads,reverseReads,condition"),
        PLAIN.replace(b"sample,fastq_1,fastq_2,group", b"List Identifiers,Forward,Reverse,Group"),
        PLAIN.replace(b"sample,fastq_1,fastq_2,group", b"Sample Name,R1,R2,GROUP"),
        b"group,fastq_2,sample,fastq_1\nsea,b_2.fq.gz,bay,b_1.fq.gz\nsea,f_2.fq.gz,fjord,f_1.fq.gz\n",
    ],
)  # fmt: skip
def test_the_spellings_of_other_pipelines_and_of_spreadsheets_say_the_same(content: bytes) -> None:
    sheet = read_samplesheet(content, "sheet.csv")
    assert (list(sheet.rows), list(sheet.faults)) == (ROWS, [])


def test_blank_lines_and_remarks_are_passed_over_and_lines_stay_what_they_are() -> None:
    sheet = read_samplesheet(b"\nsample,fastq_1\n\n# old\na,x.fq\n,\nb,y.fq\n", "sheet.csv")
    assert [(row.line, row.sample, row.files) for row in sheet.rows] == [(5, "a", ("x.fq",)), (7, "b", ("y.fq",))]


def test_other_columns_are_kept_by_their_headers() -> None:
    (row,) = read_samplesheet(b"sample,depth,fastq_1,lat\na,5 m,x.fq,69.6\n", "sheet.csv").rows
    assert row.more == {"depth": "5 m", "lat": "69.6"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", ": expected a header line such as sample,fastq_1,fastq_2, found 'nothing'"),
        (
            b"name of it,fastq_1\na,b\n",
            " line 1: expected a column 'sample' in the header, as in sample,fastq_1,fastq_2,group, "
            "found 'name of it, fastq_1'",
        ),
        (b"sample,fastq_2\na,b\n", " line 1: expected a column 'fastq_1' in the header"),
        (b"sample,fastq_1\n", " line 2: expected a row for each sample, found 'none'"),
        ("sample,fastq_1\nå,x\n".encode("latin-1"), " line 2: is no text in UTF-8; save it as UTF-8"),
        (PLAIN.decode().encode("utf-16"), ": this is text in UTF-16; save it as UTF-8"),
        (b"PK\3\4 and so on", ": this is a zip archive (or a document of Word or Excel)"),
        (b"sample,fastq_1\na\0,x\n", ": is no text"),
    ],
)
def test_what_is_no_samplesheet_is_said_so(content: bytes, said: str) -> None:
    assert refused(content).startswith(said)


def test_every_wrong_row_is_named_in_one_line() -> None:
    content = b"""sample,fastq_1,fastq_2
a,a_1.fq,a_2.fq
a,b_1.fq,b_2.fq
c,./a_1.fq,c_2.fq
d,d.fq,d.fq
,e_1.fq,e_2.fq
f,,f_2.fq
g,https://example.org/g_1.fq,g_2.fq
h,h_1.fq,h_2.fq,more
"""
    assert refused(content) == (
        ": line 3: a second sample 'a' (line 2); line 4: the file './a_1.fq' is also in line 2; "
        "line 5: the file 'd.fq' is twice in this row; line 6: no sample; line 7: no fastq_1; "
        "line 8: a link, 'https://example.org/g_1.fq': download the file and name it here; "
        "line 9: 4 cells below 3 columns"
    )


def test_of_very_many_wrong_rows_the_first_are_named_and_the_others_counted() -> None:
    said = refused(b"sample,fastq_1\n" + b"".join(b"a,%d.fq\n" % number for number in range(202)))
    assert said.count("line ") == 2 * 20
    assert said.endswith("; and 181 more")


@given(content=st.binary(max_size=200) | st.text(max_size=80).map(lambda rest: f"sample,fastq_1\n{rest}".encode()))
def test_any_file_is_read_or_refused_by_its_code(content: bytes) -> None:
    said: list[MetapipeError] = []
    try:
        sheet = read_samplesheet(content, "sheet.csv")
        sheet.refuse()
    except MetapipeError as error:
        said.append(error)
    if said:
        assert (said[0].code, len(str(said[0]).splitlines())) == ("E127", 1)
    else:
        assert sheet.rows
