"""Workers that died with their blocks: noticed by what they began and never finished."""

from __future__ import annotations

from pathlib import Path

from metapipe.runner.attempt.attempt import Attempt
from metapipe.runner.attempt.part import left_behind
from metapipe.runner.attempt.task import Job


def lost_attempts(job: Job) -> list[Attempt]:
    """Rows for attempts whose worker died under them; whoever asks knows that no worker is left."""
    message = "the worker was lost"
    return [Attempt(outcome="lost", code="E601", message=message, **begun) for begun in left_behind(Path(job.folder))]
