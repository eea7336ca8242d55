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
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from metapipe import machine
from metapipe.errors import MetapipeError
from metapipe.instance import flavours
from metapipe.instance.local.choices import (
    Choice,
    check_spark,
    choice,
    database_address,
    email,
    folder,
    offered_folder,
    option_of,
    path,
    text,
    whole,
    yes_no,
)
from metapipe.instance.local.secrets import private_folder, write_private

HOST = "127.0.0.1"
ADMIN_EMAIL, USER_EMAIL = "admin@metapipe.example", "biologist@metapipe.example"
_UNQUOTABLE = re.compile(r"[^\w@%+=:,./-]")
_QUICK_MB = 2048
_LONGEST_SOCKET_PATH = 100  # the kernel takes 107 bytes


class Chosen(dict[str, Any]):
    """What a user chooses now, by name of the setting; None, or not there, is "as before, or the default"."""


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
    :param examples: whether sample reads and finished examples are brought.
    :param admin: e-mail address of the administrator's account. :param user: of an ordinary one; empty: there is none.
    :param flavour: of ``instance/flavours``: which tools, workflows and tours are offered.
    :param spark_master: address of a Spark cluster for jobs that are worth it; empty: none.
    :param spark_cores: cores of the cluster that a job takes. :param spark_executor_cores: cores of one executor, 0 for
        what a worker gives. :param spark_properties: file of more Spark properties.
    """

    checkout: Path
    build: Path
    state: Path
    port: int | None = choice("N", "TCP port (any free one)", whole(1, 65535))
    database: str = choice(
        "URL", "PostgreSQL address, or sqlite: (a file of the instance)", database_address, lambda _: ""
    )
    refdb: Path = choice(
        "DIR",
        "folder of installed databases (.build/refdb)",
        folder,
        lambda of: of("build") / "refdb",
        variable="METAPIPE_REFDB",
    )
    slots: int = choice("N", "cores a job may use (all)", whole(1, 4096), lambda _: machine.cores())
    memory_mb: int = choice(
        "N",
        "megabytes a job may use (a share of the machine's)",
        whole(256, 1 << 30),
        lambda of: memory_share(of("jobs")),
    )
    jobs: int = choice("N", "jobs at the same time, beside those that take seconds (2)", whole(1, 1000), lambda _: 2)
    jobs_per_user: int = choice(
        "N",
        "how many of them may be one user's (all but one)",
        whole(1, 1000),
        lambda of: max(1, of("jobs") - 1),
        unset=1,
    )
    tools: Path | None = choice("DIR", "folder of tools of your own, offered too ('': none)", path, unset=None)
    files: Path | None = choice(
        "DIR", "folder that users may choose files from, read-only ('': none)", offered_folder, unset=None
    )
    warm: bool = choice("", "keep a Spark session ready for short jobs (no)", yes_no, lambda _: False, unset=False)
    examples: bool = choice("", "bring sample reads and finished examples (yes)", yes_no, lambda _: True, unset=True)
    flavour: str = choice(
        "NAME", "metapipe, biomas or mmg (both): what is offered (mmg)", text, lambda _: flavours.DEFAULT, unset="mmg"
    )
    admin: str = choice("EMAIL", "the administrator's account", email, lambda _: ADMIN_EMAIL, unset=ADMIN_EMAIL)
    user: str = choice("EMAIL", "an ordinary account ('': none)", email, lambda _: USER_EMAIL, unset=USER_EMAIL)
    spark_master: str = choice("URL", "Spark cluster for large jobs ('': none)", text, lambda _: "", unset="")
    spark_cores: int = choice(
        "N", "cores of the cluster that a job takes", whole(1, 1 << 20), lambda _: 1, empty=True, unset=1
    )
    spark_executor_cores: int = choice(
        "N", "cores of an executor, at most those of a host", whole(0, 4096), lambda _: 0, empty=True, unset=0
    )
    spark_secret_file: Path | None = choice("FILE", "secret of the cluster, mode 0600", path, unset=None)
    spark_properties: Path | None = choice("FILE", "more Spark properties (Kubernetes, YARN, ports)", path, unset=None)

    @property
    def spark_environment(self) -> dict[str, str]:
        """What tells jobs of the Spark cluster; empty where there is none."""
        if not self.spark_master:
            return {}
        return spark_environment(
            master=self.spark_master,
            cores=self.spark_cores,
            executor_cores=self.spark_executor_cores or None,
            core_memory_mb=max(1, self.memory_mb // self.slots),
            secret_file=self.spark_secret_file,
            properties=self.spark_properties,
        )

    @property
    def offers(self) -> flavours.Flavour:
        """What its flavour says it has."""
        return flavours.read(self.checkout, self.flavour)

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


def spark_environment(**values: object) -> dict[str, str]:
    """Return the variables that tell a job of its Spark cluster; what is None is left out."""
    return {f"METAPIPE_SPARK_{name.upper()}": str(value) for name, value in values.items() if value is not None}


#: Name of a setting that a user may choose → how.
CHOICES: dict[str, Choice] = {
    each.name: each.metadata["choice"] for each in fields(Settings) if "choice" in each.metadata
}


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

    given: dict[str, Any] = {}
    for name, chooses in CHOICES.items():
        candidates = (chosen.get(name), environ.get(chooses.variable_of(name)) or None, remembered.get(name))
        value = next((value for value in candidates if value is not None), None)
        given[name] = None if chooses.empty and value == "" else value
    check_spark(given)
    settled: dict[str, Any] = {"checkout": checkout, "build": build, "state": state}

    def settle(name: str) -> Any:
        if name not in settled:
            value, chooses = given[name], CHOICES[name]
            if value is None:
                value = chooses.default(settle)
            settled[name] = None if value is None else chooses.read(option_of(name), value, state)
        return settled[name]

    for name in CHOICES:
        settle(name)
    flavours.read(checkout, settled["flavour"])  # before anything is made or remembered
    return Settings(**settled)


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
    made = {name: getattr(settings, name) for name, value in chosen.items() if value is not None}
    if made:
        private_folder(settings.state)
        content = json.dumps(recall(settings.state) | made, indent=2, default=str) + "\n"
        write_private(settings.state / "settings.json", content)


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


def memory_share(jobs: int, total: int | None = None) -> int:
    """Return megabytes for each of ``jobs``: a fifth is left to Galaxy and the system, up to a tenth to quick jobs.

    :param total: megabytes of all of it; without it the machine's.
    """
    total = total or machine.memory_mb()
    return max(1024, (total * 8 // 10 - min(_QUICK_MB, total // 10)) // jobs)
