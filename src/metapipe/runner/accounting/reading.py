"""Reading run reports back, with one-line errors for what is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from metapipe.errors import MetapipeError
from metapipe.runner.accounting.model import RunReport
from metapipe.runner.accounting.run_report import REPORT_SCHEMA

_EXPECTED = "a run report of metapipe (JSON)"


def read_run_report(path: Path) -> RunReport:
    """Read one report.

    :raises MetapipeError: E113 when it is none or is cut short, E114 when it is of another version, E201 unreadable.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise MetapipeError("E201", f"cannot be read ({error.strerror})", file=path) from error
    value = _json(text, path)
    if not isinstance(value, dict) or type(value.get("schema")) is not int or "stage" not in value:
        raise MetapipeError("E113", file=path, expected=_EXPECTED, found=text[:40] or b"nothing")
    if "results" in value and "attempts" not in value:
        raise MetapipeError("E113", "this is the summary of a run, not its run report", file=path)
    if value["schema"] != REPORT_SCHEMA:
        raise MetapipeError(
            "E114", file=path, expected=f"a run report of version {REPORT_SCHEMA}", found=f"version {value['schema']}"
        )
    try:
        return RunReport.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise MetapipeError("E113", f"{where or 'the report'}: {first['msg']}", file=path) from None


def _json(text: bytes, path: Path) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        found = error.doc[error.pos : error.pos + 30] or "the end of the file"
        raise MetapipeError("E113", file=path, line=error.lineno, expected=_EXPECTED, found=found) from None
    except (ValueError, RecursionError):  # not UTF-8, numbers of thousands of digits, nested without end
        raise MetapipeError("E113", file=path, expected=_EXPECTED, found=text[:40]) from None
