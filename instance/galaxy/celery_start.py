"""The Celery worker for uploads and metadata, made warm: it loads Galaxy before the first task, not with it."""

import multiprocessing
import os
import sys
import threading
from pathlib import Path

import installed_databases  # noqa: F401 - makes the type of our data table known
import lean_imports  # noqa: F401 - works by being imported

# What the processes of the worker's pool need; their fork server imports it once and every fork has it.
PRELOADED = ["lean_imports", "galaxy.celery.tasks", "galaxy.datatypes.registry", "galaxy.metadata.set_metadata"]


def warm(**_signal):
    """Start the pool of processes and load the application, aside: the worker takes tasks meanwhile.

    The file named by ``METAPIPE_WARM_FILE`` tells ``scripts/galaxy up`` that it is done.
    """
    from galaxy.celery import build_app, celery_app

    def load():
        forked = celery_app.fork_pool.schedule(os.getpid)
        build_app()
        forked.result()
        Path(os.environ["METAPIPE_WARM_FILE"]).touch()

    threading.Thread(target=load, name="warm", daemon=True).start()


def give_back_unfinished(redis):
    """Let this worker take what a killed one had begun. Only for a broker that has one worker.

    :param redis: client of the broker's database of tasks. kombu hands tasks out again once their score (the time they
        were taken) is older than the visibility time-out, a day here; a score of 0 is older than any.
    """
    for tag in redis.zrange("unacked_index", 0, -1):
        redis.zadd("unacked_index", {tag: 0})
    redis.delete("unacked_mutex")


def main():
    if "worker" in sys.argv and os.environ.get("METAPIPE_GIVE_BACK"):  # else `scripts/galaxy up` did it
        from galaxy.celery import celery_app

        with celery_app.connection() as connection:
            give_back_unfinished(connection.default_channel.client)
    multiprocessing.set_forkserver_preload(PRELOADED)

    from celery.signals import worker_ready
    from galaxy.celery import celery_app

    worker_ready.connect(warm, weak=False)
    celery_app.start(argv=sys.argv[1:])


if __name__ == "__main__":
    main()
