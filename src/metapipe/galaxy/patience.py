"""How long the client waits for Galaxy while nothing changes there.

A job may rightly run for days, and one behind the jobs of others may rightly wait for hours. What has not changed for
longer than this will not change by itself: the part of Galaxy that would do it is gone or stuck.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable

from metapipe.errors import MetapipeError

#: Seconds without any change: while none of the jobs runs (a day), and while one does (a week).
WAITING_SECONDS, RUNNING_SECONDS = 24 * 3600.0, 7 * 24 * 3600.0


class Patience:
    """The limit of one wait; it starts anew with every change.

    :param what: what is waited for, as the error names it. :param now: the clock, in seconds.
    """

    def __init__(self, what: str, now: Callable[[], float] = time.monotonic) -> None:
        self._what, self._now = what, now
        self._seen: Hashable = None
        self._since = now()

    def look(self, seen: Hashable, *, running: bool) -> None:
        """Take note of what Galaxy says now.

        :param seen: anything that differs when something has moved. :param running: whether a job is at work.
        :raises MetapipeError: E801 when nothing has changed for too long; what Galaxy runs is left alone.
        """
        now = self._now()
        if seen != self._seen:
            self._seen, self._since = seen, now
            return
        limit = RUNNING_SECONDS if running else WAITING_SECONDS
        if now - self._since >= limit:
            raise MetapipeError(
                "E801",
                f"{self._what}: nothing has changed in Galaxy for {limit / 3600:.0f} h; `scripts/galaxy status` says "
                "what does not work, and the same command goes on waiting",
            )
