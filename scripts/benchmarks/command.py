"""The command line of the benchmarks."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import BenchmarkError
from benchmarks.page.render import render
from benchmarks.parts import known
from benchmarks.place import BUILD, RESULTS, Setting
from benchmarks.running import make_inputs, run_all, run_part

EXAMPLES = """examples:
  scripts/bench data                         make all inputs (5 GB, minutes), so that nothing is made while measuring
  scripts/bench all --budget 40              everything, then the tables and figures
  scripts/bench compare --only hmm genes     two of the four programs
  scripts/bench session --repeats 5
  scripts/bench compare --quick --results /tmp/try --data /tmp/data    tiny inputs, in seconds
  scripts/bench amplicon-truth               taxa of amplicon reads against the truth, SINTAX and a plain LCA
  scripts/bench read-taxonomy                taxa of reads against the truth, four engines
  scripts/bench marker-profile               species by marker genes and by reads, against the truth
  scripts/bench rrna                         rRNA in reads and contigs, against the truth
  scripts/bench amplicon-truth --only soil/held-out --variants bowtie2    one community, database and engine
  scripts/bench render                       draw docs/benchmarks.md anew from docs/benchmarks/*.json
"""


def parser() -> argparse.ArgumentParser:
    parts = known()
    listed = (f"  {part.name:9} {part.summary}\n" for part in parts.values() if part.has_place)
    found = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measures the runner against its targets and its competitors.",
        epilog=EXAMPLES + "\nparts:\n" + "".join(listed),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    found.add_argument("part", choices=("data", "all", *parts, "render"), metavar="PART")
    found.add_argument("--repeats", type=int, default=3, help="rounds in which every variant runs once (default 3)")
    found.add_argument("--budget", type=float, metavar="MINUTES", help="begin no further round after this time")
    found.add_argument("--work", type=float, default=60.0, metavar="S", help="core-seconds a compared input is worth")
    found.add_argument(
        "--reads-gb", type=float, default=1.05, metavar="GB", help="uncompressed reads in compare (1.05)"
    )
    found.add_argument("--only", nargs="+", default=[], metavar="NAME", help="only these workloads or sections")
    found.add_argument(
        "--variants",
        nargs="+",
        default=[],
        metavar="NAME",
        help="compare: only these; amplicon-truth, read-taxonomy: only these engines",
    )
    found.add_argument("--resume", action="store_true", help="all: leave out parts that are measured to the end")
    found.add_argument("--quick", action="store_true", help="tiny inputs from test-data, to try the benchmarks")
    found.add_argument(
        "--data", type=Path, default=BUILD / "bench", help="where inputs are made (default .build/bench)"
    )
    found.add_argument("--results", type=Path, default=RESULTS, help="where results go (default docs/benchmarks)")
    return found


def say(line: str) -> None:
    print(line, flush=True)


def _terminate(*_: object) -> None:
    """End as by Ctrl-C: what was started (a warm server, hosts) is ended, and folders are removed."""
    raise KeyboardInterrupt


def main(words: Sequence[str]) -> int:
    options = parser().parse_args(words)
    signal.signal(signal.SIGTERM, _terminate)
    deadline = None if options.budget is None else time.monotonic() + 60 * options.budget
    setting = Setting(
        data=options.data.resolve(),
        results=options.results.resolve(),
        quick=options.quick,
        work=1.0 if options.quick else options.work,
        reads_gb=options.reads_gb,
        repeats=options.repeats,
        deadline=deadline,
    )
    try:
        if options.part == "render":
            render(setting.results, say)
        elif options.part == "data":
            make_inputs(setting, say)
        elif options.part == "all":
            run_all(setting, options.resume, say)
        else:
            run_part(known()[options.part], setting, options.only, options.variants, say)
    except BenchmarkError as error:
        print(f"scripts/bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("scripts/bench: interrupted; what was measured before is kept", file=sys.stderr)
        return 130
    return 0
