"""What a wrong value of an option is answered: the limits that there are, and per cent where a share is given."""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any

import pytest

from metapipe.commands.stage import _converter
from metapipe.runner.declare.elements import option


@dataclasses.dataclass(frozen=True)
class Options:
    least: int = option(3, "help", minimum=1)
    most: int = option(3, "help", maximum=5)
    both: float = option(3.0, "help", minimum=0, maximum=5)
    share: float = option(70.0, "help", minimum=0, maximum=100, per_cent=True)


FIELDS = {field.name: field for field in dataclasses.fields(Options)}


@pytest.mark.parametrize(
    ("name", "text", "answer"),
    [
        ("least", "0", "expected a value of at least 1, found 0"),
        ("most", "6", "expected a value of at most 5, found 6"),
        ("both", "-1", "expected a value from 0 to 5, found -1"),
        ("share", "0.7", "expected per cent, as 70 for a share of 0.7, found 0.7"),
        ("share", "1", "expected per cent, as 100 for a share of 1, found 1"),
        ("share", "101", "expected a value from 0 to 100, found 101"),
        ("both", "nan", "expected a number, found 'nan'"),
    ],
)
def test_a_wrong_value_is_refused_with_the_limits_there_are(name: str, text: str, answer: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError) as caught:
        _converter(FIELDS[name])(text)
    assert str(caught.value) == answer


@pytest.mark.parametrize(("name", "text", "value"), [("share", "0", 0), ("share", "1.5", 1.5), ("both", "0.7", 0.7)])
def test_a_right_value_is_taken(name: str, text: str, value: Any) -> None:
    assert _converter(FIELDS[name])(text) == value
