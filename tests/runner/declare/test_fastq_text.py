"""FASTQ read many records at a time is the FASTQ read record by record, however it is cut and written."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metapipe.errors import MetapipeError
from metapipe.runner.declare.fastq_text import FastqText, fastq_texts, first_other_name, paired_texts
from metapipe.runner.declare.records import fastq_records

PLAIN = b"@a x\nACGT\n+\nIIII\n@b\nAC\n+\n!~\n@c y z\n\n+\n\n@d\nNNN.\n+\n@@@@\n"

names = st.text("abXY:/1µ", min_size=1, max_size=8)
descriptions = st.lists(st.text("ab:1é\u00a0", max_size=4), max_size=3)
separators = st.sampled_from([" ", " ", " ", "\t", "  ", " \t"])


@st.composite
def fastq_files(draw: st.DrawFn) -> bytes:
    """FASTQ as the scan accepts it, plain or odd: tabs, blanks, headers repeated, CR LF, blank lines at the end."""
    simple = draw(st.booleans())
    feed = "\n" if simple else draw(st.sampled_from(["\n", "\r\n"]))
    repeats = not simple and draw(st.booleans())
    lines = []
    for _ in range(draw(st.integers(0, 6))):
        bases = draw(st.text("ACGTNacgu.", max_size=12))
        qualities = draw(st.text("!#+;@I~", min_size=len(bases), max_size=len(bases)))
        if simple:
            header = draw(st.sampled_from(["r1", "r1 x", "r2 1:N:0 z"]))
        else:
            header = draw(names) + draw(separators).join(["", *draw(descriptions)]) + draw(st.sampled_from(["", " "]))
        lines += [f"@{header}", bases, f"+{header}" if repeats else "+", qualities]
    text = "".join(line + feed for line in lines)
    if lines and lines[-1] and draw(st.booleans()):
        text = text.removesuffix(feed)
    elif draw(st.booleans()):
        text += feed * draw(st.integers(1, 5))
    return text.encode()


def chunks(text: bytes, size: int) -> Iterator[bytes]:
    return (text[start : start + size] for start in range(0, len(text), size))


def records_of(texts: Iterator[FastqText]) -> list[tuple[bytes, str, bytes, bytes]]:
    found = []
    for text in texts:
        for at in range(len(text)):
            header = text.text[text.heads[at] : text.bases[at] - 1]
            bases = text.text[text.bases[at] : text.bases[at] + text.lengths[at]]
            qualities = text.text[text.qualities[at] : text.qualities[at] + text.lengths[at]]
            assert text.text[text.heads[at] : text.ends[at]] == b"%b\n%b\n+\n%b\n" % (header, bases, qualities)
            found.append((header, text.name(at), bases, qualities))
    return found


def expected(text: bytes) -> list[tuple[bytes, str, bytes, bytes]]:
    found = []
    for record in fastq_records([text], 0):
        header = f"@{record.name} {record.description}" if record.description else f"@{record.name}"
        found.append((header.encode(), record.name, record.sequence, record.qualities))
    return found


@given(fastq_files(), st.integers(1, 40), st.integers(1, 80))
def test_texts_hold_the_records_that_are_read_one_by_one(text: bytes, chunk: int, size: int) -> None:
    assert records_of(fastq_texts(chunks(text, chunk), "reads", size)) == expected(text)


@given(fastq_files(), st.data())
def test_records_cut_and_chosen_are_written_as_they_would_be_one_by_one(text: bytes, data: st.DataObject) -> None:
    for whole in fastq_texts([text], "reads"):
        which = data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=8))
        some = whole.some(np.array(which, np.int64))
        lengths = [data.draw(st.integers(0, int(length))) for length in some.lengths]
        records = [expected(text)[at] for at in which]
        assert some.cut(np.array(lengths, np.int64)) == b"".join(
            b"%b\n%b\n+\n%b\n" % (header, bases[:length], qualities[:length])
            for (header, _, bases, qualities), length in zip(records, lengths, strict=True)
        )


@given(st.integers(1, 9), st.integers(1, 9))
def test_two_files_come_in_step_however_each_is_cut(one: int, other: int) -> None:
    first, second = (b"".join(b"@r%d\n%b\n+\n%b\n" % (at, b"A" * at, b"I" * at) for at in range(1, 12)) for _ in "12")
    pairs = list(
        paired_texts(
            fastq_texts(chunks(first, 20), "1", 10 * one), fastq_texts(chunks(second, 20), "2", 10 * other), "2"
        )
    )
    assert all(len(left) == len(right) > 0 for left, right in pairs)
    assert records_of(left for left, _ in pairs) == records_of(right for _, right in pairs) == expected(first)


def test_joined_texts_hold_the_records_of_both() -> None:
    (first,), (second,) = fastq_texts([PLAIN], "1"), fastq_texts([b"@z\nA\n+\nI\n"], "2")
    both = first.some(slice(1, 3)).joined(second)
    assert both.cut(both.lengths) == b"@b\nAC\n+\n!~\n@c y z\n\n+\n\n@z\nA\n+\nI\n"


@pytest.mark.parametrize(
    "text",
    [
        b"@a\nACGT\n+\nIII\n",
        b"@a\r\nACGT\r\n+\r\nIII\r\n",
        b"@a\nACGT\n",
        PLAIN + b"@e\nACG",
        b"@a b  c\nAC\n\n+\nIII\n",
    ],
)
def test_a_file_that_has_changed_since_the_scan_is_an_error_and_no_reads(text: bytes) -> None:
    with pytest.raises(MetapipeError, match=r"METAPIPE-E201 reads.fastq: the file has changed"):
        list(fastq_texts([text], "reads.fastq"))


def test_a_file_with_more_records_than_the_other_has_changed() -> None:
    with pytest.raises(MetapipeError, match="METAPIPE-E201"):
        list(paired_texts(fastq_texts([PLAIN], "1"), fastq_texts([PLAIN + PLAIN], "2", 10), "2"))


@pytest.mark.parametrize(
    ("first", "second", "marks", "odd"),
    [
        (["a", "bb", "ccc"], ["a", "bb", "ccc"], ("", ""), None),
        (["a x", "bb y"], ["a z", "bb"], ("", ""), None),
        (["a", "bb", "ccc"], ["a", "bc", "ccc"], ("", ""), 1),
        (["a", "bb", "ccc"], ["a", "bb", "cc"], ("", ""), 2),
        (["a/1", "bb/1"], ["a/2", "bb/2"], ("/1", "/2"), None),
        (["a/1", "bb/2"], ["a/2", "bb/2"], ("/1", "/2"), 1),
        (["a/1", "/1"], ["a/2", "/2"], ("/1", "/2"), None),
        (["a/1", "1"], ["a/2", "2"], ("/1", "/2"), 1),
    ],
)
def test_the_first_pair_of_different_names_is_found(
    first: list[str], second: list[str], marks: tuple[str, str], odd: int | None
) -> None:
    one, other = (
        next(fastq_texts(["".join(f"@{name}\nA\n+\nI\n" for name in names).encode()], "reads"))
        for names in (first, second)
    )
    assert first_other_name(one, other, marks) == odd
