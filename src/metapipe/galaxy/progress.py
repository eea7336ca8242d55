"""What a user sees while waiting: one line when a step starts or ends, and one line that moves on a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

WAITING, RUNNING, DONE, FAILED, STOPPED = "waiting", "running", "done", "failed", "stopped"

_JOB_STATES = {
    "ok": DONE,
    "skipped": DONE,
    "running": RUNNING,
    "finishing": RUNNING,
    "error": FAILED,
    "failed": FAILED,
    "deleted": STOPPED,
    "deleting": STOPPED,
    "stopped": STOPPED,
    "stop": STOPPED,
    "paused": STOPPED,
}


@dataclass(frozen=True)
class Step:
    """A step of the workflow and where its jobs are."""

    label: str
    state: str


def step_state(job_states: Iterable[str]) -> str:
    """Return the state of a step from the states of its jobs (none yet: waiting). The worst one counts.

    >>> step_state([]), step_state(["ok", "running"]), step_state(["ok", "error"])
    ('waiting', 'running', 'failed')
    """
    states = {_JOB_STATES.get(state, WAITING) for state in job_states}
    for state in (FAILED, STOPPED, RUNNING):
        if state in states:
            return state
    return DONE if states == {DONE} else WAITING


def clock(seconds: float) -> str:
    """Return a duration as ``m:ss`` or ``h:mm:ss``.

    >>> clock(5.9), clock(75), clock(3700)
    ('0:05', '1:15', '1:01:40')
    """
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def status_line(steps: Iterable[Step], seconds: float, width: int) -> str:
    """Return the line that moves: steps done, what runs, what waits, the time; never wider than ``width``.

    >>> status_line([Step("Trim", "done"), Step("Assemble", "running"), Step("Annotate", "waiting")], 75, 80)
    '[1/3] 1:15  running: Assemble  waiting: 1'
    """
    steps = list(steps)
    done = sum(step.state == DONE for step in steps)
    running = ", ".join(step.label for step in steps if step.state == RUNNING)
    waiting = sum(step.state == WAITING for step in steps)
    parts = [f"[{done}/{len(steps)}] {clock(seconds)}"]
    if running:
        parts.append(f"running: {running}")
    if waiting:
        parts.append(f"waiting: {waiting}")
    line = "  ".join(parts)
    return line if len(line) <= width else line[: width - 1] + "…"


@dataclass
class Changes:
    """Tells which steps changed since the last look, as lines to print."""

    _seen: dict[str, str] = field(default_factory=dict)
    _since: dict[str, float] = field(default_factory=dict)

    def lines(self, steps: Iterable[Step], seconds: float) -> list[str]:
        """Return a line for each step that started or ended since the last look.

        The first look at a run that was started earlier finds steps done: they are counted in one line.

        :param seconds: time since the beginning; a step's own time is counted from when it was first seen running.
        """
        steps, lines = list(steps), []
        if not self._seen:
            self._seen = {step.label: step.state if step.state == DONE else WAITING for step in steps}
            done = sum(step.state == DONE for step in steps)
            if done:
                lines.append(f"  {done} of {len(steps)} steps are done already")
        for step in steps:
            before = self._seen.get(step.label, WAITING)
            if step.state == before:
                continue
            self._seen[step.label] = step.state
            if step.state == RUNNING:
                self._since[step.label] = seconds
                lines.append(f"  {clock(seconds):>7}  {step.label}: running")
            else:
                took = seconds - self._since.get(step.label, seconds)
                own = f" ({clock(took)})" if step.label in self._since else ""
                lines.append(f"  {clock(seconds):>7}  {step.label}: {step.state}{own}")
        return lines
