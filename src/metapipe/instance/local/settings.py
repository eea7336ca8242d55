"""Where an instance lives and how it is set up: by command line, environment, what was chosen before, defaults.

``<state>/settings.json`` (0600: a database address may hold a password) remembers what the user chose, so that a later
``scripts/galaxy up`` without options is the same instance. Everything else is derived here and nowhere else.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from metapipe import machine
from metapipe.errors import MetapipeError
from metapipe.instance.local.secrets import private_folder, write_private

HOST = "127.0.0.1"
_UNQUOTABLE = re.compile(r"[^\w@%+=:,./-]")
_SPARK = ("spark_master", "spark_cores", "spark_executor_cores", "spark_secret_file", "spark_properties")
_QUICK_MB = 2048
_LONGEST_SOCKET_PATH = 100  # the kernel takes 107 bytes


@dataclass(frozen=True)
class Chosen:
    """What a user may choose; ``None`` is "as before, or the default"."""

    port: int | str | None = None
    database: str | None = None
    refdb: str | None = None
    slots: int | str | None = None
    memory_mb: int | str | None = None
    jobs: int | str | None = None
    jobs_per_user: int | str | None = None
    tools: str | None = None
    files: str | None = None
    warm: bool | None = None
    spark_master: str | None = None
    spark_cores: int | str | None = None
    spark_executor_cores: int | str | None = None
    spark_secret_file: str | None = None
    spark_properties: str | None = None


@dataclass(frozen=True)
class Settings:
    """One instance.

    :param checkout: folder of this project (tools, templates, test data).
    :param build: folder of the environments.
    :param state: folder of everything this instance writes.
    :param port: TCP port asked for; ``None`` means any free one.
    :param database: SQLAlchemy address; empty means SQLite in ``state``.
    :param refdb: folder of installed databases.
    :param slots: cores a job may use (``GALAXY_SLOTS``).
    :param memory_mb: megabytes a job may use (``GALAXY_MEMORY_MB``).
    :param jobs: jobs that run at the same time, beside those that take seconds.
    :param jobs_per_user: how many of them may be one user's.
    :param tools: folder of a developer's own tools, offered beside those of the checkout.
    :param files: folder of the operator's that users may take files from, read-only.
    :param warm: whether a warm session server runs beside Galaxy for its short jobs.
    :param spark_master: address of a Spark cluster for jobs that are worth it; empty: none.
    :param spark_cores: cores of the cluster that a job takes. :param spark_executor_cores: cores of one executor, 0 for
        what a worker gives. :param spark_properties: file of more Spark properties.
    """

    checkout: Path
    build: Path
    state: Path
    port: int | None
    database: str
    refdb: Path
    slots: int
    memory_mb: int
    jobs: int
    jobs_per_user: int = 1
    tools: Path | None = None
    files: Path | None = None
    warm: bool = False
    spark_master: str = ""
    spark_cores: int = 1
    spark_executor_cores: int = 0
    spark_secret_file: Path | None = None
    spark_properties: Path | None = None

    @property
    def spark_environment(self) -> dict[str, str]:
        """What tells jobs of the Spark cluster; empty where there is none."""
        if not self.spark_master:
            return {}
        values = {
            "MASTER": self.spark_master,
            "CORES": self.spark_cores,
            "EXECUTOR_CORES": self.spark_executor_cores or None,
            "CORE_MEMORY_MB": max(1, self.memory_mb // self.slots),
            "SECRET_FILE": self.spark_secret_file,
            "PROPERTIES": self.spark_properties,
        }
        return {f"METAPIPE_SPARK_{name}": str(value) for name, value in values.items() if value is not None}

    @property
    def galaxy_env(self) -> Path:
        """Python environment that Galaxy runs in."""
        return self.build / "envs" / "galaxy"

    @property
    def metapipe_env(self) -> Path:
        """Python environment that tools run in."""
        return self.build / "envs" / "metapipe"

    @property
    def static(self) -> Path:
        """Folder that Galaxy serves as ``/static``: its viewers, installed with it."""
        return self.galaxy_env / "share" / "metapipe" / "static"

    @property
    def templates(self) -> Path:
        """Folder of the templates that Galaxy's configuration is made from."""
        return self.checkout / "instance" / "galaxy"

    @property
    def samples(self) -> Path:
        """Folder of sample reads that users may take."""
        return self.state / "samples"

    @property
    def config(self) -> Path:
        """Folder of the configuration made from them."""
        return self.state / "config"

    @property
    def logs(self) -> Path:
        """Folder of the logs, one a part."""
        return self.state / "logs"

    @property
    def run(self) -> Path:
        """Folder of pid records and locks."""
        return self.state / "run"

    @property
    def warm_file(self) -> Path:
        """File that the Celery worker makes when it has loaded Galaxy."""
        return self.run / "celery.warm"

    @property
    def handler_file(self) -> Path:
        """File that the job handler touches again and again while it works."""
        return self.run / "handler.alive"

    @property
    def secrets(self) -> Path:
        """Folder of Galaxy's secrets, readable by this user alone."""
        return self.state / "secrets"

    @property
    def credentials(self) -> Path:
        """JSON with ``url``, ``admin`` and ``user``, each ``email``, ``password``, ``api_key``."""
        return self.state / "credentials.json"

    @property
    def sqlite_file(self) -> Path:
        """Galaxy's database, where no other was chosen."""
        return self.state / "galaxy.sqlite"

    @property
    def database_url(self) -> str:
        """What Galaxy is told of its database (SQLAlchemy's URL): the one chosen, else SQLite."""
        # IMMEDIATE is Galaxy's own choice for SQLite; the time-out lets a writer wait for the other process's commit.
        return self.database or f"sqlite:///{self.sqlite_file}?isolation_level=IMMEDIATE&timeout=30"

    @property
    def broker_socket(self) -> Path:
        """Unix socket of the message broker."""
        return self._socket("broker")

    @property
    def warm_socket(self) -> Path:
        """Socket of the warm session server; its folder, which the server makes, holds nothing else but its files."""
        return self._socket("warm", folder="warm")

    @property
    def warm_slots(self) -> int:
        """Slots that all jobs together have: what they would take without it, but not more than the machine has."""
        return min(self.slots * self.jobs, max(self.slots, machine.cores()))

    @property
    def quick_jobs(self) -> int:
        """Jobs of seconds that run at the same time beside the others (``instance/galaxy/lanes/by_size.py``)."""
        return max(1, self.jobs // 2)

    @property
    def quick_slots(self) -> int:
        """Slots of a job of seconds."""
        return min(2, self.slots)

    @property
    def quick_memory_mb(self) -> int:
        """Memory of a job of seconds, in MiB."""
        return min(_QUICK_MB, self.memory_mb)

    def _socket(self, name: str, folder: str = "") -> Path:
        inside = self.run / folder / f"{name}.sock"
        if len(os.fsencode(inside)) <= _LONGEST_SOCKET_PATH:
            return inside
        short = f"metapipe-{os.getuid()}-{hashlib.sha256(os.fsencode(self.state)).hexdigest()[:12]}"
        return Path(tempfile.gettempdir()) / short / folder / f"{name}.sock"


def load(state: Path | None = None, chosen: Chosen | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Settle every setting: ``chosen``, else the environment, else what was chosen before, else the default.

    :raises MetapipeError: E701 for a value that cannot be, E702 for a damaged ``settings.json``.
    """
    environ = os.environ if environ is None else environ
    chosen = chosen or Chosen()
    checkout = _checkout(environ)
    build = Path(environ.get("METAPIPE_BUILD") or checkout / ".build").absolute()
    state = (state or build / "galaxy").absolute()
    _check_state(state)
    remembered = recall(state)

    def pick(name: str, variable: str, default: Any) -> Any:
        candidates = (getattr(chosen, name), environ.get(variable) or None, remembered.get(name))
        return next((value for value in candidates if value is not None), default)

    jobs = _whole("jobs", pick("jobs", "METAPIPE_GALAXY_JOBS", 2), 1, 1000)
    port = pick("port", "METAPIPE_GALAXY_PORT", None)
    database = str(pick("database", "METAPIPE_GALAXY_DATABASE", ""))
    tools = str(pick("tools", "METAPIPE_GALAXY_TOOLS", ""))
    files = str(pick("files", "METAPIPE_GALAXY_FILES", ""))
    _check_database(database)
    _check_files(files, state)
    spark = {name: str(pick(name, f"METAPIPE_GALAXY_{name.upper()}", "")) for name in _SPARK}
    _check_spark(spark)
    return Settings(
        checkout=checkout,
        build=build,
        state=state,
        port=None if port is None else _whole("port", port, 1, 65535),
        database="" if database.startswith("sqlite:") else database,
        refdb=Path(pick("refdb", "METAPIPE_REFDB", build / "refdb")).absolute(),
        slots=_whole("slots", pick("slots", "METAPIPE_GALAXY_SLOTS", machine.cores()), 1, 4096),
        memory_mb=_whole(
            "memory-mb", pick("memory_mb", "METAPIPE_GALAXY_MEMORY_MB", _memory_share(jobs)), 256, 1 << 30
        ),
        jobs=jobs,
        jobs_per_user=_whole(
            "jobs-per-user", pick("jobs_per_user", "METAPIPE_GALAXY_JOBS_PER_USER", max(1, jobs - 1)), 1, 1000
        ),
        tools=Path(tools).absolute() if tools else None,
        files=Path(files).resolve() if files else None,
        warm=_yes("warm", pick("warm", "METAPIPE_GALAXY_WARM", False)),
        spark_master=spark["spark_master"],
        spark_cores=_whole("spark-cores", spark["spark_cores"] or 1, 1, 1 << 20),
        spark_executor_cores=_whole("spark-executor-cores", spark["spark_executor_cores"] or 0, 0, 4096),
        spark_secret_file=Path(spark["spark_secret_file"]).absolute() if spark["spark_secret_file"] else None,
        spark_properties=Path(spark["spark_properties"]).absolute() if spark["spark_properties"] else None,
    )


def recall(state: Path) -> dict[str, Any]:
    """Return what was chosen before for the instance in ``state``."""
    file = state / "settings.json"
    try:
        remembered = json.loads(file.read_text())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise MetapipeError("E702", file=file, expected="JSON", found=str(error)) from error
    if not isinstance(remembered, dict):
        raise MetapipeError("E702", file=file, expected="a JSON object", found=type(remembered).__name__)
    return remembered


def remember_in(settings: Settings, chosen: Chosen) -> None:
    """Keep the choices that were made, as settled, on top of earlier ones."""
    made = {name: getattr(settings, name) for name, value in vars(chosen).items() if value is not None}
    if made:
        private_folder(settings.state)
        text = json.dumps(recall(settings.state) | made, indent=2, default=str) + "\n"
        write_private(settings.state / "settings.json", text)


def _checkout(environ: Mapping[str, str]) -> Path:
    home = environ.get("METAPIPE_HOME")
    here = Path(home) if home else Path(__file__).resolve().parents[4]
    if not (here / "instance" / "galaxy").is_dir():
        raise MetapipeError(
            "E702", f"{here} is not a checkout of META-pipe; start with scripts/galaxy or set METAPIPE_HOME"
        )
    return here.absolute()


def _check_state(state: Path) -> None:
    """Refuse a folder that Galaxy's local runner cannot take.

    Its job scripts name paths without quotes. Seen in a folder with a blank: every job "ok", exit code 0, every result
    empty.
    """
    if _UNQUOTABLE.search(str(state)):
        raise MetapipeError(
            "E701",
            "Galaxy runs no job in this folder (another place for all it writes: METAPIPE_BUILD=/some/folder)",
            expected="a path without blanks and shell characters",
            found=str(state),
        )


def _check_database(url: str) -> None:
    """Refuse what Galaxy cannot use, without repeating a password.

    Galaxy takes the %-codes out of an address before its last reader parses it, so @ and % in a password break it.
    """
    if url and not url.startswith(("postgresql:", "postgresql+psycopg:", "sqlite:")):
        raise MetapipeError("E701", "database", expected="postgresql://USER@HOST/NAME", found=url.split("@")[-1])
    login = unquote(url.partition("://")[2].rpartition("@")[0])
    if set("@%") & set(login):
        raise MetapipeError(
            "E701",
            "database",
            expected="user and password without @ and % (Galaxy cannot read them; such a password may be in ~/.pgpass)",
            found="one of them",
        )


def _check_files(files: str, state: Path) -> None:
    """Refuse a folder that users could not read, or that would show them the instance's own secrets and data."""
    if not files:
        return
    folder, own = Path(files).resolve(), state.resolve()
    if not folder.is_dir() or not os.access(folder, os.R_OK | os.X_OK):
        raise MetapipeError("E701", "files ('' forgets it)", expected="a folder that Galaxy can read", found=files)
    if own.is_relative_to(folder) or folder.is_relative_to(own):
        raise MetapipeError(
            "E701", "files ('' forgets it)", expected=f"a folder apart from the instance's ({own})", found=files
        )


def _check_spark(spark: Mapping[str, str]) -> None:
    """Refuse at the start of Galaxy what every job would trip over."""
    master = spark["spark_master"]
    if not master:
        return
    if not master.startswith(("spark://", "k8s://")) and master != "yarn":
        raise MetapipeError("E701", "spark-master", expected="spark://host:port, k8s://… or yarn", found=master)
    if not spark["spark_cores"]:
        raise MetapipeError("E701", "spark-cores", expected="how many cores of the cluster a job may take")
    secret = spark["spark_secret_file"]
    if master.startswith("spark://") and not os.access(secret, os.R_OK):
        raise MetapipeError("E701", "spark-secret-file", expected="a file that Galaxy can read", found=secret)


def _whole(name: str, value: object, lowest: int, highest: int) -> int:
    try:
        number = int(str(value))
    except ValueError:
        number = lowest - 1
    if not lowest <= number <= highest:
        raise MetapipeError("E701", name, expected=f"a whole number from {lowest} to {highest}", found=str(value))
    return number


def _yes(name: str, value: object) -> bool:
    text = str(value).lower()
    if text not in ("true", "false", "1", "0", "yes", "no"):
        raise MetapipeError("E701", name, expected="yes or no", found=str(value))
    return text in ("true", "1", "yes")


def _memory_share(jobs: int) -> int:
    """Return megabytes for each of ``jobs``: a fifth is left to Galaxy and the system, up to a tenth to quick jobs."""
    total = machine.memory_mb()
    return max(1024, (total * 8 // 10 - min(_QUICK_MB, total // 10)) // jobs)
