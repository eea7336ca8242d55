"""Rows cut out of a text, and sums of eight bytes at a time."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metapipe.formats.byte_rows import column_sums, row_sums, whole_words, windows


@given(st.binary(max_size=40), st.lists(st.integers(0, 45), max_size=6), st.integers(0, 20))
def test_windows_are_slices_filled_up_with_zeros(text: bytes, starts: list[int], width: int) -> None:
    rows = windows(np.frombuffer(text, np.uint8), np.array(starts, np.int64), width)
    assert rows.shape == (len(starts), width)
    assert [row.tobytes() for row in rows] == [text[start : start + width].ljust(width, b"\0") for start in starts]


@pytest.mark.parametrize("shape", [(0, 8), (1, 0), (0, 0), (3, 8), (700, 16), (5, 8 * 128), (3, 8 * 129), (257, 8)])
def test_sums_of_rows_and_columns_are_those_of_numbers_of_any_size(shape: tuple[int, int]) -> None:
    random = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    for rows in (random, np.full(shape, 255, np.uint8), random[:, ::-1]):
        assert row_sums(rows).tolist() == rows.sum(axis=1, dtype=np.int64).tolist()
        assert column_sums(rows).tolist() == rows.sum(axis=0, dtype=np.int64).tolist()


def test_rows_of_whole_words_are_not_shorter_than_asked() -> None:
    assert [whole_words(width) for width in (0, 1, 8, 9, 150)] == [0, 8, 8, 16, 152]


def test_memory_of_arrays_that_come_and_go_is_not_cleared_each_time() -> None:
    code = """
import resource
import numpy as np
from metapipe.formats.byte_rows import keep_freed_memory
keep_freed_memory()
def faults(times):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(times):
        kept = [np.ones(size << 20, np.uint8) for size in (1, 3, 2)]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults(2)
print(faults(50))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(ran.stdout) < 50 * (6 << 20) // 4096 // 4
