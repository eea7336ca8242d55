"""Contigs below the cut-off go, the others stay as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from metapipe.stages.assembly.filter_contigs import FilterContigs

CONTIGS = b">long circular=no\nACGTacgtNN\nAC\n>short\nACG\n>exact; rm -rf 'x'\nGGGG\n"


def test_contigs_shorter_than_the_minimum_go_and_the_others_keep_order_name_and_letters(
    fake_task: Callable[..., Any],
) -> None:
    task = fake_task(FilterContigs(), {"contigs": CONTIGS}, min_length=4)
    assert task.run()["contigs"] == b">long circular=no\nACGTacgtNNAC\n>exact; rm -rf 'x'\nGGGG\n"
    assert (task.notes["kept"], task.notes["left_out"], task.notes["before"]["contigs"]) == (2, 1, 3)
    assert task.notes["after"] == {
        "contigs": 2,
        "bases": 16,
        "gc_bases": 9,
        "acgt_bases": 14,
        "lengths": {"4": 1, "12": 1},
        "gc": {"50": 1, "100": 1},
    }


def test_zero_keeps_all(fake_task: Callable[..., Any]) -> None:
    assert fake_task(FilterContigs(), {"contigs": CONTIGS}, min_length=0).run()["contigs"].count(b">") == 3


@pytest.mark.parametrize("contigs", [b"", b">short\nACG\n"])
def test_nothing_long_enough_is_an_empty_result(fake_task: Callable[..., Any], contigs: bytes) -> None:
    task = fake_task(FilterContigs(), {"contigs": contigs})
    assert task.run()["contigs"] == b""
    assert task.notes["after"]["contigs"] == 0
