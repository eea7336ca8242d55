"""How many reads one read stands for: ``;size=N`` at the end of its name, as vsearch and USEARCH write it."""

from __future__ import annotations

import re

_SIZE = re.compile(r"(.*?);size=([0-9]+);?", re.DOTALL)


def split_size(name: str) -> tuple[str, int]:
    """Return a read's name without its size, and the size; 1 when the name has none.

    >>> split_size("read7;size=12")
    ('read7', 12)
    >>> split_size("read7")
    ('read7', 1)
    """
    found = _SIZE.fullmatch(name)
    return (found[1], int(found[2])) if found else (name, 1)


def with_size(name: str, size: int) -> str:
    """Return a name that says how many reads this one stands for."""
    return f"{name};size={size}"
