"""Jobs and workflow runs that another job handler left behind: of before jobs had a handler of their own.

Galaxy's handler looks after those that bear its name and no others. What bears another would stay as it is for ever,
and a "running" job would keep its place in the lane.
"""

import logging

from sqlalchemy import create_engine, text

log = logging.getLogger(__name__)

# The process of such a job ended with the handler that was its parent: it begins anew. Galaxy clears its folder itself.
_LOST = """
UPDATE job SET handler = :name, state = 'new', job_runner_name = NULL, job_runner_external_id = NULL
WHERE handler <> :name AND state IN ('queued', 'running')
"""
_WAITING = "UPDATE job SET handler = :name WHERE handler <> :name AND state NOT IN {ended}"
_ENDED = "('ok', 'error', 'failed', 'deleted', 'skipped')"
_RUNS = (
    "UPDATE workflow_invocation SET handler = :name WHERE handler <> :name AND state IN ('new', 'ready', 'cancelling')"
)


def adopt(url: str, name: str) -> int:
    """Give all of them to the handler ``name``, before it starts; return how many jobs and runs there were.

    :param url: SQLAlchemy address of Galaxy's database, whose tables are made.
    """
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            statements = (_LOST, _WAITING.format(ended=_ENDED), _RUNS)
            count = sum(connection.execute(text(words), {"name": name}).rowcount for words in statements)
    finally:
        engine.dispose()
    if count:
        log.warning("took over %d jobs and workflow runs of another job handler", count)
    return count
