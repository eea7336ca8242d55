"""What to check: one hint, and the rules that all reports share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from metapipe.reporting.axis import whole_number

_TRIAL_DATABASE = re.compile(r"(^|[-_.\d])(tiny|test|demo|mini|toy|sample|example)s?([-_.\d]|$)", re.IGNORECASE)
_HELD_OUT_DATABASE = re.compile(r"held[-_]?out|hold[-_]?out|without[-_]truth|leave[-_]?out", re.IGNORECASE)


@dataclass(frozen=True)
class Hint:
    """One thing to check.

    :param level: ``stop`` (the result is empty or not to be trusted), ``look`` (may matter), ``note`` (good to know).
    """

    level: str
    what: str
    why: str
    remedy: str = ""


def is_trial(database: str) -> bool:
    """Whether a database's name says that it is a small one for trying things out."""
    return bool(_TRIAL_DATABASE.search(database))


def is_held_out(database: str) -> bool:
    """Whether a database's name says that something was left out of it on purpose."""
    return bool(_HELD_OUT_DATABASE.search(database))


def small_databases(databases: Iterable[Mapping[str, str]], *, held_out: str, trial: str) -> Iterator[Hint]:
    """One hint for each database that is none to publish with.

    :param held_out: what it means that the sample's own are left out; :param trial: that it is a small one.
    """
    for name in sorted({database.get("name", "") for database in databases}):
        if is_held_out(name):
            yield Hint("note", f"The database {name} is a held-out one.", held_out)
        elif is_trial(name):
            yield Hint(
                "look",
                f"The database {name} is a small one for trying things out.",
                trial,
                "Use a full database for results that you publish.",
            )


def set_aside(quarantined: Mapping[str, int], steps: Mapping[str, str]) -> Iterator[Hint]:
    """One hint for each step that could not use records.

    :param quarantined: stage -> records; :param steps: stage -> what users call it.
    """
    for stage, count in quarantined.items():
        yield Hint(
            "look",
            f"{steps[stage]} set {whole_number(count)} record{'' if count == 1 else 's'} aside.",
            "The program failed on them, so they are not in the results; everything else was finished.",
            "The step's quarantine file holds them.",
        )
