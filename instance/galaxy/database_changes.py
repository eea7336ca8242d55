"""Whether anybody wrote to Galaxy's SQLite file: what looks through it again and again need not where nobody did.

The job handler asks the database four times a second whether there is a job, and twice whether a workflow goes on. Most
often nothing has changed since it asked before, and to ask takes twenty times as long as to see that.
"""

import sqlite3
import time
from urllib.parse import quote

#: Seconds after which something is taken to have changed anyway: not everything that is waited for is in the database.
LONGEST = 2.0


class Changes:
    """What other connections, of this process and of others, have committed to a file.

    Belongs to the thread that asks first.

    :param file: SQLite's. :param clock: seconds that only grow.
    """

    def __init__(self, file, clock=time.monotonic):
        self._file, self._clock = file, clock
        self._connection = self._seen = self._taken = None

    def any(self):
        """Return whether there was one since the last time that this was said, or that is too long ago."""
        if self._connection is None:
            self._connection = sqlite3.connect(f"file:{quote(self._file)}?mode=ro", uri=True)
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        now = self._clock()
        if version == self._seen and now - self._taken < LONGEST:
            return False
        self._seen, self._taken = version, now
        return True


def only_after_changes(thing, method, file):
    """Let a method of one object, called again and again by one thread, return at once where nothing was committed."""
    step, changes = getattr(thing, method), Changes(file)

    def step_after_changes(*words):
        return step(*words) if changes.any() else None

    setattr(thing, method, step_after_changes)
