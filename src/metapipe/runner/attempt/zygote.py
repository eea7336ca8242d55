"""One child per worker and job that does the set-up once and forks a child of its own for every block.

The models are shared copy-on-write. A crash, a hang or a lack of memory in the set-up ends this child and is a row like
any other failure; the worker (inline: the driver itself) stays whole, and keeps no model of an earlier job.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import pickle
import resource
import select
import stat
import sys
import time
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NoReturn

from metapipe.proc import open_files
from metapipe.runner.attempt.task import BlockTask, Job
from metapipe.runner.blocks.block import Block
from metapipe.runner.declare.stage import Stage
from metapipe.runner.guard import sandbox
from metapipe.runner.guard.block_watch import Watch, look_at, own_memory
from metapipe.runner.guard.forked import Ended, Usage, attend, end_tree, judge, outcome_of, run_forked, stand_apart
from metapipe.runner.guard.launcher import Tail, adopt_orphans
from metapipe.runner.guard.limits import Limits, limit_self
from metapipe.runner.guard.no_network import drop_network

#: Seconds without a block after which it ends by itself: a worker that waits for its next job holds no models.
_PATIENCE = 60.0

Load = Callable[[str], type[Stage]]


class Zygote:
    """The worker's end. ``load`` imports a stage by its reference."""

    def __init__(self, job: Job, load: Load) -> None:
        self.job, self.owner = job, os.getpid()
        self._is_ready, self._told_cpu = False, 0.0
        self._tail = Tail()
        adopt_orphans()
        sys.stdout.flush()
        sys.stderr.flush()
        # What the worker holds is not the set-up's doing.
        self._inherited_kib = own_memory(os.getpid()) if job.allowance.enforced else 0
        self._line, line = Pipe()
        self._errors, errors = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            self._line.close()
            os.close(self._errors)
            _Nursery(job, load, line).serve(self.owner, errors)
        line.close()
        os.close(errors)
        self._exited = os.pidfd_open(self.pid)
        self.is_over = False

    def run(self, block: Block, folder: Path, scratch: Path) -> tuple[Ended, float] | None:
        """Run a block: how it ended, and the CPU seconds spent here on the way (the set-up, mostly).

        Returns None when this zygote has ended by itself before the block came to it; use another.
        """
        if self._is_ready and self._has_ended():
            self._wait()
            return None
        limits, own = self.job.allowance.limits(block.residues), 0.0
        for order in ("block",) if self._is_ready else ("setup", "block"):
            started = time.monotonic()
            watch = self._watch_of_setup(limits) if order == "setup" else None
            verdict = reply = None
            with contextlib.suppress(BrokenPipeError, ConnectionResetError, EOFError):
                self._line.send((order, block, str(folder), str(scratch)))
                verdict = attend(self._exited, {self._errors: self._tail.add}, watch, self._line.fileno())
                reply = None if verdict is not None else self._line.recv()
            if reply is None:
                status, user, system, max_rss = self._wait()
                if verdict is None and status == 0:
                    return None
                spent = Usage(max(0.0, user + system - self._told_cpu), 0.0, max_rss, time.monotonic() - started)
                return judge(status, b"", self._tail, verdict, spent), own
            ended, cpu = reply
            own += cpu
            self._told_cpu += cpu + (ended.usage.user + ended.usage.system if ended is not None else 0.0)
            if ended is not None:
                if order == "setup":  # which failed
                    self.end()
                return ended, own
            self._is_ready = True
        raise AssertionError("a block has no answer")

    def _watch_of_setup(self, limits: Limits) -> Watch:
        return Watch(self.pid, limits, inherited_kib=self._inherited_kib, what="the set-up of a block")

    def _has_ended(self) -> bool:
        poller = select.poll()
        poller.register(self._exited, select.POLLIN)
        return bool(poller.poll(0))

    def _wait(self) -> tuple[int, float, float, int]:
        ended = end_tree(self.pid)
        self.is_over = True
        self._line.close()
        os.close(self._exited)
        os.close(self._errors)
        return ended

    def end(self) -> None:
        """End it and wait for it."""
        if not self.is_over and self.owner == os.getpid():
            self._wait()


class _Nursery:
    """The child's end."""

    def __init__(self, job: Job, load: Load, line: Connection) -> None:
        self.job, self.load, self.line = job, load, line
        self.stage: Stage | None = None
        self.state: Any = None
        self.cpu = 0.0
        self.base_kib = 0

    def serve(self, parent: int, errors: int) -> NoReturn:
        code = 1
        try:
            stand_apart(parent, errors)
            _close_sockets(self.line.fileno())
            self.base_kib = look_at(os.getpid()).memory_kib
            limit_self(self.job.allowance.limit_mb, self.job.allowance.threads)
            self.cpu = _cpu()
            while self.line.poll(_PATIENCE):
                order, block, folder, scratch = self.line.recv()
                task = BlockTask(self.job, block, Path(folder), Path(scratch))
                ended = self.set_up(task) if order == "setup" else self.run(task)
                spent = _cpu() - self.cpu
                self.cpu += spent
                used = ended.usage.user + ended.usage.system if ended is not None else 0.0
                self.line.send((ended, max(0.0, spent - used)))
            code = 0
        except (EOFError, BrokenPipeError):  # the worker has ended
            pass
        finally:
            sys.stderr.flush()
            os._exit(code)

    def set_up(self, task: BlockTask) -> Ended | None:
        """Load what all blocks share. Returns how it failed, None when it did not."""
        started = time.monotonic()
        outcome, payload = outcome_of(lambda: self._set_up(task))
        if outcome == "ok":
            gc.freeze()  # the collector writes to what it looks at: that would copy shared pages
            return None
        sys.stderr.flush()
        nothing = Usage(0.0, 0.0, 0, time.monotonic() - started)  # counted as this process's own
        return judge(0, pickle.dumps((outcome, payload)), Tail(), None, nothing)

    def _set_up(self, task: BlockTask) -> None:
        policy = sandbox.on_this_host(self.job.sandbox, os.environ)
        self.stage = self.load(self.job.stage)()
        if policy is sandbox.Policy.REQUIRE or self.stage.programs:
            sandbox.is_sandboxed(policy)  # known once, here, for all blocks
        if policy is not sandbox.Policy.OFF and not sandbox.is_setuid():
            drop_network()
        self.state = self.stage.setup(task)

    def run(self, task: BlockTask) -> Ended:
        limits, stage = self.job.allowance.limits(task.block.residues), self.stage
        if stage is None:
            raise RuntimeError("no set-up before the first block")
        return run_forked(
            lambda: self._work(stage, task),
            limits=limits,
            inherited_kib=self.base_kib if limits.memory_mb is not None else 0,
            outputs=task.folder,
        )

    def _work(self, stage: Stage, task: BlockTask) -> tuple[dict[str, Any], list[list[str]]]:
        stage.run(task, self.state)
        task.close()
        # As JSON has them, so that notes kept from an interrupted run are the same as fresh ones.
        notes: dict[str, Any] = json.loads(json.dumps(task.notes))
        return notes, task.commands


def _cpu() -> float:
    """CPU seconds of this process and all it has waited for."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _close_sockets(kept: int) -> None:
    """Take the worker's connections away (to the JVM, to clients): replaced, so that no number is used again."""
    null = os.open(os.devnull, os.O_RDWR)
    for number, _ in list(open_files()):
        with contextlib.suppress(OSError):
            if number != kept and stat.S_ISSOCK(os.fstat(number).st_mode):
                os.dup2(null, number, inheritable=False)
