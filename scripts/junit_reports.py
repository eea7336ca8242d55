"""What pytest's JUnit files say: how many tests passed, which took longest, which did not pass and why."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator
from pathlib import Path

#: Letters of a reason, and what pytest writes last where it says nothing.
REASON = 240
EMPTY = ("Use -v to get", "Full diff:", "...Full output truncated")


def counts(path: Path) -> tuple[int, int]:
    """How many tests passed and how many did not; a skipped one did not. Without the file, one failed."""
    if not path.is_file():
        return 0, 1
    suites = list(ElementTree.parse(path).getroot().iter("testsuite"))
    total, bad = (
        sum(int(suite.get(name, 0)) for suite in suites for name in names)
        for names in (("tests",), ("failures", "errors", "skipped"))
    )
    return total - bad, bad


def slowest(paths: Iterable[Path], most: int) -> list[tuple[float, str]]:
    """Seconds and names of the tests that took longest, the slowest first."""
    took = [(float(case.get("time", 0)), name_of(case)) for path in set(paths) for case in cases(path)]
    return sorted(took, reverse=True)[:most]


def not_passed(path: Path) -> list[str]:
    """A line for each test that failed or was skipped: ``room.test_file::test_name: outcome: reason``."""
    return [
        f"{name_of(case)}: {outcome.tag}: {reason(outcome)}"
        for case in cases(path)
        for outcome in case
        if outcome.tag in ("failure", "error", "skipped")
    ]


def cases(path: Path) -> Iterator[ElementTree.Element]:
    if path.is_file():
        yield from ElementTree.parse(path).getroot().iter("testcase")


def name_of(case: ElementTree.Element) -> str:
    return f"{case.get('classname')}::{case.get('name')}"


def reason(outcome: ElementTree.Element) -> str:
    """The first and the last line of its message that say something, and the last of its text, where it happened."""
    message = [line for line in lines_of(outcome.get("message", "")) if not line.startswith(EMPTY)]
    return shortened(dict.fromkeys([*message[:1], *message[-1:], *lines_of(outcome.text or "")[-1:]]))


def lines_of(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def shortened(parts: Iterable[str]) -> str:
    """All the parts in one line, each cut to the same share of :data:`REASON` letters."""
    parts = list(parts)
    share = REASON // max(1, len(parts))
    return " … ".join(part if len(part) <= share else f"{part[:share]}…" for part in parts)
