"""One Spark application for the local sessions of several runs of a test file, one after the other.

For tests of what runs do in Spark. What starting and ending Spark costs and leaves is shown by those that start the
program itself.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from metapipe.runner.run import session_choice as sessions
from metapipe.runner.sessions.local import LocalSession


class _Lasting(LocalSession):
    """Stays when a run that used it ends."""

    def stop(self, patience: float = 20.0) -> None:
        """Not yet."""

    def end(self) -> None:
        super().stop()


class SparkInTurn:
    """Begun by the first run, since what Spark's workers inherit is the environment of a test.

    While it lives, this process can have no other. :param kept: the Java process is in it as long as it lives.
    """

    def __init__(self, folder: Path, kept: set[int] | None = None) -> None:
        self._folder, self._kept, self._slots = folder, set() if kept is None else kept, 0
        self._session: _Lasting | None = None

    def __call__(self, slots: int, folder: Path, *, more: object = None) -> LocalSession:
        """Take the place of the class ``LocalSession``."""
        assert not more, "settings of a run's own"
        if self._session is None:
            self._session, self._slots = _Lasting(slots, self._folder), slots
            self._kept.add(self._session.java_pid)
        assert (self._session.alive, self._slots) == (True, slots)
        return self._session

    def end(self) -> None:
        """End it, if it has begun: the next run begins another."""
        if self._session is not None:
            self._session.end()
            self._kept.discard(self._session.java_pid)
            self._session = None

    @contextlib.contextmanager
    def instead(self) -> Iterator[None]:
        """Within, a local session of a run in this process is this one."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sessions, "LocalSession", self)
            yield
