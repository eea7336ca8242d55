"""Waiting for a run, finding it again, and saying what failed; against answers of Galaxy written down here."""

from types import SimpleNamespace
from typing import Any

import pytest

from metapipe.errors import MetapipeError
from metapipe.galaxy import running
from metapipe.galaxy.progress import Step
from metapipe.galaxy.running import find_run, line_that_matters, wait
from metapipe.galaxy.uploading import UploadedReads
from metapipe.galaxy.workflow import Workflow

WORKFLOW = Workflow({"label": "W", "inputs": {"Reads": "collection"}, "steps": {"Trim": {}, "Assemble": {}}}, uuid="u")
READS = UploadedReads("history", "pair", reused=True)


def invocation(trim: list[str], assemble: list[str], state: str = "scheduled", length: object = 1000) -> dict[str, Any]:
    """Return a run as ``/api/invocations/<id>?step_details=true`` describes it."""
    return {
        "id": "run",
        "state": state,
        "create_time": "2026-01-01",
        "inputs": {"0": {"id": "pair", "src": "hdca"}},
        "input_step_parameters": {"Minimum": {"label": "Minimum", "parameter_value": length}},
        "messages": [{"reason": "dataset_failed"}],
        "steps": [
            {"workflow_step_label": "Reads", "jobs": []},
            {"workflow_step_label": "Trim", "jobs": [{"state": state} for state in trim]},
            {"workflow_step_label": "Assemble", "jobs": [{"state": state} for state in assemble]},
        ],
    }


class FakeGalaxy:
    """Gives the answers of a list one by one, the last one for ever."""

    url = "http://galaxy/api"

    def __init__(
        self, *answers: dict[str, Any], jobs: list[dict[str, Any]] | None = None, info: str | None = None
    ) -> None:
        self.answers = list(answers)
        self.invocations = SimpleNamespace(
            get_invocations=lambda **_: [self.answers[-1]], show_invocation=lambda _: self.answers[-1]
        )
        found = jobs or []
        self.jobs = SimpleNamespace(
            get_jobs=lambda state, **_: [job for job in found if job.get("state", "error") == state],
            show_job=lambda id, **_: next(job for job in found if job["id"] == id),
        )
        self.datasets = SimpleNamespace(show_dataset=lambda _: {"misc_info": info})

    def make_get_request(self, _url: str, params: object) -> SimpleNamespace:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return SimpleNamespace(raise_for_status=lambda: None, json=lambda: answer)


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_POLL_SECONDS", 0.0)


def waited(gi: Any) -> list[list[Step]]:
    looks: list[list[Step]] = []
    wait(gi, WORKFLOW, "run", lambda steps: looks.append(list(steps)))
    return looks


def test_waiting_ends_when_every_step_is_done_and_shows_the_way_there() -> None:
    gi = FakeGalaxy(
        invocation([], [], state="new"),
        invocation(["running"], [], state="ready"),
        invocation(["ok"], ["queued"]),
        invocation(["ok"], ["ok"]),
    )
    assert [[step.state for step in steps] for steps in waited(gi)] == [
        ["waiting", "waiting"],
        ["running", "waiting"],
        ["done", "waiting"],
        ["done", "done"],
    ]


def test_a_failed_job_is_e404_with_the_tool_the_job_and_its_metapipe_line() -> None:
    job = {
        "id": "j1",
        "tool_id": "metapipe_trim_reads",
        "tool_stderr": "some noise\nMETAPIPE-E104 reads_1.fastq.gz: the compressed file ends too early\nmore",
    }
    gi = FakeGalaxy(invocation(["error"], ["paused"]), jobs=[job])
    with pytest.raises(MetapipeError) as caught:
        waited(gi)
    assert caught.value.exit_code == 71
    assert str(caught.value) == (
        "METAPIPE-E404 metapipe_trim_reads (job j1): METAPIPE-E104 reads_1.fastq.gz: the compressed file ends too early"
    )


def test_a_failure_waits_for_the_steps_that_still_run() -> None:
    gi = FakeGalaxy(
        invocation(["running"], ["error"]),
        invocation(["ok"], ["error"]),
        jobs=[{"id": "j", "tool_id": "t", "tool_stderr": "last words"}],
    )
    with pytest.raises(MetapipeError, match=r"t \(job j\): last words"):
        waited(gi)
    assert len(gi.answers) == 1


NEVER_STARTED = {"id": "j", "tool_id": "t", "state": "error", "exit_code": None, "outputs": {"hits": {"id": "d"}}}


def test_a_job_that_never_started_says_why_in_galaxys_words() -> None:
    info = "parameter 'installed': requires a value,\nbut no legal values defined"
    gi = FakeGalaxy(invocation(["ok"], ["error"]), jobs=[NEVER_STARTED], info=info)
    with pytest.raises(MetapipeError) as caught:
        waited(gi)
    words = "parameter 'installed': requires a value, but no legal values defined"
    assert str(caught.value) == f"METAPIPE-E404 t (job j): {words}"


@pytest.mark.parametrize("state", ["paused", "deleted", "stopped"])
def test_a_run_without_a_failed_job_ends_with_what_holds_it(state: str) -> None:
    waiting = {**NEVER_STARTED, "id": "k", "state": state}
    gi = FakeGalaxy(invocation(["ok"], [state]), jobs=[waiting], info="paused because its input is in an error state")
    with pytest.raises(MetapipeError, match=r"^METAPIPE-E404 t \(job k\): paused because its input"):
        waited(gi)


def test_every_broken_sample_is_named_and_what_is_said_twice_is_named_once() -> None:
    jobs = [
        {
            "id": f"j{number}",
            "tool_id": "metapipe_check_reads",
            "state": "error",
            "tool_stderr": f"METAPIPE-E106 {file}",
        }
        for number, file in enumerate(["bay_2.fq line 9", "pier.fq line 1", "bay_2.fq line 9"])
    ]
    assert [str(error) for error in running.failures(FakeGalaxy(invocation(["error"], []), jobs=jobs), "run")] == [
        "METAPIPE-E404 metapipe_check_reads (job j2): METAPIPE-E106 bay_2.fq line 9",
        "METAPIPE-E404 metapipe_check_reads (job j1): METAPIPE-E106 pier.fq line 1",
    ], "Galaxy lists the newest first"


def test_a_step_on_a_list_without_elements_has_nothing_to_do_and_is_done() -> None:
    ended = invocation(["ok"], [])
    ended["steps"][2]["state"] = "scheduled"
    assert waited(FakeGalaxy(ended))[-1][-1] == Step("Assemble", "done")


def test_a_failed_job_explains_the_paused_ones_behind_it() -> None:
    waiting = {**NEVER_STARTED, "id": "k", "state": "paused"}
    gi = FakeGalaxy(invocation(["error"], ["paused"]), jobs=[waiting, {**NEVER_STARTED, "tool_stderr": "no memory"}])
    with pytest.raises(MetapipeError, match=r"t \(job j\): no memory"):
        waited(gi)


@pytest.mark.parametrize(("code", "words"), [(None, "so it never started"), (3, "error with exit code 3")])
def test_a_job_of_which_nobody_says_anything_points_to_the_log(code: int | None, words: str) -> None:
    gi = FakeGalaxy(invocation(["error"], []), jobs=[{**NEVER_STARTED, "exit_code": code}])
    with pytest.raises(MetapipeError, match=f"{words}; `scripts/galaxy logs web` may say why"):
        waited(gi)


def test_a_cancelled_run_is_e404_with_galaxys_reason() -> None:
    with pytest.raises(MetapipeError, match=r"METAPIPE-E404 .*cancelled: dataset_failed"):
        waited(FakeGalaxy(invocation([], [], state="cancelled")))


@pytest.mark.parametrize(
    ("job", "line"),
    [
        ({"tool_stderr": "\n\nnoise\nMETAPIPE-E101 x: y\n"}, "METAPIPE-E101 x: y"),
        ({"tool_stderr": "", "job_stderr": "slurm says no"}, "slurm says no"),
        ({"tool_stderr": None, "job_messages": [{"desc": "Fatal error: Exit code 127"}]}, "Fatal error: Exit code 127"),
        ({"exit_code": 3}, ""),
    ],
)
def test_the_line_that_matters_is_ours_or_else_the_first_that_says_anything(job: dict[str, Any], line: str) -> None:
    assert line_that_matters(job) == line


@pytest.mark.parametrize("states", [(["ok"], ["ok"]), (["running"], []), (["ok"], ["queued"])])
def test_a_finished_or_running_run_with_the_same_settings_is_found_again(states: tuple[list[str], list[str]]) -> None:
    gi: Any = FakeGalaxy(invocation(*states))
    assert find_run(gi, WORKFLOW, "w", READS, {"Minimum": 1000}) == "run"


@pytest.mark.parametrize(
    ("run", "reads", "parameters"),
    [
        (invocation(["error"], ["paused"]), READS, {"Minimum": 1000}),
        (invocation(["ok"], ["ok"], state="cancelled"), READS, {"Minimum": 1000}),
        (invocation(["ok"], ["ok"]), READS, {"Minimum": 500}),
        (invocation(["ok"], ["ok"]), READS, {"Minimum": 1000, "Database": "x:1"}),
        (invocation(["ok"], ["ok"]), UploadedReads("history", "other pair", reused=True), {"Minimum": 1000}),
    ],
    ids=["failed", "cancelled", "other settings", "one setting more", "other reads"],
)
def test_a_failed_run_or_one_with_other_settings_or_reads_is_not(
    run: dict[str, Any], reads: UploadedReads, parameters: dict[str, Any]
) -> None:
    gi: Any = FakeGalaxy(run)
    assert find_run(gi, WORKFLOW, "w", reads, parameters) is None
