"""What is asked of a run: a stage, and three groups that are handed on whole (given, resources, places)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from metapipe.runner.blocks.block import Block
from metapipe.runner.blocks.resources import Resources
from metapipe.runner.declare.given import Given


@dataclass(frozen=True)
class Places:
    """Where the results of a run go.

    :param outputs: the outputs wanted; others are dropped. :param workdir: parts live here until merged.
    :param quarantine: for the records given up on (None: beside the first output, if there are any).
    :param event_log: folder in which Spark leaves its event log.
    """

    outputs: Mapping[str, Path]
    workdir: Path
    summary: Path | None = None
    report: Path | None = None
    quarantine: Path | None = None
    event_log: Path | None = None

    @property
    def targets(self) -> dict[str, Path]:
        """What it is, for a message -> the file that is written."""
        extra = {"the summary": self.summary, "the report": self.report, "the quarantine": self.quarantine}
        return {f"output {name}": path for name, path in self.outputs.items()} | {
            what: path for what, path in extra.items() if path is not None
        }


@dataclass(frozen=True)
class Voice:
    """How a run speaks to its user.

    :param progress: called with one line of text now and then;
        :param live: it shows each in place of the one before, so it is called often (an empty line clears it).
    :param warn: called with a line the user should see in any case.
    """

    progress: Callable[[str], None] | None = None
    warn: Callable[[str], None] | None = None
    live: bool = False


@dataclass(frozen=True)
class Request:
    """What to run on what, and where the results go.

    :param stage: ``module:Class``. :param order: permutes the launch of blocks (tests).
    """

    stage: str
    given: Given
    places: Places
    resources: Resources = field(default_factory=Resources)
    voice: Voice = field(default_factory=Voice)
    order: Callable[[list[Block]], list[Block]] | None = None


@dataclass(frozen=True)
class RunResult:
    """What came out: the summary, the run report, and where records that were given up on went."""

    summary: dict[str, Any]
    report: dict[str, Any]
    quarantined: int
    quarantine: Path | None
