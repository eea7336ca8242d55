"""Spark's event log is kept where it is asked for, and nowhere else."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from metapipe.cli import build_parser
from metapipe.errors import MetapipeError
from metapipe.runner.sessions.event_log import VARIABLE, event_log_settings


def test_the_event_log_appears_where_it_is_asked_for(
    start: Callable[..., subprocess.Popen[str]], fasta: Callable[..., Path], tmp_path: Path
) -> None:
    folder = tmp_path / "a folder" / "logs"
    words = ["identity", "--contigs", fasta(6), "--outdir", tmp_path / "out", "--session", "local", "--blocks", "3"]
    process = start(*words, "--slots", "2", "--event-log", folder)
    _, errors = process.communicate(timeout=300)
    assert (process.returncode, errors) == (0, "")
    report = json.loads((tmp_path / "out" / "run_report.json").read_text())
    (log,) = folder.iterdir()
    events = [json.loads(line)["Event"] for line in log.read_text().splitlines()]
    assert events.count("SparkListenerTaskEnd") == 3
    assert report["session_facts"]["settings"]["spark.eventLog.enabled"] == "true"


def test_a_variable_asks_for_what_the_option_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["filter_contigs", "--contigs", "x"]
    assert build_parser(words).parse_args(words).event_log is None
    by_option = build_parser(words).parse_args([*words, "--event-log", str(tmp_path)]).event_log
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert build_parser(words).parse_args(words).event_log == by_option == tmp_path


def test_an_inline_run_has_no_event_log(run: Callable[..., object], fasta: Callable[..., Path], tmp_path: Path) -> None:
    run("identity", {"contigs": fasta(2)}, event_log=None)
    assert event_log_settings(None) == {}


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MetapipeError, match="METAPIPE-E501 logs: cannot make the folder for Spark's event log"):
        event_log_settings(tmp_path / "file" / "logs")
