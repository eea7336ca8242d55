"""Run the workflow on uploaded reads, wait for it, and say what failed.

A run is looked for before one is started: an interrupted wait goes on where it was, and a finished run is not repeated.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bioblend.galaxy import GalaxyInstance

from metapipe.errors import MetapipeError
from metapipe.galaxy.patience import Patience
from metapipe.galaxy.progress import DONE, FAILED, RUNNING, STOPPED, Step, step_state
from metapipe.galaxy.uploading import UploadedReads
from metapipe.galaxy.workflow import Workflow

_POLL_SECONDS = 2.0
#: Jobs that will come to another state by themselves.
_MOVING = frozenset({"new", "upload", "waiting", "queued", "running", "finishing", "resubmitted", "stop", "deleting"})
#: Every step has its jobs, so nothing new begins; before, one may still wait for Galaxy to look at it.
_SCHEDULED = frozenset({"scheduled", "completed"})
_SETTLED_SECONDS, _UNSCHEDULED_SECONDS = 6.0, 60.0
_ENDED_BADLY = frozenset({"failed", "cancelled", "cancelling"})
#: States of a job that let no run go on; the first explains the others.
_BAD_STATES = ("error", "failed", "paused", "deleted", "stopped")
_FAILED_STATES = _BAD_STATES[:2]
#: So many failed jobs are named.
_MOST_SAID = 20


def find_run(
    gi: GalaxyInstance, workflow: Workflow, workflow_id: str, reads: UploadedReads, parameters: Mapping[str, Any]
) -> str | None:
    """Return the id of the newest run of this workflow on these reads with these parameters that has not failed."""
    runs = gi.invocations.get_invocations(workflow_id=workflow_id, history_id=reads.history_id)
    for run in sorted(runs, key=lambda run: str(run["create_time"]), reverse=True):
        invocation = gi.invocations.show_invocation(run["id"])
        if invocation["state"] in _ENDED_BADLY or not _same_inputs(invocation, reads, parameters):
            continue
        if not any(step.state in {FAILED, STOPPED} for step in steps_of(gi, workflow, run["id"])[1]):
            return str(run["id"])
    return None


def _same_inputs(invocation: Mapping[str, Any], reads: UploadedReads, parameters: Mapping[str, Any]) -> bool:
    collections = {given["id"] for given in invocation["inputs"].values()}
    given = {entry["label"]: entry["parameter_value"] for entry in invocation.get("input_step_parameters", {}).values()}
    return collections == {reads.collection_id} and {
        label: str(value) for label, value in given.items() if value is not None
    } == {label: str(value) for label, value in parameters.items()}


def start_run(
    gi: GalaxyInstance, workflow: Workflow, workflow_id: str, reads: UploadedReads, parameters: Mapping[str, Any]
) -> str:
    """Start the workflow and return the run's id.

    Galaxy's job cache is not used: on SQLite before 3.44 (Debian 12) it fails on collections ("no such function:
    concat_ws", Galaxy 26.1), and a whole run is found again by :func:`find_run` anyhow.

    :param parameters: input label → value.
    """
    inputs: dict[str, Any] = {workflow.reads_label: {"src": "hdca", "id": reads.collection_id}, **parameters}
    invocation = gi.workflows.invoke_workflow(workflow_id, inputs=inputs, inputs_by="name", history_id=reads.history_id)
    return str(invocation["id"])


def steps_of(gi: GalaxyInstance, workflow: Workflow, run_id: str) -> tuple[dict[str, Any], list[Step]]:
    """Return the run as Galaxy describes it, and the state of each of its steps in the workflow's order."""
    response = gi.make_get_request(f"{gi.url}/invocations/{run_id}", params={"step_details": "true"})
    response.raise_for_status()
    invocation: dict[str, Any] = response.json()
    jobs: dict[str, list[str]] = {label: [] for label in workflow.step_labels}
    for step in invocation["steps"]:
        if step["workflow_step_label"] in jobs:
            # On a list without elements a step has nothing to do.
            nothing = ["skipped"] if step.get("state") == "scheduled" else []
            jobs[step["workflow_step_label"]] = [job["state"] for job in step["jobs"]] or nothing
    return invocation, [Step(label, step_state(states)) for label, states in jobs.items()]


def wait(gi: GalaxyInstance, workflow: Workflow, run_id: str, look: Callable[[Sequence[Step]], None]) -> dict[str, Any]:
    """Wait until every step is done and return the run as Galaxy describes it.

    Where something fails, what can go on is waited for: the other samples of the run, and their comparison.

    :param look: called with the steps at every look (about every two seconds).
    :raises MetapipeError: E404 with the tool, the job's id and the line that matters; E801 when nothing changes for
        longer than :mod:`metapipe.galaxy.patience` has.
    """
    still = 0.0
    patience = Patience(f"the run of {workflow.title}")
    while True:
        invocation, steps = steps_of(gi, workflow, run_id)
        look(steps)
        jobs = [sorted(job["state"] for job in step["jobs"]) for step in invocation["steps"]]
        patience.look((invocation["state"], str(jobs)), running=any("running" in of_step for of_step in jobs))
        states = {step.state for step in steps}
        if states == {DONE}:
            return invocation
        if invocation["state"] in _ENDED_BADLY:
            raise MetapipeError("E404", f"the run ended as {invocation['state']}: {_reasons(invocation)}")
        # Steps behind a failed one are paused or never start; those beside it may go on to their end.
        if {FAILED, STOPPED} & states:
            if not workflow.takes_samples_together and RUNNING not in states:
                raise failure(gi, run_id)
            moving = any(not _MOVING.isdisjoint(of_step) for of_step in jobs)
            still = 0.0 if moving else still + _POLL_SECONDS
            if still >= (_SETTLED_SECONDS if invocation["state"] in _SCHEDULED else _UNSCHEDULED_SECONDS):
                raise failure(gi, run_id)
        time.sleep(_POLL_SECONDS)


def failure(gi: GalaxyInstance, run_id: str) -> MetapipeError:
    """Return the error that says which job of the run failed first, in the tool's own words.

    Where none failed, that which was paused or stopped first: there, and where a job never started, Galaxy's own words
    say why.
    """
    return failures(gi, run_id, most=1)[0]


def failures(gi: GalaxyInstance, run_id: str, most: int = _MOST_SAID) -> list[MetapipeError]:
    """As :func:`failure`, of each job that failed: where samples are run together, of each sample that is broken.

    What two jobs say in the same words is said once.

    :param most: jobs that are looked at.
    """
    for state in _BAD_STATES:
        jobs = gi.jobs.get_jobs(invocation_id=run_id, state=state, order_by="create_time")
        said: dict[str, MetapipeError] = {}
        for found in jobs[::-1][:most] if state in _FAILED_STATES else jobs[-1:]:
            job = gi.jobs.show_job(found["id"], full_details=True)
            words = line_that_matters(job) or galaxys_words(gi, job) or _state_words(job)
            said.setdefault(words, MetapipeError("E404", f"{job['tool_id']} (job {job['id']}): {words}"))
        if said:
            return list(said.values())
    return [MetapipeError("E404", f"run {run_id} stopped without a failed job; look at its history")]


def line_that_matters(job: Mapping[str, Any]) -> str:
    """Return the ``METAPIPE-E…`` line of a failed job, or else the first line that says anything, or nothing."""
    texts = [job.get(key) or "" for key in ("tool_stderr", "job_stderr", "tool_stdout")]
    lines = [line.strip() for text in texts for line in text.splitlines() if line.strip()]
    ours = [line for line in lines if line.startswith("METAPIPE-E")]
    messages = [str(message.get("desc", "")) for message in job.get("job_messages") or []]
    return next(iter(ours + lines + [text for text in messages if text]), "")


def galaxys_words(gi: GalaxyInstance, job: Mapping[str, Any]) -> str:
    """Return what Galaxy noted at the job's outputs: why it could not start it, or why it waits."""
    for output in job.get("outputs", {}).values():
        words = " ".join(str(gi.datasets.show_dataset(output["id"]).get("misc_info") or "").split())
        if words:
            return words
    return ""


def _state_words(job: Mapping[str, Any]) -> str:
    code = job.get("exit_code")
    ending = "without an exit code, so it never started" if code is None else f"with exit code {code}"
    return f"{job['state']} {ending}; `scripts/galaxy logs web` may say why"


def _reasons(invocation: Mapping[str, Any]) -> str:
    return "; ".join(str(message.get("reason", message)) for message in invocation.get("messages", [])) or "no reason"
