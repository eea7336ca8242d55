"""Has a job's results described by the Celery worker, whatever becomes of the broker meanwhile.

Galaxy waits for the answer without an end. An answer, and a task that the worker had just taken, die with the broker:
the job would stay "running" and keep its place in the lane for ever.
"""

import logging
import time

from celery.exceptions import TimeoutError as NoAnswerYet
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

# Each wait first reads what is stored, so an answer whose announcement was lost is seen after this time.
_LOOK_AGAIN_SECONDS = 5.0
_NO_BROKER_SECONDS = 1.0
# RuntimeError is what Celery's client says when it has tried to connect again in vain.
_BROKEN_CONNECTIONS = (RedisError, OperationalError, OSError, RuntimeError)


def describe(task, stopping, **arguments):
    """Return when the task was answered or failed, or when this process is to end; its successor asks anew.

    :param task: Celery's task; to describe results twice gives the same as once.
    :param stopping: tells whether this process is to end.
    """
    while not stopping():
        try:
            broker = _broker(task)
            if _answered(task.delay(**arguments), broker, stopping):
                return
            log.warning("the broker was replaced before it answered; the results are described anew")
        except _BROKEN_CONNECTIONS as error:
            log.warning("no broker to have results described: %s", error)
            time.sleep(_NO_BROKER_SECONDS)


def _answered(sent, broker, stopping):
    """Wait for the answer; ``False`` if another broker has taken the place of the one that had the task."""
    while not stopping():
        try:
            answer = sent.get(timeout=_LOOK_AGAIN_SECONDS, propagate=False)
        except NoAnswerYet:
            if _broker(sent) != broker:
                return False
            continue
        if isinstance(answer, BaseException):
            log.error("the results could not be described", exc_info=answer)
        return True
    return True


def _broker(of):
    """What the server of a task or of its answer made up for itself when it started."""
    return of.backend.client.info("server")["run_id"]
