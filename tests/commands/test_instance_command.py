"""``metapipe instance``: requests written, looked at and planned; steps done, failed and gone on with."""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from metapipe import cli
from metapipe.commands.instances import actions, show
from metapipe.commands.instances.places import Asked, Places
from metapipe.commands.instances.target import Condition, Step, Tell
from metapipe.errors import MetapipeError
from metapipe.galaxy.credentials import Account, Credentials
from metapipe.instance.planning import Plan, PlannedHost, duration

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own for all that would be made."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("METAPIPE_HOME", str(CHECKOUT))
    monkeypatch.setenv("METAPIPE_BUILD", str(tmp_path / "build"))
    monkeypatch.setenv("METAPIPE_REFDB", str(tmp_path / "refdb"))
    monkeypatch.setenv("METAPIPE_DOWNLOADS", str(tmp_path / "downloads"))
    return tmp_path / "build"


def instance(*words: str) -> int:
    return cli.main(["instance", *words])


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert instance(*words) == 78
    return capsys.readouterr().err


NEW = ("new", "--name", "lab", "--admin", "ada@lab.example")


def test_a_request_written_from_options_is_right_and_says_what_each_field_is_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert instance(*NEW, "--flavour", "biomas", "--account", "bob@lab.example") == 0
    text = Path("lab.yml").read_text()
    written = yaml.safe_load(text)
    assert (written["flavour"], written["target"]) == ("biomas", "here")
    assert written["open"] == {"accounts": ["bob@lab.example"]}
    assert "# nobody else comes in" in text
    assert instance("check", "lab.yml") == 0
    assert "lab.yml is right" in capsys.readouterr().out


def test_a_request_for_hosts_is_written_with_its_machines() -> None:
    assert instance(*NEW, "--target", "hosts", "--head", "10.0.0.1", "--worker", "10.0.0.2", "--worker", "n3") == 0
    written = yaml.safe_load(Path("lab.yml").read_text())
    assert written["hosts"] == {"head": "10.0.0.1", "workers": ["10.0.0.2", "n3"], "user": "operator"}
    assert instance("check", "lab.yml") == 0


def test_what_is_missing_where_nobody_can_be_asked_is_named_all_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert "give --name, --admin" in refused(capsys, "new")


def test_a_wrong_answer_leaves_no_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    said = refused(capsys, "new", "--name", "lab", "--admin", "nobody")
    assert "METAPIPE-E703 lab.yml line" in said
    assert "admin: expected an e-mail address" in said
    assert not list(tmp_path.glob("*.yml"))


def test_a_request_that_is_there_is_not_overwritten(capsys: pytest.CaptureFixture[str]) -> None:
    Path("lab.yml").write_text("mine\n")
    assert "a file that is not there yet" in refused(capsys, *NEW)
    assert Path("lab.yml").read_text() == "mine\n"


def test_every_wrong_field_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    Path("lab.yml").write_text("name: lab\nflavour: metapip\ntarget: here\nadmin: me\n")
    said = refused(capsys, "check", "lab.yml").splitlines()
    assert [line.split(":")[0] for line in said] == [f"METAPIPE-E703 lab.yml line {line}" for line in (2, 4)]


def test_a_plan_says_what_would_be_made_and_makes_nothing(
    capsys: pytest.CaptureFixture[str], build: Path, tmp_path: Path
) -> None:
    instance(*NEW)
    capsys.readouterr()
    assert instance("plan", "lab.yml", "--json") == 0
    planned = json.loads(capsys.readouterr().out)
    assert planned["hosts"][0]["roles"] == ["message broker", "Celery worker", "job handler", "web server"]
    labels = {each["label"]: each for each in planned["databases"]}
    taxonomy = {"marine-reads:1", "marine-markers:1", "ssu-prokaryotes:2026-09"}
    assert labels.keys() == {"ec-proteins:1", "pfam-gecco:35.0", *taxonomy}
    assert all(each["bytes"] > 1e5 and each["seconds"] > 0 and not each["installed"] for each in labels.values())
    assert planned["disk_needed"] > sum(each["bytes"] for each in labels.values())
    assert planned["versions"].keys() == {"metapipe", "galaxy", "pyspark"}
    assert "build the database ec-proteins:1" in planned["changes"]
    assert not build.exists()
    assert {path.name for path in tmp_path.iterdir()} == {"lab.yml"}
    assert instance("plan", "lab.yml") == 0
    assert "database   pfam-gecco:35.0, 92 MB, not there, built in about 8 s" in capsys.readouterr().out


def test_what_the_machine_cannot_hold_is_said_before_anything_is_made(
    capsys: pytest.CaptureFixture[str], build: Path
) -> None:
    instance(*NEW)
    Path("big.yml").write_text(Path("lab.yml").read_text() + "size: {cores: 4096, memory_gb: 65536}\n")
    assert instance("up", "big.yml") == 78
    said = capsys.readouterr().err.splitlines()
    assert [line.split(",")[0] for line in said] == [
        "METAPIPE-E704 here: size.cores",
        "METAPIPE-E704 here: size.memory_gb",
    ]
    assert not build.exists()


def test_less_than_the_flavour_needs_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    instance(*NEW)
    Path("small.yml").write_text(Path("lab.yml").read_text() + "size: {memory_gb: 2}\n")
    capsys.readouterr()
    assert instance("plan", "small.yml") == 78
    assert "size.memory_gb, expected at least 4 for the flavour mmg, found '2'" in capsys.readouterr().out


@pytest.mark.parametrize("word", ["status", "verify", "credentials", "logs", "down", "up", "plan"])
def test_an_instance_that_is_not_there_is_one_line(capsys: pytest.CaptureFixture[str], word: str) -> None:
    said = refused(capsys, word, "lab")
    assert said == "METAPIPE-E701 INSTANCE, expected no instance is there yet, found 'lab'\n"


HOST = PlannedHost("here", ("web server",), (), 2, 4096, 1 << 40)
PLAN = Plan("lab", "mmg", "here", Path("lab"), (HOST,), 1, 1024, 1, 1, (), {}, (), 0, (), ())


class Made:
    """A target whose steps are noted."""

    def __init__(self, failing: str = "") -> None:
        self.done: list[str] = []
        self.failing = failing

    def plan(self) -> Plan:
        return PLAN

    def steps(self, restart: bool, thorough: bool) -> list[Step]:
        return [Step(name, 100.0, lambda tell, name=name: self._do(name, tell)) for name in ("first", "second")]

    def _do(self, name: str, tell: Tell) -> None:
        tell("see `scripts/galaxy logs web`")
        if name == self.failing:
            raise MetapipeError("E307", "it ended; see `scripts/galaxy logs web`")
        self.done.append(name)

    def condition(self) -> Condition:
        faults = ["METAPIPE-E307 broken; `scripts/galaxy up` starts it again"]
        return Condition("broken", "", {"here": {"web": False}}, {"a:1": False}, {}, 0, faults, ["slow"], 69)

    def credentials(self) -> Credentials:
        nobody = Account("ada@lab.example", "", "")
        return Credentials("http://127.0.0.1:1", nobody, nobody)

    def passwords(self) -> Mapping[str, Path]:
        return {}

    def log(self, part: str, lines: int, follow: bool) -> Iterator[str]:
        yield "a line\n"

    @contextmanager
    def small_databases(self, folders: Sequence[Path]) -> Iterator[int]:
        yield 0

    def remove(self, keep_data: bool, tell: Tell) -> None:
        self.done.append(f"removed, keep_data {keep_data}")


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Made:
    target = Made()
    monkeypatch.setattr(actions, "target_of", lambda _places, _asked: target)
    instance(*NEW)
    capsys.readouterr()
    return target


def test_up_says_each_step_with_the_time_to_go_and_remembers_how_long_it_took(
    made: Made, capsys: pytest.CaptureFixture[str], build: Path
) -> None:
    assert instance("up", "lab.yml") == 0
    said = capsys.readouterr()
    assert "[1/2] first; about 3 min to go" in said.out
    assert "see `metapipe instance logs lab web`" in said.out
    assert said.err == "note: slow\n"
    kept = build / "instances" / "lab"
    assert json.loads((kept / "steps.json").read_text()).keys() == {"first", "second"}
    assert (kept.stat().st_mode & 0o777, (kept / "request.yml").stat().st_mode & 0o777) == (0o700, 0o600)
    instance("up", "lab")
    assert "[1/2] first; about 1 s to go" in capsys.readouterr().out


def test_a_step_that_fails_is_named_and_up_goes_on(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    made.failing = "second"
    assert instance("up", "lab.yml") == 69
    assert capsys.readouterr().err.splitlines() == [
        "METAPIPE-E307 it ended; see `metapipe instance logs lab web`",
        "the step was: second; `metapipe instance up lab` goes on here",
    ]
    made.failing = ""
    assert instance("up", "lab") == 0
    assert made.done == ["first", "first", "second"]


def test_two_commands_at_once_are_refused_with_the_process_that_works(
    made: Made, capsys: pytest.CaptureFixture[str]
) -> None:
    instance("up", "lab.yml")
    places = Places.find()
    with places.asked("lab").folder.only_one():
        capsys.readouterr()
        assert instance("up", "lab") == 75
        assert "METAPIPE-E602 another command works on the instance lab: process" in capsys.readouterr().err
    assert instance("up", "lab") == 0


def test_status_tells_scripts_by_its_exit_code(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    instance("up", "lab.yml")
    capsys.readouterr()
    assert instance("status", "lab") == 69
    said = capsys.readouterr().out
    assert "lab is broken" in said
    assert "web does not run" in said
    assert "`metapipe instance up lab` starts it again" in said
    assert instance("status", "lab", "--json") == 69
    assert json.loads(capsys.readouterr().out)["services"] == {"here": {"web": False}}


def test_down_removes_only_what_somebody_agreed_to(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    instance("up", "lab.yml")
    assert instance("down", "lab") == 78
    assert not [done for done in made.done if done.startswith("removed")]
    assert instance("down", "lab", "--keep-data") == 0
    assert instance("down", "lab", "--yes") == 0
    assert made.done[-2:] == ["removed, keep_data True", "removed, keep_data False"]


def test_verify_refuses_what_is_not_up(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    instance("up", "lab.yml")
    capsys.readouterr()
    assert instance("verify", "lab") == 69
    assert "lab is broken; see `metapipe instance status lab`" in capsys.readouterr().err


def test_a_request_that_changes_is_planned_field_by_field(made: Made) -> None:
    instance("up", "lab.yml")
    Path("lab.yml").write_text(Path("lab.yml").read_text().replace("mmg", "biomas") + "size: {jobs: 3}\n")
    asked = Places.find().asked("lab.yml")
    assert isinstance(asked, Asked)
    from metapipe.instance.planning import differences

    assert differences(asked.before, asked.request) == ("flavour: mmg becomes biomas", "size.jobs: 2 becomes 3")


def test_durations_and_sizes_are_said_as_people_say_them() -> None:
    assert [duration(seconds) for seconds in (0.2, 40, 100, 3600)] == ["1 s", "40 s", "2 min", "60 min"]
    assert [show.size(number) for number in (None, 10, 92_000_000, 4_400_000_000)] == [
        "size unknown",
        "1 MB",
        "92 MB",
        "4.4 GB",
    ]


def test_the_help_shows_every_action_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        instance("--help")
    said = capsys.readouterr().out
    for word in set(actions.ACTIONS) - {"list"}:
        assert f"metapipe instance {word} " in said


def test_options_reach_their_action() -> None:
    options = cli.build_parser(["instance"]).parse_args(["instance", "down", "lab", "--keep-data", "--yes"])
    assert isinstance(options, argparse.Namespace)
    assert (options.keep_data, options.yes, options.instance) == (True, True, "lab")
