"""What a stage works out once before its blocks run: in a child of the driver, watched like a block."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.runner.attempt.attempt import describe
from metapipe.runner.attempt.task import BlockTask, Job, last_words, shared_folder
from metapipe.runner.blocks.block import Block
from metapipe.runner.declare.stage import Stage
from metapipe.runner.guard.forked import Ended, run_forked


def prepare(stage: Stage, job: Job, first: Block) -> None:
    """Have ``stage`` leave what all blocks read in the job's shared folder; nothing for a stage that has no need.

    It is done anew by every run: after a crash nobody knows what of an earlier one is whole on disk.

    :raises MetapipeError: what the stage raises; E401, E801 or E802 when its child came to another end.
    """
    if type(stage).prepare is Stage.prepare:
        return
    folder = shared_folder(job)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
        with tempfile.TemporaryDirectory(dir=job.folder, prefix="prepare-") as scratch:
            task = BlockTask(job, first, folder, Path(scratch))
            ended = run_forked(lambda: stage.prepare(task, folder), limits=job.allowance.limits(), outputs=folder)
    except OSError as error:
        raise MetapipeError("E501", f"cannot write ({error.strerror})", file=folder) from error
    if ended.outcome != "ok":
        raise _failure(ended)


def _failure(ended: Ended) -> BaseException:
    if isinstance(ended.payload, MetapipeError):
        return ended.payload
    if ended.outcome == "memory":
        return MetapipeError("E802", ended.sentence or "what the blocks share takes more memory than there is")
    if ended.outcome == "timeout":
        return MetapipeError("E801", ended.sentence)
    if ended.outcome == "error":
        code, message, _ = describe(ended.payload)
        return MetapipeError(code, message)
    how = f"was killed by signal {ended.signal}" if ended.signal else f"ended with exit code {ended.exit_code}"
    return MetapipeError("E401", f"the preparation of the blocks {how}; last words: {last_words(ended.stderr)}")
