"""Tables as the record input of a stage: cut by rows, the header line checked once and never given to a block."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from metapipe.errors import MetapipeError

HEADER = "#name\tnumber\tword\n"


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Path]:
    def make(*rows: str, header: str = HEADER) -> Path:
        path = tmp_path / "rows.tsv"
        path.write_text(header + "".join(f"{row}\n" for row in rows))
        return path

    return make


ROWS = tuple(f"row {number};size={number}\t{number}\t{'word ' * (number % 5)}" for number in range(40))


@pytest.mark.parametrize("blocks", [1, 2, 5, 40])
def test_rows_come_out_as_they_went_in_however_they_are_cut(
    blocks: int, run: Callable[..., Any], table: Callable[..., Path]
) -> None:
    path = table(*ROWS)
    ran = run("rows", {"table": path}, blocks=blocks)
    assert ran.outputs["copy"] == path.read_bytes()
    assert ran.result.summary["inputs"]["table"]["records"] == 40


def test_a_table_may_be_gzipped_and_have_carriage_returns(
    run: Callable[..., Any], table: Callable[..., Path], tmp_path: Path
) -> None:
    import gzip

    expected = table(*ROWS).read_bytes()
    packed = tmp_path / "rows.tsv.gz"
    packed.write_bytes(gzip.compress(expected.replace(b"\n", b"\r\n") + b"\r\n"))
    assert run("rows", {"table": packed}, blocks=3).outputs["copy"] == expected


def test_a_row_that_makes_the_program_fail_is_set_aside_alone(
    run: Callable[..., Any], table: Callable[..., Path]
) -> None:
    rows = [*ROWS[:7], "poison\t0\tx", *ROWS[7:]]
    ran = run("rows", {"table": table(*rows)}, blocks=4, how="segfault")
    assert ran.result.quarantined == 1
    assert ran.result.quarantine.read_text() == "poison\t0\tx\n"
    assert ran.outputs["copy"] == (HEADER + "".join(f"{row}\n" for row in ROWS)).encode()


def test_a_table_with_a_header_line_only_has_no_records(run: Callable[..., Any], table: Callable[..., Path]) -> None:
    ran = run("rows", {"table": table()})
    assert ran.outputs["copy"] == HEADER.encode()


@pytest.mark.parametrize(
    ("rows", "header", "code", "line", "words"),
    [
        ((), "", "E111", 1, "expected a header line '#name, number, word' (3 columns), found 'nothing'"),
        (("a\t1\tx",), "", "E111", 1, "expected a header line"),
        (("a\t1\tx",), "#name\tnumber\n", "E111", 1, "expected a header line"),
        (("a\t1\tx", "b\t2"), HEADER, "E111", 3, "expected 3 columns, found '2 columns'"),
        (("a\t1\tx", "b\t2\ty\tz"), HEADER, "E111", 3, "expected 3 columns, found '4 columns'"),
        (("a\t1\tx", "\t2\ty"), HEADER, "E111", 3, "expected a name in column name"),
        (("a\t1\tx", "", "b\t2\ty"), HEADER, "E111", 4, "expected nothing after a blank line"),
        (("a\t1\tx", "b\t2\ty", "a\t3\tz"), HEADER, "E107", 4, "expected a name not used before (line 2), found 'a'"),
    ],
)
def test_a_table_that_is_none_is_named_by_file_and_line(
    rows: tuple[str, ...],
    header: str,
    code: str,
    line: int,
    words: str,
    run: Callable[..., Any],
    table: Callable[..., Path],
) -> None:
    with pytest.raises(MetapipeError, match=f"METAPIPE-{code} rows.tsv line {line}: ") as caught:
        run("rows", {"table": table(*rows, header=header)})
    assert words in str(caught.value)
