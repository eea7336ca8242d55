"""``metapipe report FILE…``: what runs cost and how they went, as a table, as JSON or as one HTML page."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from metapipe.errors import MetapipeError

_EPILOG = """examples:
  metapipe report genes/run_report.json
  metapipe report */run_report.json --html costs.html
  metapipe report run_report.json --json | jq .together.core_seconds_used
"""


def add_parser(commands: Any) -> None:
    """Add ``report`` to the command line. :param commands: what ``add_subparsers`` returned."""
    parser = commands.add_parser(
        "report",
        help="show what runs cost and how they went, from their run reports",
        description="Show what runs cost and how they went: time, cores, memory, retries, failures, energy.",
        epilog=_EPILOG,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", type=Path, nargs="*", metavar="FILE", help="run_report.json of a run; several add up")
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="write one page with tables and a timeline of blocks over slots"
    )
    parser.add_argument("--json", action="store_true", help="print totals of each run and of all together as JSON")
    parser.add_argument("--schema", action="store_true", help="print the JSON Schema of run reports")
    parser.add_argument("--fields", action="store_true", help="print the fields of run reports as Markdown")


def run(arguments: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Read, show, write.

    :raises MetapipeError: E113, E114, E201 for a file that is no run report; E501 for a page that cannot be written.
    """
    from metapipe.runner.accounting import model

    if arguments.schema or arguments.fields:
        say((model.json_schema() if arguments.schema else model.fields_markdown()).rstrip())
        return 0
    if not arguments.files:
        raise MetapipeError("E701", "no run report given (see metapipe report --help)")
    from metapipe.runner.accounting.reading import read_run_report

    reports = [(_short_name(path), read_run_report(path)) for path in arguments.files]
    if arguments.html is not None:
        from metapipe.runner.accounting.page import page
        from metapipe.runner.accounting.summary import write_whole
        from metapipe.runner.run.deliver import check_targets

        check_targets({"the page": arguments.html}, arguments.files)
        write_whole(arguments.html, page(reports).encode("utf-8", "replace"))
    if arguments.json:
        from metapipe.runner.accounting.facts import together

        shown = [
            {"file": name} | report.model_dump(by_alias=True, exclude={"attempts", "phases", "commands"})
            for name, report in reports
        ]
        say(json.dumps({"runs": shown, "together": together([report for _, report in reports])}, indent=1))
    elif arguments.html is not None:
        say(f"{arguments.html}: {len(reports)} run{'s' * (len(reports) > 1)}")
    else:
        from metapipe.runner.accounting.table import text_of

        say(text_of(reports))
    return 0


def _short_name(path: Path) -> str:
    """Name of the file with its folder, which tells the runs of a workflow apart."""
    return "/".join(path.parts[-2:]) if len(path.parts) > 1 else path.name
