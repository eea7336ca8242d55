"""What a Galaxy of ours offers everybody, as far as no Galaxy is needed to see it."""

import io
import json
import logging
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from metapipe.commands import galaxy as local
from metapipe.commands import offers
from metapipe.instance.local import configuration, examples, health, offering, parts
from metapipe.instance.local.settings import Settings

CHECKOUT = Path(__file__).resolve().parents[2]
EXAMPLES = examples.known(CHECKOUT)
TOURS = sorted((CHECKOUT / "instance" / "tours").glob("*.yml"))


def members(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as tar:
        return {member.name: (tar.extractfile(member) or io.BytesIO()).read() for member in tar if member.isfile()}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.archive.stem)
def test_an_example_names_no_machine_and_is_small(example: examples.Example) -> None:
    assert example.archive.stat().st_size < 1 << 20
    held = members(example.archive)
    for name, content in held.items():
        assert b"/dev/hour" not in content, name
        assert b"/objects/" not in content, name


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.archive.stem)
def test_a_packed_example_holds_the_reads_and_every_visible_file(example: examples.Example, tmp_path: Path) -> None:
    with example.packed(CHECKOUT, tmp_path) as archive:
        held = members(archive)
    entries = json.loads(held["datasets_attrs.txt"])
    for entry in entries:
        assert entry["deleted"] or entry["file_name"] in held, entry["name"]
    reads = {entry["name"]: held[entry["file_name"]] for entry in entries if entry["name"] in example.reads}
    assert reads == {name: (CHECKOUT / file).read_bytes() for name, file in example.reads.items()}
    assert not list(tmp_path.iterdir())


def exported(folder: Path) -> Path:
    """A history as Galaxy exports it: reads, trimmed reads and a result."""
    kinds = {"sea_1.fastq.gz": False, "META-pipe trim reads on data 1": False, "Report": True}
    entries = [
        {"name": name, "visible": visible, "deleted": False, "state": "ok", "file_name": f"datasets/{number}"}
        for number, (name, visible) in enumerate(kinds.items())
    ]
    jobs = [{"command_line": "metapipe '/srv/my galaxy/x' > /home/me/galaxy/objects/1/dataset_7.dat", "params": {}}]
    texts = {"datasets_attrs.txt": entries, "jobs_attrs.txt": jobs, "history_attrs.txt": {"name": "x", "tags": ["t"]}}
    archive = folder / "exported.tgz"
    with tarfile.open(archive, "w:gz") as tar:
        for name, content in [*((f"datasets/{n}", "x") for n in range(3)), *texts.items()]:
            text = (content if isinstance(content, str) else json.dumps(content)).encode()
            member = tarfile.TarInfo(name)
            member.size, member.uname = len(text), "me"
            tar.addfile(member, io.BytesIO(text))
    return archive


def test_a_slim_history_lacks_reads_paths_and_who_made_it(tmp_path: Path) -> None:
    made = tmp_path / "slim.tar.xz"
    examples.slim(exported(tmp_path), made, {"sea_1.fastq.gz": "anywhere"})
    held = members(made)
    assert {name for name in held if name.startswith("datasets/")} == {"datasets/2"}
    entries: list[dict[str, Any]] = json.loads(held["datasets_attrs.txt"])
    assert [entry["deleted"] for entry in entries] == [False, True, False]
    assert b"/home" not in held["jobs_attrs.txt"]
    assert b"dataset_7.dat" in held["jobs_attrs.txt"]
    with tarfile.open(made) as tar:
        assert {(member.uname, member.uid, member.mtime) for member in tar} == {("", 0, 0)}
    examples.slim(made, tmp_path / "again.tar.xz", {"sea_1.fastq.gz": "anywhere"})
    assert members(tmp_path / "again.tar.xz") == held


def test_there_is_a_tour_for_each_workflow_with_a_finished_example() -> None:
    shown = {example.workflow for example in examples.known(CHECKOUT)}
    files = [CHECKOUT / "workflows" / name / f"{name}.gxwf.yml" for name in sorted(shown)]
    titles = [yaml.safe_load(file.read_text())["label"] for file in files]
    typed = {
        step["textinsert"]
        for tour in TOURS
        for step in yaml.safe_load(tour.read_text())["steps"]
        if "textinsert" in step
    }
    for title in titles:
        assert any(text in title for text in typed), title


@pytest.mark.parametrize("tour", TOURS, ids=lambda tour: tour.stem)
def test_every_step_of_a_tour_says_something_and_clicks_only_what_it_shows(tour: Path) -> None:
    for step in yaml.safe_load(tour.read_text())["steps"]:
        assert step["title"]
        assert step["content"]
        assert set(step.get("postclick", [])) <= {step.get("element")}


def test_a_changed_tour_is_noticed(instance: Settings, tmp_path: Path) -> None:
    configuration.render(instance)
    before = configuration.digest(instance)
    (tmp_path / "checkout" / "instance" / "tours").mkdir(parents=True)
    (tmp_path / "checkout" / "instance" / "tours" / "new.yml").write_text("steps: []")
    assert configuration.digest(replace(instance, checkout=tmp_path / "checkout")) != before


def test_what_galaxy_answers_becomes_one_line() -> None:
    assert offering.in_one_line(ValueError("400:\n  {'err_msg':\n 'no'}")) == "400: {'err_msg': 'no'}"
    assert offering.in_one_line(TimeoutError()) == "TimeoutError"


@pytest.mark.parametrize("wanted", [True, False])
def test_sample_reads_and_examples_are_brought_where_they_are_wanted(
    wanted: bool, instance: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The workflows are published in any case: they cost a second."""
    done: list[str] = []
    monkeypatch.setattr(offering, "connect", lambda credentials: None)
    monkeypatch.setattr(offering, "offer_workflows", lambda gi, found: done.append("workflows"))
    monkeypatch.setattr(offering.processes, "start", lambda part, *_: done.append(part))
    monkeypatch.setattr(offering.processes, "write_record", lambda file, identity: None)
    offering.offer(replace(instance, examples=wanted), None, done.append)
    assert done == ["workflows", *([offering.PART] if wanted else [])]


def test_status_says_in_a_line_each_what_could_not_be_offered(
    instance: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(gi: object, found: Settings) -> None:
        raise ValueError("400:\n  no room")

    monkeypatch.setattr(offering, "connect", lambda credentials: None)
    monkeypatch.setattr(offers, "read_credentials", lambda state: None)
    monkeypatch.setattr(offering, "offer_library", lambda gi, found: None)
    monkeypatch.setattr(offering, "offer_examples", refuse)
    monkeypatch.setattr(health, "examine", lambda found: health.Health("up", "http://127.0.0.1:1", {}, ()))
    monkeypatch.setattr(logging.root, "handlers", [])
    monkeypatch.setattr(logging.root, "level", logging.root.level)
    log = parts.log(instance, offering.PART)
    log.parent.mkdir(parents=True, exist_ok=True)

    def said_by_status() -> list[str]:
        assert local.main(["status", "--state", str(instance.state)]) == 0
        return capsys.readouterr().out.splitlines()[1:]

    assert said_by_status() == []
    assert offers.main(["--state", str(instance.state)]) == 1
    log.write_text(capsys.readouterr().out)
    assert said_by_status() == [
        "note: finished examples: not offered: 400: no room; `scripts/galaxy up` tries again",
    ]
