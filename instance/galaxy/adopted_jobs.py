"""Jobs and workflow runs that another job handler left behind: of before jobs had a handler of their own.

Galaxy's handler looks after those that bear its name and no others. What bears another would stay as it is for ever,
and a "running" job would keep its place in the lane.
"""

import logging
from collections.abc import Sequence

from sqlalchemy import TextClause, bindparam, create_engine, text

log = logging.getLogger(__name__)

# The process of such a job ended with the handler that was its parent: it begins anew. Galaxy clears its folder itself.
_LOST = """
UPDATE job SET handler = :name, state = 'new', job_runner_name = NULL, job_runner_external_id = NULL
WHERE handler NOT IN :there AND state IN ('queued', 'running')
"""
_WAITING = "UPDATE job SET handler = :name WHERE handler NOT IN :there AND state NOT IN {ended}"
_ENDED = "('ok', 'error', 'failed', 'deleted', 'skipped')"
_RUNS = (
    "UPDATE workflow_invocation SET handler = :name "
    "WHERE handler NOT IN :there AND state IN ('new', 'ready', 'cancelling')"
)
#: What stands in the place of a handler until one of several takes the job or the run.
_NOBODY_YET = ("_default_", "job-handlers", "workflow-schedulers")


def adopt(url: str, name: str, there: Sequence[str] = ()) -> int:
    """Give all of them to the handler ``name``, before it starts; return how many jobs and runs there were.

    :param url: SQLAlchemy address of Galaxy's database, whose tables are made.
    :param there: names of all handlers, where there are several: they take what nobody has from each other's hands.
    """
    present = [name, *there, *(_NOBODY_YET if len(there) > 1 else ())]
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            statements = (_LOST, _WAITING.format(ended=_ENDED), _RUNS)
            values = {"name": name, "there": present}
            count = sum(connection.execute(_among(words), values).rowcount for words in statements)
    finally:
        engine.dispose()
    if count:
        log.warning("took over %d jobs and workflow runs of another job handler", count)
    return count


def _among(words: str) -> TextClause:
    return text(words).bindparams(bindparam("there", expanding=True))
