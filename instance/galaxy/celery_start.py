"""The Celery worker for uploads and metadata, made warm: it loads Galaxy before the first task, not with it."""

import gc
import importlib
import multiprocessing
import os
import sys
import threading
from multiprocessing import forkserver, resource_tracker, util
from pathlib import Path

import installed_databases  # noqa: F401 - makes the type of our data table known
import lean_imports  # noqa: F401 - works by being imported

# What the processes of the worker's pool need; it is imported once and every fork of their fork server has it.
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


def fork_the_fork_server():
    """Begin the pool's fork server as a fork of this process, which needs the same modules: half of a worker's start.

    multiprocessing would start another Python and import all of them once more; it still does so where a server that
    was killed is replaced, and here where a module has started a thread, beside which nothing is to be forked.
    """
    for name in PRELOADED:
        importlib.import_module(name)
    resource_tracker.ensure_running()
    if threading.active_count() == 1:
        start_anew, util.spawnv_passfds = util.spawnv_passfds, fork_and_run
        try:
            forkserver.ensure_running()
        finally:
            util.spawnv_passfds = start_anew


def fork_and_run(_python, words, kept):
    """Do in a fork what ``python … -c PROGRAM`` would do with these open files; return its process number."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        gc.freeze()  # the collector writes to what it looks at: that would copy shared pages
        forkserver._forkserver._lock = threading.Lock()  # this one is held, by the thread that forks
        close_other_ends(kept)
        exec(words[-1], {})  # noqa: S102 - multiprocessing's own program
        code = 0
    finally:
        os._exit(code)


def close_other_ends(kept):
    """Close what would keep the pipes among these files open for ever: the server ends when its clients' ends close."""
    pipes = {os.fstat(file).st_ino for file in kept}
    for name in os.listdir("/proc/self/fd"):
        try:
            if int(name) not in kept and os.fstat(int(name)).st_ino in pipes:
                os.close(int(name))
        except OSError:  # that of the list itself
            continue


def give_back_unfinished(redis):
    """Let this worker take what a killed one had begun. Only for a broker that has one worker.

    :param redis: client of the broker's database of tasks. kombu hands tasks out again once their score (the time they
        were taken) is older than the visibility time-out, a day here; a score of 0 is older than any.
    """
    for tag in redis.zrange("unacked_index", 0, -1):
        redis.zadd("unacked_index", {tag: 0})
    redis.delete("unacked_mutex")


def main():
    multiprocessing.set_forkserver_preload(PRELOADED)
    if "worker" in sys.argv:
        fork_the_fork_server()
    if "worker" in sys.argv and os.environ.get("METAPIPE_GIVE_BACK"):  # else `scripts/galaxy up` did it
        from galaxy.celery import celery_app

        with celery_app.connection() as connection:
            give_back_unfinished(connection.default_channel.client)

    from celery.signals import worker_ready
    from galaxy.celery import celery_app

    worker_ready.connect(warm, weak=False)
    celery_app.start(argv=sys.argv[1:])


if __name__ == "__main__":
    main()
