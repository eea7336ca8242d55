"""The parts by name, one after the other or a single one, and how a budget of time is shared."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from benchmarks.command import PARTS
from benchmarks.measure import BenchmarkError
from benchmarks.place import Setting
from benchmarks.results import read

Say = Callable[[str], None]


def run_part(name: str, setting: Setting, only: Sequence[str], variants: Sequence[str], say: Say) -> None:
    """Measure one part. :param only: sections of it, all when empty.

    :raises BenchmarkError:
    """
    command = (
        f"scripts/bench {name} --repeats {setting.repeats} --work {setting.work:g} --reads-gb {setting.reads_gb:g}"
    )
    if name == "compare":
        from benchmarks.compare import compare
        from benchmarks.workloads import WORKLOADS

        compare(setting, _chosen(only, WORKLOADS), say, command, variants)
    elif name in ("session", "scan", "gz", "merge", "feed", "warm"):
        from benchmarks.micro import measure_micro

        measure_micro(name, setting, say, command)
    elif name == "scaling":
        from benchmarks.scaling import SECTIONS, measure_scaling

        measure_scaling(setting, _chosen(only, SECTIONS), say, command)
    elif name == "faults":
        from benchmarks.faults import measure_faults

        measure_faults(setting, say, command)
    elif name == "mapping":
        from benchmarks.mapping import measure_mapping

        measure_mapping(setting, say, command)
    elif name == "tango":
        from benchmarks.tango import measure_tango

        measure_tango(setting, say, command)
    else:
        from benchmarks.skew import simulate

        simulate(setting, say, command)


def run_all(setting: Setting, resume: bool, say: Say) -> None:
    """Measure every part, each within its share of the time that is left; a part that fails does not end the rest.

    :raises BenchmarkError: at the end, naming the parts that failed.
    """
    failed = []
    names = [name for name in PARTS if not (resume and _finished(setting, name))]
    for position, name in enumerate(names):
        say(f"=== {name}: {PARTS[name][1]}")
        share = setting
        if setting.deadline is not None:
            weights = [PARTS[later][0] for later in names[position:]]
            left = max(0.0, setting.deadline - time.monotonic())
            share = replace(setting, deadline=time.monotonic() + left * weights[0] / sum(weights))
        try:
            run_part(name, share, [], [], say)
        except BenchmarkError as error:
            say(f"scripts/bench: {error}")
            failed.append(name)
    from benchmarks.render import render

    render(setting.results, say)
    if failed:
        raise BenchmarkError(f"not measured: {', '.join(failed)}")


def _chosen(only: Sequence[str], known: Sequence[str] | dict[str, object]) -> list[str]:
    wrong = [name for name in only if name not in known]
    if wrong:
        raise BenchmarkError(f"no such section: {', '.join(wrong)} (there are {', '.join(known)})")
    return list(only or known)


def _finished(setting: Setting, name: str) -> bool:
    sections = read(setting.results, name).get("sections", {})
    return bool(sections) and all(entry["finished"] and not entry["quick"] for entry in sections.values())
