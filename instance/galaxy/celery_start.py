"""The Celery worker for uploads and metadata, made warm: it loads Galaxy before the first task, not with it."""

import sys
import threading


def warm(**_signal):
    from galaxy.celery import build_app, celery_app, init_fork_pool

    def load():
        for _ in range(celery_app.fork_pool._context.workers if hasattr(celery_app.fork_pool, "_context") else 1):
            celery_app.fork_pool.schedule(init_fork_pool)
        build_app()

    threading.Thread(target=load, name="warm", daemon=True).start()


def main():
    from celery.signals import worker_ready
    from galaxy.celery import celery_app

    worker_ready.connect(warm, weak=False)
    celery_app.start(argv=sys.argv[1:])


if __name__ == "__main__":
    main()
