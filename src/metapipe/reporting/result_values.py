"""Reading values of a summary that may be missing or of another kind than expected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from metapipe.reporting.summaries import Summary


def object_at(results: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return the object at a key, an empty one where there is none."""
    inner = results.get(key)
    return inner if isinstance(inner, Mapping) else {}


def count_at(results: Mapping[str, Any], *keys: str) -> int | None:
    """Return the first number of zero or above at one of the keys."""
    for key in keys:
        value = results.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
            return int(value)
    return None


def tally_at(results: Mapping[str, Any], key: str) -> dict[str, int]:
    """Return name → count; names that nothing was counted for are left out."""
    return {
        str(name): count
        for name, count in object_at(results, key).items()
        if isinstance(count, int) and not isinstance(count, bool) and count > 0
    }


def first_names(summaries: Mapping[str, Sequence[Summary]]) -> tuple[str, ...]:
    """Return the names of the files that the first step of the pipeline was given."""
    for runs in summaries.values():
        names = [str(one["name"]) for _, one in sorted(runs[0].inputs.items()) if one.get("name")]
        if names:
            return tuple(dict.fromkeys(names))
    return ()
