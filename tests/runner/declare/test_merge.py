"""Merge rules: any cut of the same lines gives the same bytes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metapipe.runner.declare import merge
from metapipe.runner.declare.merge import Concat, HeaderOnce, MergeRule, Reduce, add_counts

ENOUGH = settings(max_examples=50)
PARTS = st.lists(
    st.lists(st.binary(max_size=9).filter(lambda b: b"\n" not in b and not b.startswith(b"#"))), min_size=1
)


def merged(rule: MergeRule, parts: list[bytes], folder: Path) -> bytes:
    paths = []
    for number, content in enumerate(parts):
        paths.append(folder / str(number))
        paths[-1].write_bytes(content)
    with (folder / "target").open("wb") as target:
        rule.merge(paths, target)
    return (folder / "target").read_bytes()


@ENOUGH
@given(parts=PARTS)
def test_parts_are_joined_in_order(parts: list[list[bytes]], tmp_path: Path) -> None:
    assert merged(Concat(), [b"\n".join(part) for part in parts], tmp_path) == b"".join(b"\n".join(p) for p in parts)


@ENOUGH
@given(parts=PARTS, kind=st.sampled_from([(1, 0), (2, 0), (0, 1), (0, 3)]))
def test_a_header_stands_once_at_the_top(parts: list[list[bytes]], kind: tuple[int, int], tmp_path: Path) -> None:
    lines, leading = kind
    header = b"".join(b"#h%d\n" % i for i in range(lines or leading))
    rule = HeaderOnce(lines=lines)
    bodies = [b"".join(line + b"\n" for line in part) for part in parts]
    assert merged(rule, [header + body for body in bodies], tmp_path) == header + b"".join(bodies)


def test_a_copy_that_the_kernel_refuses_is_made_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [b"abc" * 1000, b"", b"def" * 500]
    calls = iter([7, OSError(18, "cross-device"), 0, 0])

    def refuse(source: int, target: int, count: int, offset_src: int) -> int:
        answer = next(calls)
        if isinstance(answer, OSError):
            raise answer
        import os

        return os.write(target, os.pread(source, answer, offset_src))

    monkeypatch.setattr(merge.os, "copy_file_range", refuse)
    assert merged(Concat(), parts, tmp_path) == b"".join(parts)


@ENOUGH
@given(counts=st.lists(st.dictionaries(st.sampled_from("abc"), st.integers()), min_size=1))
def test_counts_add_up_in_any_grouping(counts: list[dict[str, int]], tmp_path: Path) -> None:
    text = merged(Reduce(add_counts), [json.dumps(count).encode() for count in counts], tmp_path)
    total: dict[str, int] = {}
    for count in counts:
        for key, value in count.items():
            total[key] = total.get(key, 0) + value
    assert json.loads(text) == total


def test_a_combined_value_is_written_as_it_is_asked_for(tmp_path: Path) -> None:
    rule = Reduce(add_counts, finish=lambda value: value["a"], write=lambda value: b"<p>%d</p>" % value)
    assert merged(rule, [b'{"a": 1}', b'{"a": 2}'], tmp_path) == b"<p>3</p>"


def test_words_that_disagree_cannot_be_added() -> None:
    assert add_counts({"a": [1], "w": "x"}, {"a": [2], "w": "x"}) == {"a": [1, 2], "w": "x"}
    with pytest.raises(ValueError, match="cannot add"):
        add_counts("x", "y")
