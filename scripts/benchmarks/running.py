"""The parts one after the other or a single one, how a budget of time is shared, and the inputs of all."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from benchmarks.measure import BenchmarkError
from benchmarks.page.render import render
from benchmarks.part import Asked, Part, Say
from benchmarks.parts import known
from benchmarks.place import Setting
from benchmarks.results import read


def run_part(part: Part, setting: Setting, only: Sequence[str], variants: Sequence[str], say: Say) -> None:
    """Measure one part. :param only: sections of it, all when empty.

    :raises BenchmarkError:
    """
    command = (
        f"scripts/bench {part.name} --repeats {setting.repeats} --work {setting.work:g} --reads-gb {setting.reads_gb:g}"
    )
    wrong = [name for name in only if part.sections and name not in part.sections]
    if wrong:
        raise BenchmarkError(f"no such section: {', '.join(wrong)} (there are {', '.join(part.sections)})")
    part.measure(Asked(setting, command, say, list(only or part.sections), variants))


def run_all(setting: Setting, resume: bool, say: Say) -> None:
    """Measure every part, each within its share of the time that is left; a part that fails does not end the rest.

    :raises BenchmarkError: at the end, naming the parts that failed.
    """
    failed = []
    parts = [part for part in known().values() if part.share and not (resume and _finished(setting, part.name))]
    for position, part in enumerate(parts):
        say(f"=== {part.name}: {part.summary}")
        share = setting
        if setting.deadline is not None:
            weights = [later.share for later in parts[position:]]
            left = max(0.0, setting.deadline - time.monotonic())
            share = replace(setting, deadline=time.monotonic() + left * weights[0] / sum(weights))
        try:
            run_part(part, share, [], [], say)
        except BenchmarkError as error:
            say(f"scripts/bench: {error}")
            failed.append(part.name)
    render(setting.results, say)
    if failed:
        raise BenchmarkError(f"not measured: {', '.join(failed)}")


def make_inputs(setting: Setting, say: Say) -> None:
    """Make every input that any part uses; those that are there already are left alone."""
    seen = set()
    for part in known().values():
        for path in part.inputs(setting):
            if path not in seen:
                seen.add(path)
                say(path.name)


def _finished(setting: Setting, name: str) -> bool:
    sections = read(setting.results, name).get("sections", {})
    return bool(sections) and all(entry["finished"] and not entry["quick"] for entry in sections.values())
