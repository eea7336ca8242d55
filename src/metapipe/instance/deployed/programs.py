"""What a deployed Galaxy is made of beside its configuration: its start programs, their environment, their limits.

gravity starts ``gunicorn``, ``celery`` and ``galaxy-main`` of a folder. Those of ours load what Galaxy's own do not
know (the type of our data table, the policy of the pages, the runner of jobs) and hand all words on.
"""

from __future__ import annotations

import math
import shlex
from pathlib import Path

from metapipe.instance.deployed.deployment import Deployment
from metapipe.instance.local import configuration, parts, processes
from metapipe.instance.local.secrets import private_folder, write_private

_MB_WEB_WORKER, _MB_CELERY = 1500, 3000
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def configure(found: Deployment) -> bool:
    """Write all that Galaxy's processes read at their start; whether anything is other than before."""
    before = _digest_if_any(found)
    settings = found.settings
    private_folder(settings.state)
    for folder in ("data/gravity", "data/uploads", "data/tmp", "run"):
        (settings.state / folder).mkdir(parents=True, exist_ok=True)
    found.hand_over_secrets()
    configuration.render(settings, values(found))
    write_programs(found)
    return before != digest(found)


def digest(found: Deployment) -> str:
    """Return a digest of what the processes of this Galaxy have read."""
    names = ("gravity.yml", "tpv_destinations.yml")
    rules = found.settings.templates / "tpv" / "rules.yml"
    return configuration.digest(found.settings, (*(found.settings.config / name for name in names), rules))


def values(found: Deployment) -> dict[str, object]:
    """Return the values of the templates that a Galaxy of one's own machine has otherwise, or not at all."""
    settings = found.settings
    return {
        "url": found.url,
        "socket": str(found.socket),
        "work": str(settings.state / "work"),
        "broker_url": lambda database: f"{found.broker}/{database}",
        "web_workers": found.web_workers,
        "handlers": found.handlers,
        "gunicorn_config": shlex.quote(str(settings.templates / "gunicorn_start.py")),
        "rules": str(settings.templates / "tpv" / "rules.yml"),
        "more_memory": "{more_memory: {condition: memory_limit_reached and attempt < 2, destination: lanes}}",
        "spark": found.jobs_of_cluster,
        "spark_jobs": found.spark.jobs if found.spark else 0,
        "environment": environment(found),
        "handler_environment": handler_environment(found),
        "limits": {
            "web": _gigabytes(_MB_WEB_WORKER * (found.web_workers + 1)),
            "celery": _gigabytes(_MB_CELERY),
        },
    }


def environment(found: Deployment) -> dict[str, str]:
    """Return the environment of Galaxy's processes; braces would be gravity's place-holders."""
    settings = found.settings
    environ = configuration.environ_of(settings, {"PATH": _PATH, "LANG": "C.UTF-8"})
    return environ | {
        "PYTHONPATH": "",  # gravity's own choice is "lib", of Galaxy's source tree
        "METAPIPE_WARM_FILE": str(found.run / "celery.warm"),
        "METAPIPE_HANDLER_FILE": str(found.run / "{server_name}.alive"),
        "METAPIPE_HANDLERS": ",".join(found.handlers),
        "METAPIPE_GIVE_BACK": "yes",
    }


def handler_environment(found: Deployment) -> dict[str, str]:
    """Return that of job handlers: jobs bear the mark of their instance, as everywhere."""
    return environment(found) | {processes.INSTANCE_MARK: parts.mark(found.settings)}


def write_programs(found: Deployment) -> None:
    """Write the start programs that gravity calls, into the folder of ``metapipe``."""
    settings, folder = found.settings, found.settings.state / "bin"
    python = shlex.quote(str(settings.galaxy_env / "bin" / "python"))
    for name, words in (
        ("gunicorn", "-m gunicorn"),
        ("celery", shlex.quote(str(settings.templates / "celery_start.py"))),
        ("galaxy-main", shlex.quote(str(settings.templates / "handler_start.py"))),
    ):
        _write_program(folder / name, f'#!/bin/sh\nexec {python} -s {words} "$@"\n')


def _write_program(file: Path, text: str) -> None:
    if not file.exists() or file.read_text() != text:
        write_private(file, text)
    file.chmod(0o700)


def _digest_if_any(found: Deployment) -> str:
    try:
        return digest(found)
    except OSError:
        return ""


def _gigabytes(megabytes: int) -> float:
    return math.ceil(megabytes / 102.4) / 10
