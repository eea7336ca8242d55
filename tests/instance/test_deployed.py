"""What a deployed host's Galaxy is made of, from the one file that the host was told it by."""

from __future__ import annotations

import json
import socketserver
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import Environment, StrictUndefined

from metapipe.commands import deployed
from metapipe.instance.deployed import deployment, programs, readiness
from metapipe.instance.deployed.deployment import Deployment
from metapipe.instance.deployed.doorway import doorway

CHECKOUT = Path(__file__).resolve().parents[2]
SECRETS = ("of-id", "of-bootstrap", "of-admin", "of-ada", "of-postgresql", "of-broker")


@dataclass(frozen=True)
class Host:
    """A host that was told what it is."""

    file: Path
    units: Path

    @property
    def found(self) -> Deployment:
        return deployment.read(self.file)

    def run(self, action: str) -> int:
        return deployed.main([action, "--file", str(self.file)])


def told(folder: Path, **changed: Any) -> dict[str, Any]:
    of_id, bootstrap, admin, ada, postgresql, broker = SECRETS
    return {
        "name": "lab",
        "flavour": "mmg",
        "release": str(CHECKOUT),
        "build": str(folder / "build"),
        "shared": str(folder / "shared"),
        "run": str(folder / "run"),
        "socket": str(folder / "run" / "galaxy.sock"),
        "address": "galaxy.lab.example",
        "database": f"postgresql://galaxy:{postgresql}@127.0.0.1/galaxy",
        "broker": f"redis://:{broker}@127.0.0.1:6379",
        "cores": 4,
        "memory_mb": 8_000,
        "admin": "admin@lab.example",
        "accounts": ["ada@lab.example"],
        "spark": {
            "master": "spark://10.0.0.1:7077",
            "cores": 8,
            "executor_cores": 4,
            "core_memory_mb": 1500,
            "secret_file": "/etc/metapipe/spark.secret",
        },
        "secrets": {
            "id_secret": of_id,
            "bootstrap_admin_api_key": bootstrap,
            "admin_password": admin,
            "passwords": {"ada@lab.example": ada},
        },
        **changed,
    }


@pytest.fixture
def host(tmp_path: Path) -> Host:
    made = Host(tmp_path / "galaxy.json", tmp_path / "units")
    made.file.write_text(json.dumps(told(tmp_path)))
    made.units.mkdir()
    (tmp_path / "run").mkdir()
    return made


def config(host: Host, name: str) -> Any:
    return yaml.safe_load((host.found.settings.config / name).read_text())


def test_configuring_twice_changes_nothing_the_second_time(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert [host.run("configure"), host.run("configure")] == [0, 0]
    assert capsys.readouterr().out == "changed\n"


def test_nothing_of_it_can_be_read_by_others_and_no_unit_holds_a_secret(host: Host) -> None:
    programs.configure(host.found)
    state = host.found.settings.state
    assert state.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (state / "secrets").iterdir()} == {0o600}
    units = (state / "config" / "gravity.yml").read_text()  # gravity writes it into units, which everybody can read
    assert not [word for word in SECRETS if word in units]


def test_it_has_the_tools_and_rules_of_conduct_of_a_galaxy_of_ones_own(host: Host) -> None:
    programs.configure(host.found)
    galaxy = config(host, "galaxy.yml")["galaxy"]
    assert (galaxy["require_login"], galaxy["allow_local_account_creation"]) == (True, False)
    assert galaxy["new_user_dataset_access_role_default_private"] is True
    assert galaxy["admin_users"] == "admin@lab.example"
    assert galaxy["id_secret"] == "of-id"
    assert galaxy["celery_conf"]["broker_url"] == "redis://:of-broker@127.0.0.1:6379/0"
    assert "metapipe_trim_reads.xml" in (host.found.settings.config / "tool_conf.xml").read_text()


def test_galaxys_processes_start_by_programs_of_ours(host: Host) -> None:
    programs.configure(host.found)
    gravity = config(host, "gravity.yml")["gravity"]
    folder = Path(gravity["virtualenv"]) / "bin"
    started = {name: (folder / name).read_text() for name in ("gunicorn", "celery", "galaxy-main")}
    assert "handler_start.py" in started["galaxy-main"]
    assert "celery_start.py" in started["celery"]
    assert str(CHECKOUT / "instance/galaxy/gunicorn_start.py") in gravity["gunicorn"]["extra_args"]
    assert {(folder / name).stat().st_mode & 0o777 for name in started} == {0o700}


@pytest.mark.parametrize(("memory", "handlers"), [(8_000, ["handler_0", "handler_1"]), (2_000, ["handler_0"])])
def test_a_small_host_has_one_job_handler(host: Host, memory: int, handlers: list[str]) -> None:
    found = host.found.model_copy(update={"memory_mb": memory})
    programs.configure(found)
    gravity = config(host, "gravity.yml")["gravity"]["handlers"]["handler"]
    assert gravity["processes"] == len(handlers)
    assert gravity["environment"]["METAPIPE_HANDLERS"] == ",".join(handlers)


def test_jobs_of_the_cluster_are_told_of_it_and_no_others(host: Host) -> None:
    programs.configure(host.found)
    places = config(host, "tpv_destinations.yml")["destinations"]
    told_of_it = {entry["name"]: entry["value"] for entry in places["spark"]["env"]}
    assert told_of_it["METAPIPE_SPARK_MASTER"] == "spark://10.0.0.1:7077"
    assert told_of_it["METAPIPE_SPARK_CORES"] == "8"
    assert not [name for name in ("quick", "local", "alone") if "env" in places[name]]
    programs.configure(host.found.model_copy(update={"spark": None}))
    assert "spark" not in config(host, "tpv_destinations.yml")["destinations"]


def test_what_runs_is_stale_until_it_was_seen_to_answer_and_when_a_unit_or_a_setting_changes(host: Host) -> None:
    programs.configure(host.found)
    unit = host.units / "galaxy-gunicorn.service"
    unit.write_text("[Service]\n")
    assert not readiness.is_current(host.found, host.units)
    readiness.note(host.found, host.units)
    assert readiness.is_current(host.found, host.units)
    unit.write_text("[Service]\nNice=1\n")
    assert not readiness.is_current(host.found, host.units)
    readiness.note(host.found, host.units)
    programs.configure(host.found.model_copy(update={"cores": 3}))
    assert not readiness.is_current(host.found, host.units)


def test_what_does_not_answer_is_named(host: Host) -> None:
    found = host.found.model_copy(update={"memory_mb": 2_000})
    assert readiness.silent(found) == ["web server", "job handler handler_0", "Celery worker"]
    (found.run / "handler_0.alive").touch()
    (found.run / "celery.warm").touch()
    assert readiness.silent(found) == ["web server"]


def test_every_wrong_field_of_the_file_is_one_line(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    host.file.write_text(json.dumps(told(host.file.parent, cores="many", colour="red")))
    assert host.run("configure") == 78
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["METAPIPE-E702"] * 2
    assert any("cores" in line for line in lines)
    assert any("colour" in line for line in lines)


class _Answer(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        words = self.rfile.readline().split()
        body = b'{"version_major": "26.1", "path": "%b"}' % words[1]
        self.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


@pytest.fixture
def web_server(host: Host) -> Iterator[Path]:
    """Something that answers at the socket as Galaxy does."""
    with socketserver.ThreadingUnixStreamServer(str(host.found.socket), _Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield host.found.socket
        server.shutdown()


def test_the_doorway_leads_to_the_socket_and_is_closed_afterwards(web_server: Path) -> None:
    with doorway(web_server) as url:
        for number in range(3):
            with urllib.request.urlopen(f"{url}/{number}", timeout=30) as reply:
                assert json.load(reply)["path"] == f"/{number}"
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(url, timeout=30)


def test_a_web_server_that_answers_is_seen_to(host: Host, web_server: Path) -> None:
    assert readiness.web_answers(web_server)
    assert "web server" not in readiness.silent(host.found)


def test_what_the_role_writes_is_what_the_programs_read(tmp_path: Path) -> None:
    role = CHECKOUT / "instance" / "ansible" / "roles" / "galaxy"
    environment = Environment(undefined=StrictUndefined, autoescape=False)
    environment.filters["to_nice_json"] = lambda value: json.dumps(value, indent=4)
    numbers = ("cores", "memory_mb", "jobs", "web_workers", "spark_jobs", "spark_executor_cores")
    words = ("release", "build", "socket", "database_url", "broker_url")
    defaults = yaml.safe_load((role / "defaults" / "main.yml").read_text())
    names = [f"galaxy_{name}" for name in (*numbers, *words, "spark_core_memory_mb", "spark_hosts")]
    assert set(names) <= set(defaults)
    given = told(tmp_path)
    values = {
        **{f"galaxy_{name}": "2" for name in numbers},
        **{f"galaxy_{name}": f"/{name}" for name in words},
        "galaxy_spark_core_memory_mb": "1000",
        "galaxy_spark_hosts": ["10.0.0.2", "10.0.0.3"],
        "galaxy_database_url": given["database"],
        "ansible_facts": {"default_ipv4": {"address": "10.0.0.1"}},
        "instance_name": "lab",
        "instance_flavour": "mmg",
        "instance_shared": given["shared"],
        "instance_server_name": given["address"],
        "instance_admin_email": given["admin"],
        "instance_accounts": given["accounts"],
        "secret_id_secret": "a",
        "secret_bootstrap_admin_api_key": "b",
        "secret_admin_password": "c",
        "secret_user_passwords": {"ada@lab.example": 'it\'s "quoted"'},
    }
    text = environment.from_string((role / "templates" / "galaxy.json.j2").read_text()).render(values)
    found = Deployment.model_validate_json(text)
    assert found.secrets.passwords == {"ada@lab.example": 'it\'s "quoted"'}
    assert found.spark is not None
    assert (found.spark.master, found.spark.cores) == ("spark://10.0.0.1:7077", 2)
