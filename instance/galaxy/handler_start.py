"""The job handler: Galaxy without web pages, which schedules workflows and starts, watches and finishes jobs.

A process of its own, so that a crash of the web server touches no job. ``METAPIPE_HANDLER_FILE`` is touched whenever
its queue of jobs is looked through: that is how ``scripts/galaxy`` sees that it works.
"""

import gc
import os
import sys
from pathlib import Path

import adopted_jobs
import installed_databases  # noqa: F401 - makes the type of our data table known
import lean_imports  # noqa: F401 - works by being imported
from database_changes import only_after_changes

# The runner of jobs knows processes as `scripts/galaxy` does, by the same code.
sys.path.append(str(Path(__file__).resolve().parents[2] / "src"))


def tell_of_life(queue):
    """Let each look through the queue of jobs leave its time."""
    sleep, beat = queue._monitor_sleep, Path(os.environ["METAPIPE_HANDLER_FILE"])

    def touch_and_sleep(seconds):
        beat.touch()
        sleep(seconds)

    queue._monitor_sleep = touch_and_sleep


def look_only_after_changes(app):
    """Let the queue of jobs and that of workflow runs be looked through where somebody wrote to the database.

    PostgreSQL does not tell so cheaply: there they are looked through each time.
    """
    address = app.model.engine.url
    if address.get_backend_name() == "sqlite":
        workflows = app.workflow_scheduling_manager.request_monitor
        only_after_changes(app.job_manager.job_handler.job_queue, "_JobHandlerQueue__monitor_step", address.database)
        only_after_changes(workflows, "_WorkflowRequestMonitor__schedule", address.database)


def adopt_jobs():
    """Take over what a handler that is no more left, before Galaxy looks through the jobs of this one.

    ``METAPIPE_HANDLERS`` names all that there are, where there are several: the first of them takes over.
    """
    import yaml

    settings = yaml.safe_load(Path(os.environ["GALAXY_CONFIG_FILE"]).read_text())["galaxy"]
    name = own_name(sys.argv)
    handlers = os.environ.get("METAPIPE_HANDLERS", name).split(",")
    if name == handlers[0]:
        adopted_jobs.adopt(settings["database_connection"], name, handlers)


def own_name(words):
    """Return the value of ``--server-name NAME`` or ``--server-name=NAME``."""
    return next(
        word.partition("=")[2] or following
        for word, following in zip(words, [*words[1:], ""], strict=True)
        if word.partition("=")[0] == "--server-name"
    )


def main():
    # The collector would walk a growing heap of modules again and again (as gunicorn_start.py says).
    gc.disable()
    from galaxy import main as galaxy_main

    load = galaxy_main.load_galaxy_app

    def load_and_tell(*words, **options):
        app = load(*words, **options)
        gc.freeze()
        gc.enable()
        tell_of_life(app.job_manager.job_handler.job_queue)
        look_only_after_changes(app)
        return app

    adopt_jobs()
    galaxy_main.load_galaxy_app = load_and_tell
    galaxy_main.main()


if __name__ == "__main__":
    main()
