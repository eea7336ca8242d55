"""``metapipe report``: what a reader sees of run reports, good, failed, huge and damaged."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from run_report_samples import attempt, busy, report

from metapipe import cli
from metapipe.runner.accounting.facts import natural
from metapipe.runner.accounting.model import RunReport
from metapipe.runner.accounting.page import page
from metapipe.runner.accounting.quantities import counted, duration, letters, mebibytes, megabytes, number, percent
from metapipe.runner.accounting.timeline import lanes, tick_label, ticks, timeline

HERE = Path(__file__).parents[1]


def parsed(value: dict[str, Any]) -> RunReport:
    return RunReport.model_validate_json(json.dumps(value))


@pytest.fixture
def shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """Write reports (values or raw text), call the command on them; return exit code, output and errors."""
    monkeypatch.setattr(cli.signal, "signal", lambda *_: None)

    def call(*given: Any, words: tuple[str | Path, ...] = ()) -> tuple[int, str, str]:
        paths = []
        for position, one in enumerate(given):
            paths.append(tmp_path / f"run{position}" / "run_report.json")
            paths[-1].parent.mkdir(exist_ok=True)
            paths[-1].write_bytes(one if isinstance(one, bytes) else json.dumps(one).encode())
        code = cli.main(["report", *map(str, paths), *map(str, words)])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_the_table_says_what_ran_where_and_what_it_cost(shown: Callable[..., tuple[int, str, str]]) -> None:
    code, out, err = shown(report([attempt([0]), attempt([1], wall=7.0, max_rss_kib=300_000, started=3.1)]))
    assert (code, err) == (0, "")
    lines = {line.split("  ")[1].strip(): line for line in out.splitlines() if line.startswith("  ")}
    assert "search_domains: ok in 11 s" in out
    assert "local, spark 4.0.1, master local[2,4]" in lines["where"]
    assert "Spark with 2 slots on this host" in lines["why so"]
    assert "2 on 2 slots (node1)" in lines["blocks"]
    assert "session start 2.4 s" in lines["of which"]
    assert "7.80 used (3.80 in blocks) of 22.2 allocated" in lines["core-seconds"]
    assert "16.4 k letters per core-second (16.0 k letters assumed)" in lines["learned rate"]
    assert "0.42 Wh, an estimate: 10 W per core, 0.3725 W per GiB, PUE 1.67 (Green Algorithms" in lines["energy"]
    assert out.index("slowest blocks") < out.index("heaviest blocks")
    assert re.search(r"slowest blocks\n +block .*\n +1 +ok +7\.0 s", out)


def test_failures_are_shown_with_code_and_last_words(shown: Callable[..., tuple[int, str, str]]) -> None:
    failed = attempt([3, 0], outcome="crashed", code="E401", message="the worker was killed", stderr="a\n\nthe end \n")
    error = {"code": "E402", "exit_code": 71, "message": "METAPIPE-E402 more than 0 records", "detail": ""}
    again = attempt([4], **{"try": 2})
    _, out, _ = shown(report([failed, again], status="failed", error=error, outputs={}))
    assert out.startswith("search_domains: FAILED (E402) after")
    assert "block 3.0 on node1: E401 the worker was killed" in out
    assert "last words: the end\n" in out
    assert "4 (try 2)" in out


def test_a_run_that_failed_before_its_plan_is_shown(shown: Callable[..., tuple[int, str, str]]) -> None:
    error = {"code": "E101", "exit_code": 65, "message": "METAPIPE-E101 x: no FASTA", "detail": ""}
    value = report([], status="failed", error=error, plan=None, plan_hash="", session="", session_facts={}, phases=[])
    value["totals"]["residues_per_core_second"] = None
    code, out, _ = shown(value)
    assert code == 0
    assert "METAPIPE-E101 x: no FASTA" in out
    assert "none: nothing was done" in out
    assert "slowest" not in out
    assert "<svg" in page([("x", parsed(value))])


def test_several_runs_are_added_up(shown: Callable[..., tuple[int, str, str]]) -> None:
    _, out, _ = shown(report([attempt([0])]), report([attempt([0])], stage="annotate"))
    assert "2 runs together" in out
    assert "run1/run_report.json" in out
    code, out, _ = shown(report([attempt([0])]), report([attempt([0])]), words=("--json",))
    value = json.loads(out)
    assert code == 0
    assert value["together"]["core_seconds_used"] == 2 * value["runs"][0]["totals"]["core_seconds_used"]
    assert "attempts" not in value["runs"][0]


@pytest.mark.parametrize(
    ("given", "code", "exit_code", "words"),
    [
        (b"", "E113", 65, "found 'the end of the file'"),
        (b"no json", "E113", 65, "line 1: expected a run report"),
        (b"\xff\xfe", "E113", 65, "expected a run report"),
        (b"[1]", "E113", 65, "found '[1]'"),
        (b'{"a": 1}', "E113", 65, "expected a run report"),
        (b"[" * 100_000, "E113", 65, "expected a run report"),
        (json.dumps(report([])).encode()[:500], "E113", 65, "line 1"),
        (report([]) | {"schema": 3}, "E114", 65, "expected a run report of version 2, found 'version 3'"),
        (report([]) | {"schema": 1}, "E114", 65, "found 'version 1'"),
        (report([]) | {"schema": True}, "E113", 65, "expected a run report"),
        (report([]) | {"slots": "two"}, "E113", 65, "slots: "),
        (report([attempt([0], wall=-1)]), "E113", 65, "attempts.0.wall: "),
        ({"schema": 1, "stage": "annotate", "results": {}}, "E113", 65, "the summary of a run"),
    ],
)
def test_what_is_no_run_report_is_refused_in_one_line(
    shown: Callable[..., tuple[int, str, str]], given: Any, code: str, exit_code: int, words: str
) -> None:
    ended, out, err = shown(given)
    assert (ended, out) == (exit_code, "")
    assert err.startswith(f"METAPIPE-{code} run_report.json")
    assert words in err
    assert err.count("\n") == 1


def test_a_file_that_is_missing_and_a_page_that_cannot_be_written_are_errors_of_their_own(
    shown: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    assert shown(words=(tmp_path / "none.json",))[2].startswith("METAPIPE-E201 none.json: cannot be read")
    code, _, err = shown(report([]), words=("--html", tmp_path / "no" / "page.html"))
    assert (code, err.split()[0]) == (73, "METAPIPE-E501")
    code, _, err = shown(report([]), words=("--html", tmp_path / "run0" / "run_report.json"))
    assert (code, err.split()[0]) == (78, "METAPIPE-E701")
    assert shown()[2].startswith("METAPIPE-E701 no run report given")


class _Page(HTMLParser):
    """Elements, and every address in them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "data")]


@pytest.mark.parametrize(("blocks", "hosts", "slots"), [(3, 1, 1), (500, 4, 4), (1000, 16, 8)])
def test_the_page_stands_alone_and_shows_every_attempt(
    shown: Callable[..., tuple[int, str, str]], tmp_path: Path, blocks: int, hosts: int, slots: int
) -> None:
    value = busy(blocks, hosts, slots, failing=0.02)
    code, _, err = shown(value, words=("--html", tmp_path / "page.html"))
    assert (code, err) == (0, "")
    text = (tmp_path / "page.html").read_text()
    parts = _Page(text)
    assert not {"script", "link", "img", "iframe"} & set(parts.tags)
    assert not [address for address in parts.addresses if not address.startswith("#")]
    assert "url(" not in text
    assert "@import" not in text
    drawing = ElementTree.fromstring(re.search(r"<svg.*?</svg>", text, re.DOTALL).group())  # type: ignore[union-attr]
    tips = [title.text or "" for title in drawing.iter("title")]
    assert sum(tip.startswith("block ") for tip in tips) == len(value["attempts"])
    assert f"{hosts * slots} slots" in drawing.get("aria-label", "")


def test_lanes_hold_one_block_at_a_time_and_are_as_many_as_slots() -> None:
    found = lanes(parsed(busy(200, 3, 4, failing=0.05)))
    assert [(host.host, host.count) for host in found] == [("node1", 4), ("node2", 4), ("node3", 4)]
    for host in found:
        for lane in range(host.count):
            bars = sorted((bar for bar in host.bars if bar.lane == lane), key=lambda bar: bar.start)
            for before, after in itertools.pairwise(bars):
                assert before.end <= after.start + 0.002


def test_kept_and_skipped_blocks_are_not_drawn_and_clocks_that_are_behind_do_no_harm() -> None:
    rows = [attempt([0], kept=True), attempt([1], outcome="skipped"), attempt([2], started=-5.0)]
    (host,) = lanes(parsed(report(rows)))
    assert [(bar.row.key, bar.start) for bar in host.bars] == [([2], 0.0)]


def test_what_a_program_said_cannot_become_markup() -> None:
    bad = "</title></svg><script>alert(1)</script>"
    rows = [attempt([0], bad, outcome="error", code="E401", message=bad, stderr=bad)]
    value = report(rows, status="failed", outputs={})
    value["error"] = {"code": "E401", "exit_code": 71, "message": bad, "detail": bad}
    value["inputs"]["proteins"]["name"] = bad
    value["phases"][0]["name"] = bad
    text = page([(bad, parsed(value)), (bad, parsed(value))])
    assert "<script" not in text
    assert "script" not in _Page(text).tags


@pytest.mark.parametrize("end", [0.004, 0.5, 3, 47, 119, 121, 3000, 7300, 40_000, 300_000, 3_000_000])
def test_the_time_axis_has_a_readable_number_of_round_marks(end: float) -> None:
    marks = ticks(end)
    assert 4 <= len(marks) <= 11
    labels = [tick_label(mark, end) for mark in marks]
    assert len(set(labels)) == len(labels)
    assert all(len(label) <= 9 for label in labels)


def test_the_drawing_of_a_run_without_blocks_is_well_formed() -> None:
    ElementTree.fromstring(timeline(parsed(report([], phases=[]))))


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (duration(0.034), "0.03 s"),
        (duration(0.999), "1.0 s"),
        (duration(9.96), "10 s"),
        (duration(59.6), "1 min 00 s"),
        (duration(3599.7), "1 h 00 min"),
        (duration(7260), "2 h 01 min"),
        (duration(200_000), "2 d 8 h"),
        (letters(999, "b"), "999 b"),
        (letters(999_600, "b"), "1.00 Mb"),
        (letters(16_000, "aa"), "16.0 kaa"),
        (letters(1_234_567), "1.23 M letters"),
        (letters(7), "7 letters"),
        (mebibytes(1536), "1.5 GiB"),
        (megabytes(1_234_567), "1.23 MB"),
        (megabytes(12), "12 B"),
        (percent(0.081), "8.1 %"),
        (percent(1), "100 %"),
        (number(0), "0"),
        (number(1234.5), "1,234"),
        (number(0.01234), "0.0123"),
        (counted(1, "slot"), "1 slot"),
    ],
)
def test_quantities_in_words(shown: str, expected: str) -> None:
    assert shown == expected


def test_hosts_are_in_the_order_of_their_numbers() -> None:
    assert sorted(["node10", "node2", "b", "10.0.0.9", "10.0.0.12"], key=natural) == [
        "10.0.0.9",
        "10.0.0.12",
        "b",
        "node2",
        "node10",
    ]


def test_a_report_of_a_real_run_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "c.fasta").write_text(">a\n" + "ACGT" * 300 + "\n")
    out = tmp_path / "out"
    call = [sys.executable, "-m", "metapipe.cli"]
    subprocess.run([*call, "filter-contigs", "--contigs", tmp_path / "c.fasta", "--outdir", out], check=True)
    ran = subprocess.run(
        [*call, "report", out / "run_report.json"], check=True, capture_output=True, text=True, cwd=tmp_path
    )
    assert ran.stdout.startswith("filter_contigs: ok in")


def test_the_schema_and_the_fields_can_be_printed(shown: Callable[..., tuple[int, str, str]]) -> None:
    assert json.loads(shown(words=("--schema",))[1])["$schema"].endswith("2020-12/schema")
    assert "| `core_seconds_used` |" in shown(words=("--fields",))[1]
