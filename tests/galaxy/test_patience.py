"""How long is waited for a Galaxy in which nothing moves; against a clock and answers written down here."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from metapipe.errors import MetapipeError
from metapipe.galaxy import running, uploading
from metapipe.galaxy.patience import RUNNING_SECONDS, WAITING_SECONDS, Patience
from metapipe.galaxy.workflow import Workflow

WORKFLOW = Workflow({"label": "W", "inputs": {"Reads": "collection"}, "steps": {"Trim": {}}}, uuid="u")


class Clock:
    """Seconds that pass when told to."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    def sleep(self, _seconds: float) -> None:
        """A whole hour, whatever was asked for."""
        self.seconds += 3600.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    for module in (running, uploading):
        monkeypatch.setattr(module, "time", SimpleNamespace(sleep=made.sleep))
        monkeypatch.setattr(module, "Patience", lambda what: Patience(what, made))
    return made


@pytest.mark.parametrize(("at_work", "limit"), [(False, WAITING_SECONDS), (True, RUNNING_SECONDS)])
def test_what_has_not_changed_for_too_long_is_given_up(at_work: bool, limit: float) -> None:
    clock = Clock()
    wait = Patience("the run", clock)
    wait.look("queued", running=at_work)
    clock.seconds = limit - 1
    wait.look("queued", running=at_work)
    clock.seconds = limit
    with pytest.raises(MetapipeError, match=r"^METAPIPE-E801 the run: nothing has changed in Galaxy for ") as caught:
        wait.look("queued", running=at_work)
    assert caught.value.exit_code == 124


def test_every_change_starts_the_time_anew() -> None:
    clock = Clock()
    wait = Patience("the run", clock)
    for number in range(10):
        wait.look(number, running=False)
        clock.seconds += 0.9 * WAITING_SECONDS


def run_of(*answers: list[str]) -> Any:
    """A Galaxy that says of the run's one step what its jobs do, the last answer for ever."""
    left = list(answers)

    def answer(*_: object, **__: object) -> SimpleNamespace:
        states = left.pop(0) if len(left) > 1 else left[0]
        steps = [{"workflow_step_label": "Trim", "jobs": [{"state": state} for state in states]}]
        return SimpleNamespace(raise_for_status=lambda: None, json=lambda: {"state": "scheduled", "steps": steps})

    return SimpleNamespace(url="", make_get_request=answer)


def upload_of(*states: str) -> Any:
    """A Galaxy that says of one file being uploaded what becomes of it, the last answer for ever."""
    left = list(states)

    def answer(*_: object) -> dict[str, Any]:
        state = left.pop(0) if len(left) > 1 else left[0]
        return {"elements": [{"object": {"id": "d", "state": state, "name": "sea_1.fq"}}]}

    return SimpleNamespace(histories=SimpleNamespace(show_dataset_collection=answer))


def see_run(gi: Any) -> None:
    running.wait(gi, WORKFLOW, "run", lambda steps: None)


def see_upload(gi: Any) -> None:
    uploading._wait_for_files(gi, "history", "pair", 1)


@pytest.mark.parametrize(
    ("see", "galaxy", "what", "hours"),
    [
        (see_run, run_of(["queued"]), "the run of W", 24),
        (see_run, run_of(["running"]), "the run of W", 168),
        (see_run, run_of([], ["queued"], ["running"], ["queued"]), "the run of W", 3 + 24),
        (see_upload, upload_of("queued"), "the upload of the reads", 24),
        (see_upload, upload_of("queued", "running"), "the upload of the reads", 1 + 168),
    ],
)
def test_waiting_ends_where_nothing_moves(
    see: Callable[[Any], None], galaxy: Any, what: str, hours: int, clock: Clock
) -> None:
    with pytest.raises(MetapipeError, match=rf"^METAPIPE-E801 {what}: nothing has changed"):
        see(galaxy)
    assert clock.seconds == hours * 3600


def test_a_run_longer_than_any_limit_is_waited_for_while_something_changes(clock: Clock) -> None:
    hours = 2 * int(RUNNING_SECONDS // 3600)
    see_run(run_of(*(["running"] * (1 + number % 2) for number in range(hours)), ["ok"]))
    assert clock.seconds == hours * 3600


def test_the_tutorial_says_the_limits() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs/tutorial.md").read_text()
    for limit in (WAITING_SECONDS, RUNNING_SECONDS):
        assert f"for {limit / 3600:.0f} hours" in text
