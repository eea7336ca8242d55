"""Which of several versions is the newest."""

from __future__ import annotations

import re
from collections.abc import Iterable


def newest(versions: Iterable[str]) -> str:
    """The highest version; numbers inside compare as numbers.

    >>> newest(["9", "10", "9.1"])
    '10'
    """
    return max(versions, key=version_key)


def version_key(version: str) -> list[tuple[int, int, str]]:
    """Sort key of a version: numbers as numbers, words as words, numbers before words."""
    parts = re.findall(r"\d+|[A-Za-z]+", version)
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]
