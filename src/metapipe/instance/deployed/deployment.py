"""What a host's Galaxy is told: one file, written by the Ansible role, from which everything else there is derived.

It is for the user ``galaxy`` alone (0600), for it holds the secrets.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from metapipe.instance import wrong_fields
from metapipe.instance.local import secrets, settings
from metapipe.instance.local.settings import Chosen, Settings

#: Where the role puts it.
FILE = Path("/etc/metapipe/galaxy.json")
_TWO_HANDLERS_MB = 12_000


class Spark(BaseModel):
    """The cluster of the instance.

    :param master: ``spark://host:port``. :param cores: that one job takes. :param executor_cores: of a worker.
    :param jobs: that take so many at the same time. :param core_memory_mb: memory that comes with a core, MiB.
    :param secret_file: of the cluster. :param properties: file of more Spark properties.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    master: str
    cores: int
    executor_cores: int
    jobs: int = 1
    core_memory_mb: int
    secret_file: Path
    properties: Path | None = None


class Secrets(BaseModel):
    """Made by who deploys, one set an instance; passwords by e-mail address."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id_secret: str
    bootstrap_admin_api_key: str
    admin_password: str
    passwords: dict[str, str] = {}


class Deployment(BaseModel):
    """One Galaxy on a host.

    :param release: folder of the checkout. :param build: of the environments. :param shared: that all hosts see.
    :param address: what users type, a name or an address. :param socket: where the web server listens.
    :param run: folder of this host that is gone after a reboot. :param database: PostgreSQL address.
    :param broker: address of the message broker, without the number of a database at its end.
    :param cores: of a job on this host. :param memory_mb: of a job, MiB. :param jobs: at the same time.
    :param web_workers: processes that answer. :param admin: e-mail address. :param accounts: those of users.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    flavour: str
    release: Path
    build: Path
    shared: Path
    address: str
    socket: Path = Path("/run/metapipe/galaxy.sock")
    run: Path = Path("/run/metapipe")
    database: str
    broker: str
    cores: int
    memory_mb: int
    jobs: int = 2
    web_workers: int = 2
    admin: str
    accounts: list[str] = []
    spark: Spark | None = None
    secrets: Secrets

    @property
    def url(self) -> str:
        """Where users find it."""
        return f"https://{self.address}"

    @property
    def handlers(self) -> list[str]:
        """Names of the job handlers, as gravity gives them; each takes 400 MB."""
        return [f"handler_{number}" for number in range(2 if self.memory_mb * self.jobs >= _TWO_HANDLERS_MB else 1)]

    @cached_property
    def settings(self) -> Settings:
        """What it has in common with a Galaxy of one's own machine.

        :raises MetapipeError: E701 for a value that cannot be, E702 for a release that is none.
        """
        chosen = Chosen(
            database=self.database,
            refdb=self.shared / "refdb",
            slots=self.cores,
            memory_mb=self.memory_mb,
            jobs=self.jobs,
            flavour=self.flavour,
            admin=self.admin,
        )
        environ = {"METAPIPE_HOME": str(self.release.resolve()), "METAPIPE_BUILD": str(self.build)}
        # None of the example's accounts: there are those that were asked for.
        return replace(settings.load(self.shared / "galaxy", chosen, environ), user="")

    @property
    def jobs_of_cluster(self) -> dict[str, str]:
        """Environment that tells a job of the cluster; empty where there is none."""
        if self.spark is None:
            return {}
        return settings.spark_environment(**self.spark.model_dump(exclude={"jobs"}))

    def hand_over_secrets(self) -> None:
        """Put the secrets where a Galaxy has them, each in a file of its own."""
        folder = secrets.private_folder(self.settings.secrets)
        for name in ("id_secret", "bootstrap_admin_api_key", "admin_password"):
            file, word = folder / name, getattr(self.secrets, name) + "\n"
            if not file.exists() or file.read_text() != word:
                secrets.write_private(file, word)


def read(file: Path = FILE) -> Deployment:
    """Return what the file says.

    :raises MetapipeError: E201 when it cannot be read, E702 for each wrong field.
    """
    return wrong_fields.read(file, Deployment, "E702")
