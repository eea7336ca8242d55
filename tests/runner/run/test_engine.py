"""Whole runs of small stages, inline: results, poison, limits, leftovers."""

from __future__ import annotations

import gzip
import json
import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from marked_program import LIMIT

from metapipe.errors import MetapipeError
from metapipe.runner.accounting import summary as report
from metapipe.runner.blocks.block import Block
from metapipe.runner.run import deliver

CUTS = [1, 2, 7, 64]


def shuffled(blocks: list[Block]) -> list[Block]:
    return random.Random(7).sample(blocks, len(blocks))


#: Where a file is cut is the same for all stages: the most blocks for the one that shows their places.
CUT = [
    pytest.param(packed, stage, blocks, id=f"{'gz' if packed else 'plain'}-{stage}-{blocks}")
    for packed in (False, True)
    for stage in ("identity", "counting", "pinned")
    for blocks in CUTS
    if blocks < max(CUTS) or stage == "pinned"
]


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    """What runs on one block gave, by what was run."""
    return {}


@pytest.mark.parametrize(("packed", "stage", "blocks"), CUT)
def test_every_cut_and_order_gives_the_same_bytes(
    stage: str,
    blocks: int,
    packed: bool,
    run: Callable[..., Any],
    fasta: Callable[..., Path],
    tmp_path: Path,
    whole: dict[str, Any],
) -> None:
    plain = fasta(200)
    given = plain
    if packed:
        given = tmp_path / "packed.gz"
        given.write_bytes(gzip.compress(plain.read_bytes()))
    labels = {"contigs": "contigs"}
    if stage not in whole:
        once = run(stage, {"contigs": plain}, labels=labels, blocks=1)
        whole[stage] = (once.outputs, once.summary_bytes)
    ran = run(stage, {"contigs": given}, labels=labels, blocks=blocks, order=shuffled)
    assert (ran.outputs, ran.summary_bytes) == whole[stage]
    assert ran.result.report["plan"]["blocks"] == min(blocks, 200)
    assert ran.result.report["status"] == "ok"


def test_the_identity_is_the_identity(run: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "x.fasta"
    path.write_bytes(b">a > b\r\nac\r\ngt\r\n\r\n>c\r\n>d e  f\r\nA")
    ran = run("identity", {"contigs": path}, blocks=3)
    assert ran.outputs["copy"] == b">a > b\nacgt\n>c\n\n>d e  f\nA\n"
    assert ran.result.summary["inputs"] == {"contigs": {"name": "x.fasta", "records": 3, "residues": 5}}
    assert ran.result.summary["results"] == {"bases": 5}


@pytest.mark.parametrize("content", [b"", b"\n\n", gzip.compress(b"")])
def test_an_empty_input_is_a_result_where_the_stage_says_so(
    content: bytes, run: Callable[..., Any], tmp_path: Path
) -> None:
    path = tmp_path / "x.fasta"
    path.write_bytes(content)
    ran = run("pinned", {"contigs": path}, slots=4)
    assert ran.outputs["table"] == b"#name\tindex\trecords\tresidues\n"


@pytest.mark.parametrize("blocks", CUTS)
def test_mates_stay_together_on_any_cut(blocks: int, run: Callable[..., Any], pairs: Callable[..., Any]) -> None:
    lines = run("mates", pairs(100), blocks=blocks).outputs["copy"].split(b"\n")
    assert len(lines) == 201
    assert lines[4].startswith(b"read_2/1 ")
    assert lines[5].startswith(b"read_2/2 ")


@pytest.mark.parametrize("blocks", CUTS)
def test_where_single_reads_will_do_the_second_file_may_be_left_out(
    blocks: int, run: Callable[..., Any], pairs: Callable[..., Any]
) -> None:
    files = pairs(100)
    both = run("mates_or_singles", files, blocks=blocks)
    alone = run("mates_or_singles", {"reads-1": files["reads-1"]}, blocks=blocks)
    lines = both.outputs["copy"].splitlines()
    assert len(lines) == 200
    assert alone.outputs["copy"].splitlines() == lines[::2]
    assert list(alone.result.summary["inputs"]) == ["reads-1"]
    assert list(both.result.summary["inputs"]) == ["reads-1", "reads-2"]


def test_a_stage_of_the_whole_input_gets_the_files_and_all_slots(
    run: Callable[..., Any], pairs: Callable[..., Any]
) -> None:
    one, two = (run("whole", pairs(50), slots=slots) for slots in (1, 2))
    assert one.outputs == two.outputs
    assert one.summary_bytes == two.summary_bytes
    assert one.outputs["copy"].count(b"\n") == 400


@pytest.mark.parametrize("blocks", CUTS)
def test_pairs_read_as_texts_are_those_read_one_by_one(
    blocks: int, run: Callable[..., Any], pairs: Callable[..., Any], whole: dict[str, Any]
) -> None:
    if "mates" not in whole:
        whole["mates"] = run("mates", pairs(100)).outputs
    assert run("mate_texts", pairs(100), blocks=blocks).outputs == whole["mates"]


@pytest.mark.parametrize("stage", ["mates", "mate_texts"])
def test_mates_with_one_hash_but_two_names_are_refused_when_they_are_read(
    stage: str, run: Callable[..., Any], pairs: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from metapipe.runner.run import inputs

    paths = pairs(10)
    text = paths["reads-2"].read_text()
    paths["reads-2"].write_text(text.replace("read_4/2", "read_x/2"))
    monkeypatch.setattr(inputs, "check_pairs", lambda first, second, marks: None)
    with pytest.raises(MetapipeError, match=r"METAPIPE-E106 reads_2.fastq line 17: expected the mate of 'read_4/1'"):
        run(stage, paths, blocks=3)


def test_side_files_reach_every_block(run: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_text(name)
    side = {"table": [tmp_path / "a"], "tables": [tmp_path / "b", tmp_path / "a"]}
    lines = run("side", {"contigs": fasta(9)}, side=side, blocks=4).outputs["copy"].splitlines()
    assert lines[8] == b"contig_8 a ba"
    assert run("side", {"contigs": fasta(2)}).outputs["copy"].splitlines() == [b"contig_0 - ", b"contig_1 - "]


def test_a_stage_without_records_runs_once(run: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "a").write_text("text")
    stage = "stages_for_tests:NoRecords"
    ran = run(stage, {}, side={"tables": [tmp_path / "a"]}, labels={"tables.0": "My file"})
    assert ran.outputs["copy"] == b"My file text"


# ------------------------------------------------------------------------------------------------------- poison

#: How the stage fails at a record -> code when nothing may be set aside.
FAILURES = {
    "raise": "E901",
    "segfault": "E401",
    "memory": "E802",
    "numpy-memory": "E802",
    "killed": "E802",
    "exit": "E401",
    "system-exit": "E901",
    "escape": "E901",
    "forked": "E901",
    "code": "E401",
    "no-sentinel": "E403",
    "signal": "E401",
    "program-killed": "E802",
    "missing": "E301",
    "notes": "E901",
    "undeclared": "E901",
    "flood": "E401",
    "enospc": "E501",
    "stop": "E403",
}
EXIT_CODES = {"E901": 70, "E401": 71, "E403": 71, "E802": 137, "E301": 69, "E501": 73, "E801": 124, "E402": 71}


@pytest.mark.parametrize("how", FAILURES)
def test_a_failure_that_may_not_be_set_aside_ends_the_run_with_its_code_and_a_report(
    how: str, run: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    with pytest.raises(MetapipeError) as caught:
        run("poisoned", {"contigs": fasta(12, poison=(5,))}, how=how, max_quarantined=0, blocks=4, folder=folder)
    assert (caught.value.code, caught.value.exit_code) == (FAILURES[how], EXIT_CODES[FAILURES[how]])
    assert "\n" not in str(caught.value)
    told = json.loads((folder / "report.json").read_text())
    assert told["status"] == "failed"
    assert told["error"]["code"] == FAILURES[how]
    assert told["error"]["message"] == str(caught.value)
    assert told["attempts"]
    assert sorted(path.name for path in folder.iterdir() if path.name != ".work") == ["report.json"]


@pytest.mark.parametrize(
    "how", ["raise", "segfault", "exit", "code", "signal", "no-sentinel", "escape", "forked", "stop"]
)
@pytest.mark.parametrize("blocks", [1, 4])
def test_a_poison_record_is_quarantined_and_the_rest_is_byte_identical(
    how: str, blocks: int, run: Callable[..., Any], fasta: Callable[..., Path], whole: dict[str, Any]
) -> None:
    if "poisoned" not in whole:
        whole["poisoned"] = run("poisoned", {"contigs": fasta(24)}, labels={"contigs": "c"}).outputs["copy"]
    path = fasta(24, poison=(17,), name="poisoned.fasta")
    ran = run("poisoned", {"contigs": path}, how=how, blocks=blocks, order=shuffled, labels={"contigs": "c"})
    kept = [record for record in whole["poisoned"].split(b">") if not record.startswith(b"contig_17\n")]
    assert ran.outputs["copy"] == b">".join(kept)
    record = path.read_bytes()
    start = record.index(b">poison_17")
    assert ran.result.quarantine.read_bytes() == record[start : record.index(b">", start + 1)]
    assert (ran.result.quarantined, ran.result.summary["quarantined"]) == (1, 1)
    assert ran.result.report["totals"]["quarantined"] == 1


def test_a_poison_pair_is_quarantined_with_both_mates(run: Callable[..., Any], pairs: Callable[..., Any]) -> None:
    ran = run("poisoned_pairs", pairs(30, poison=(11,)), blocks=3)
    assert ran.result.quarantine.name == "quarantine.fastq"
    assert ran.result.quarantine.read_bytes() == b"@poison_11/1\nAC\n+\nII\n@poison_11/2\nAC\n+\nII\n"
    assert ran.outputs["copy"].count(b"\n") == 29


@pytest.mark.parametrize(("how", "code"), [("segfault", "E402 every record made the program fail"), ("hang", "E801")])
def test_a_program_that_fails_on_every_record_gives_no_result(
    how: str, code: str, run: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    with pytest.raises(MetapipeError, match=f"METAPIPE-{code}"):
        run("poisoned", {"contigs": fasta(3, poison=(0, 1, 2))}, how=how, timeout=1.0, folder=folder)
    assert not list(folder.glob("copy*"))
    assert json.loads((folder / "report.json").read_text())["status"] == "failed"


@pytest.mark.parametrize("blocks", [1, 8])
def test_more_poison_than_allowed_ends_the_run_after_a_bounded_number_of_attempts(
    blocks: int, run: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with pytest.raises(MetapipeError, match="METAPIPE-E402 more than 3 records made the program fail") as caught:
        run(
            "poisoned",
            {"contigs": fasta(400, poison=tuple(range(400)))},
            how="segfault",
            flag=str(log),
            max_quarantined=3,
            blocks=blocks,
        )
    assert caught.value.exit_code == 71
    assert len(log.read_text().splitlines()) <= 16


def test_a_failure_that_no_cutting_can_cure_stops_the_blocks_not_begun(
    run: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with pytest.raises(MetapipeError, match="METAPIPE-E301 the program 'no-such-program-anywhere' is not on the PATH"):
        run("poisoned", {"contigs": fasta(64, poison=tuple(range(64)))}, how="missing", flag=str(log), blocks=32)
    assert len(log.read_text().splitlines()) == 1


@pytest.mark.parametrize("how", ["hang", "hang-in-program"])
@pytest.mark.parametrize("stage", ["poisoned", "poisoned_whole"])
def test_a_hang_ends_at_the_time_limit(
    how: str, stage: str, run: Callable[..., Any], fasta: Callable[..., Path]
) -> None:
    with pytest.raises(MetapipeError, match="METAPIPE-E801 a block reached its time limit") as caught:
        run(stage, {"contigs": fasta(3, poison=(1,))}, how=how, timeout=0.7, max_quarantined=0)
    assert caught.value.exit_code == 124


def test_a_hanging_record_is_quarantined_like_any_other(run: Callable[..., Any], fasta: Callable[..., Path]) -> None:
    ran = run("poisoned", {"contigs": fasta(3, poison=(1,))}, how="hang", timeout=LIMIT)
    assert ran.result.quarantined == 1


def test_a_stage_of_the_whole_input_fails_as_a_whole(run: Callable[..., Any], fasta: Callable[..., Path]) -> None:
    with pytest.raises(MetapipeError, match="METAPIPE-E401 sh ended with exit code 3; its last words: the reason"):
        run("poisoned_whole", {"contigs": fasta(3, poison=(1,))}, how="code")


def test_a_grandchild_that_holds_the_pipes_does_not_hold_the_run(
    run: Callable[..., Any], fasta: Callable[..., Path]
) -> None:
    started = time.monotonic()
    with pytest.raises(MetapipeError, match="after leaving a child behind"):
        run("poisoned", {"contigs": fasta(2, poison=(1,))}, how="escape", seconds=50.0, max_quarantined=0)
    assert time.monotonic() - started < 40


# ------------------------------------------------------------------------------------------------ places to write


def test_a_disk_that_fills_up_while_merging_leaves_no_output(
    run: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(deliver.os, "replace", full)
    monkeypatch.setattr(report, "write_json", lambda *_: None)
    with pytest.raises(
        MetapipeError, match=r"METAPIPE-E501 copy\.fasta: cannot write .No space left on device."
    ) as caught:
        run("identity", {"contigs": fasta(3)}, folder=tmp_path / "out")
    assert caught.value.exit_code == 73
    assert [path.name for path in (tmp_path / "out").iterdir() if path.name != ".work"] == []


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("missing/x.fasta", "E501 x.fasta: the folder does not exist"),
        ("folder", "E501 folder: a folder or device, not a regular file"),
        ("/dev/null", "E501 null: a folder or device, not a regular file"),
        ("contigs.fasta", "E701 contigs.fasta: output copy is the same file as an input"),
        ("link", "E701 link: output copy is the same file as an input"),
        ("same.json", "E701 same.json: the summary is the same file as output copy"),
    ],
)
def test_places_that_cannot_be_written_are_refused_before_anything_runs(
    place: str, text: str, run: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path
) -> None:
    path = fasta(3)
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(path)
    before = path.read_bytes()
    with pytest.raises(MetapipeError) as caught:
        run("identity", {"contigs": path}, outputs={"copy": tmp_path / place}, summary=tmp_path / "same.json")
    assert str(caught.value) == f"METAPIPE-{text}"
    assert path.read_bytes() == before


def test_an_output_that_is_a_link_is_written_where_it_points(
    run: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "link.fasta").symlink_to(tmp_path / "real.fasta")
    run("identity", {"contigs": fasta(1)}, outputs={"copy": tmp_path / "link.fasta"})
    assert (tmp_path / "link.fasta").is_symlink()
    assert (tmp_path / "real.fasta").read_bytes() == b">contig_0 number 0\nACGT\n"


def test_a_missing_side_file_is_named_as_the_user_knows_it(
    run: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path
) -> None:
    with pytest.raises(MetapipeError, match=r"METAPIPE-E201 my table: cannot be read \(No such file"):
        run("side", {"contigs": fasta(1)}, side={"table": [tmp_path / "no"]}, labels={"table": "my table"})


def test_nothing_is_left_behind_after_success_and_only_parts_after_failure(
    run: Callable[..., Any], fasta: Callable[..., Path], tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    with pytest.raises(MetapipeError):
        run("poisoned", {"contigs": fasta(12, poison=(5,))}, max_quarantined=0, blocks=4, folder=folder)
    (left,) = (folder / ".work").iterdir()
    assert sorted(path.name for path in left.iterdir()) == ["lock", "parts", "staging"]
    assert list((left / "staging").iterdir()) == []
    run("poisoned", {"contigs": fasta(12)}, folder=folder)
    assert sorted(path.name for path in folder.iterdir()) == ["copy.fasta", "report.json", "summary.json"]
