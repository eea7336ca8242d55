"""What the roles make on a head and a worker: it holds, comes back, can be cut short, and goes without a trace.

One instance for all tests, in this order; the last one takes it away.
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from machines_for_tests import Ansible, Machines

pytestmark = [pytest.mark.galaxy, pytest.mark.lab, pytest.mark.slow, pytest.mark.timeout(3600)]
#: What an instance must leave as it was: accounts, units, rules, listeners, and files outside of logs, caches and dpkg.
TRACES = """
getent passwd; getent group; systemctl list-unit-files --no-legend --state=enabled | sort
nft list ruleset 2>/dev/null; ss -Hltn | awk '{print $4}' | sort; ps -eo user= | sort -u
find /etc /srv /opt /var/lib /home -xdev \\( -path /var/lib/apt -o -path /var/lib/dpkg -o -path /var/lib/systemd \
    -o -path /var/lib/ucf -o -path /home/deployer \\) -prune -o -print | sort
"""
UNITS = "nginx metapipe-broker metapipe-firewall metapipe-certificate.timer"


def answers(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), timeout=3):
            return True
    except OSError:
        return False


def until(holds: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.3)


@pytest.fixture(scope="module")
def bare(machines: Machines) -> dict[str, str]:
    return {name: machines.run(name, TRACES) for name in ("head", "worker1")}


def cut_short(ansible: Ansible, playbook: str, task: str) -> None:
    """Run a playbook and kill it (``kill -9``) as soon as it does this task."""
    progress, log = ansible.folder / "cut-short.jsonl", ansible.folder / "cut-short.log"
    progress.unlink(missing_ok=True)
    with log.open("a") as file:
        running = subprocess.Popen(
            ansible.command(playbook),
            cwd=ansible.folder,
            env=ansible.environment(progress),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )

    def begun() -> bool:
        assert running.poll() is None, log.read_text()
        return progress.exists() and f'"{task}"' in progress.read_text()

    try:
        until(begun, 500)
    finally:
        running.kill()
        running.wait()


@pytest.fixture(scope="module")
def made(bare: dict[str, str], ansible: Ansible) -> Ansible:
    """An instance that was cut short three times while it was made, and then completed."""
    for task in ("Install what every host needs", "Make a cluster", "Look at the certificate"):
        cut_short(ansible, "site.yml", task)
    # What the killed run had asked a host to do may still be going on there, as apt does; the next run waits for it.
    played = ansible.play("site.yml", instance_ca_file=str(ansible.folder / "ca.crt"))
    assert (played.returncode, played.faults) == (0, [])
    return ansible


def test_a_second_run_changes_nothing(made: Ansible) -> None:
    played = made.play("site.yml", instance_ca_file=str(made.folder / "ca.crt"))
    assert (played.returncode, played.of("changed", "failed")) == (0, [])


def trusting(made: Ansible) -> ssl.SSLContext:
    """A client that trusts the authority of the instance alone."""
    return ssl.create_default_context(cafile=str(made.folder / "ca.crt"))


def get(made: Ansible) -> tuple[int, http.client.HTTPMessage, dict[str, Any]]:
    """Status and headers of the first page, and the certificate."""
    address = made.machines.address("head")
    with closing(http.client.HTTPSConnection(address, timeout=20, context=trusting(made))) as connection:
        connection.request("GET", "/")
        certificate: dict[str, Any] = connection.sock.getpeercert()
        answer = connection.getresponse()
        return answer.status, answer.headers, certificate


def test_the_door_is_https_with_a_certificate_that_the_instances_authority_vouches_for(made: Ansible) -> None:
    status, headers, certificate = get(made)
    # nginx answers for Galaxy, which is not part of this test.
    assert status == 502
    assert headers["Strict-Transport-Security"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "frame-ancestors 'self'"
    assert headers["Server"] == "nginx"
    assert certificate["subjectAltName"] == (("IP Address", made.machines.address("head")),)


def test_what_galaxy_would_answer_comes_through_whole_and_knows_how_it_was_asked(made: Ansible) -> None:
    source = Path(__file__).with_name("galaxys_place.py").read_text()
    serve = "systemd-run --quiet --unit=galaxys-place /usr/bin/python3 /tmp/serve.py"
    wait = "until [ -S /run/metapipe/galaxy.sock ]; do sleep 0.1; done"
    made.machines.run("head", f"cat >/tmp/serve.py <<'END'\n{source}\nEND\n{serve}; {wait}")
    try:
        chunk = b"x" * (20 << 20)
        address = made.machines.address("head")
        with closing(http.client.HTTPSConnection(address, timeout=60, context=trusting(made))) as connection:
            connection.request("PATCH", "/api/upload/resumable_upload/1", body=chunk)
            assert connection.getresponse().read() == b'{"bytes": 20971520, "proto": "https"}'
    finally:
        made.machines.run("head", "systemctl stop galaxys-place; rm -r /run/metapipe /tmp/serve.py")


def test_http_is_sent_on_to_https(made: Ansible) -> None:
    with closing(http.client.HTTPConnection(made.machines.address("head"), timeout=20)) as connection:
        connection.request("GET", "/workflows/list?x=1", headers={"Host": "reef.example"})
        answer = connection.getresponse()
    assert (answer.status, answer.headers["Location"]) == (301, "https://reef.example/workflows/list?x=1")


def test_from_outside_nothing_answers_but_22_80_and_443(made: Ansible) -> None:
    machines = made.machines
    for name, expected in (("head", {22, 80, 443}), ("worker1", {22})):
        machines.run(name, "systemd-run --quiet --unit=more /usr/bin/python3 -m http.server 7077")
        try:
            local = "timeout 1 bash -c '</dev/tcp/127.0.0.1/7077'"
            machines.run(name, f"until {local} 2>/dev/null; do sleep 0.1; done")
            address = machines.address(name)
            found = {port for port in (22, 80, 111, 443, 2049, 5432, 6379, 7077, 8080) if answers(address, port)}
            assert found == expected
            other = "worker1" if name == "head" else "head"
            inside = f"timeout 3 bash -c '</dev/tcp/{address}/7077' && echo in"
            assert machines.run(other, inside, check=False) == "in\n", "hosts of the instance reach each other"
        finally:
            machines.run(name, "systemctl stop more")


def test_postgresql_and_the_broker_answer_who_has_the_password_and_nobody_else(made: Ansible) -> None:
    secret = dict(re.findall(r"secret_(\w+): '?([0-9a-f]+)", (made.folder / "secrets.yml").read_text()))
    ask = "PGPASSWORD={} psql -w -h 127.0.0.1 -U {} -d galaxy -Atc 'show server_encoding' 2>&1"
    password = secret["postgresql_password"]
    assert made.machines.run("head", ask.format(password, "galaxy")) == "UTF8\n"
    said = made.machines.run("head", ask.format("galaxy", "galaxy"), check=False)
    assert "password authentication failed" in said
    assert "no pg_hba.conf entry" in made.machines.run("head", ask.format(password, "postgres"), check=False)
    ping = f"redis-cli ping; REDISCLI_AUTH={secret['broker_password']} redis-cli ping"
    assert made.machines.run("head", ping).split("\n") == ["NOAUTH Authentication required.", "", "PONG", ""]
    # For nobody's eyes: neither files of the host that all may read, nor what Ansible said.
    words = "|".join(secret.values())
    assert made.machines.run("head", f"find /etc /var/log -perm -o=r -type f | xargs grep -lE '{words}' || true") == ""
    logs = "".join(path.read_text() for path in [*made.folder.glob("*.log"), *made.folder.glob("*.jsonl")])
    assert not re.search(words, logs)


@pytest.mark.parametrize("how", [(), ("--hard",)], ids=["asked to", "its power cut"])
def test_every_service_comes_back_after_a_reboot_by_itself(made: Ansible, how: tuple[str, ...]) -> None:
    machines = made.machines
    machines.lab("reboot", "head", *how)
    state = f"systemctl is-active {UNITS} 'postgresql@*-metapipe.service'; systemctl --failed --no-legend"
    until(lambda: machines.run("head", state, check=False).split() == ["active"] * 5)
    assert get(made)[0] == 502
    assert not answers(machines.address("head"), 5432)


@pytest.mark.parametrize("unit", ["nginx", "metapipe-broker"])
def test_a_service_that_is_killed_is_started_again(made: Ansible, unit: str) -> None:
    ask = f"systemctl show --property=MainPID --value {unit}"
    before = made.machines.run("head", f"{ask}; kill -9 $({ask})")
    until(lambda: made.machines.run("head", ask) not in ("0\n", before))


def test_a_certificate_is_made_anew_when_its_names_change_and_before_it_runs_out(made: Ansible) -> None:
    machines = made.machines
    names = [machines.address("head"), "reef.example"]
    assert made.play("door.yml", instance_server_names=names).returncode == 0
    certificate = get(made)[2]
    assert {name for _, name in certificate["subjectAltName"]} == set(names)
    serial = certificate["serialNumber"]
    assert machines.run("head", "/etc/metapipe/certificate") == ""
    script = "sed -i 's/^soon=.*/soon=$((391 * 86400))/' /etc/metapipe/certificate; /etc/metapipe/certificate"
    assert machines.run("head", script) == "new\n"
    # nginx has taken it up, and the authority is still the one that users know.
    until(lambda: get(made)[2]["serialNumber"] != serial)


def test_the_operators_certificate_is_used_and_refused_when_it_is_for_another_name(
    made: Ansible, tmp_path: Path
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-keyout", str(key), "-out", str(certificate), "-days", "30", "-subj", "/CN=reef.example"]
    subprocess.run([*command, "-addext", "subjectAltName=DNS:reef.example"], check=True, capture_output=True)
    given = {"instance_tls": "files", "instance_tls_key": str(key), "instance_tls_certificate": str(certificate)}
    address = made.machines.address("head")
    wrong = made.play("door.yml", **given)
    assert [message for _, message in wrong.faults] == [f"the certificate is not for {address}"]
    named = {"instance_server_name": "reef.example", "instance_server_names": ["reef.example"]}
    assert made.play("door.yml", **given, **named).returncode == 0
    assert ssl.get_server_certificate((address, 443)).strip() == certificate.read_text().strip()


#: Pebble, the test server of Let's Encrypt's makers: it asks the head's port 80 whose name it is, as the real one does.
PEBBLE = """
set -e
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq pebble >/dev/null
echo "{head} reef.example" >>/etc/hosts
mkdir -p /var/tmp/pebble && cd /var/tmp/pebble
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 9 -subj /CN=pebble \\
    -addext subjectAltName=IP:{worker} 2>/dev/null
cat >config.json <<END
{{"pebble": {{"listenAddress": "0.0.0.0:14000", "managementListenAddress": "127.0.0.1:15000",
  "certificate": "/var/tmp/pebble/cert.pem", "privateKey": "/var/tmp/pebble/key.pem", "httpPort": 80, "tlsPort": 443,
  "ocspResponderURL": "", "externalAccountBindingRequired": false}}}}
END
systemd-run --quiet --unit=pebble --setenv=PEBBLE_VA_NOSLEEP=1 /usr/bin/pebble -config /var/tmp/pebble/config.json
until timeout 1 bash -c '</dev/tcp/127.0.0.1/14000' 2>/dev/null; do sleep 0.1; done
cat cert.pem
"""


def test_a_certificate_comes_from_an_authority_that_speaks_acme(made: Ansible, tmp_path: Path) -> None:
    machines = made.machines
    head, worker = machines.address("head"), machines.address("worker1")
    (tmp_path / "pebble.pem").write_text(machines.run("worker1", PEBBLE.format(head=head, worker=worker)))
    given = {
        "instance_tls": "acme",
        "instance_acme_directory": f"https://{worker}:14000/dir",
        "instance_acme_ca": str(tmp_path / "pebble.pem"),
        "instance_server_name": "reef.example",
        "instance_server_names": ["reef.example"],
        "instance_admin_email": "admin@reef.example",
    }
    try:
        assert made.play("door.yml", **given).returncode == 0
        served = ssl.get_server_certificate((head, 443))
        words = ["openssl", "x509", "-noout", "-issuer", "-ext", "subjectAltName"]
        said = subprocess.run(words, input=served, capture_output=True, text=True, check=True).stdout
        assert "Pebble" in said
        assert "DNS:reef.example" in said
        assert made.play("door.yml", **given).of("changed", "failed") == []
        # The timer renews it: what the authority has made anew is what nginx serves.
        renew = "certbot renew --force-renewal --quiet --no-random-sleep-on-renew"
        renew = f"REQUESTS_CA_BUNDLE=/etc/metapipe/tls/acme-ca.crt {renew}"
        assert machines.run("head", f"{renew}; systemctl start metapipe-certificate") == ""
        until(lambda: ssl.get_server_certificate((head, 443)) != served)
    finally:
        machines.run("worker1", "systemctl stop pebble; sed -i '/reef.example/d' /etc/hosts; rm -r /var/tmp/pebble")
        machines.run("worker1", "apt-get purge -y -qq pebble >/dev/null")


def test_nothing_is_left_when_it_is_taken_away_even_by_one_that_was_cut_short(
    made: Ansible, bare: dict[str, str]
) -> None:
    made.machines.run("head", "touch /srv/metapipe/shared/data")
    cut_short(made, "down.yml", "Take our cluster away")
    assert made.play("down.yml", instance_purge=True).returncode == 0
    for name, before in bare.items():
        left = set(made.machines.run(name, TRACES).splitlines()) - set(before.splitlines())
        assert left == set()
    assert made.machines.run("head", "ls -A /srv/metapipe/shared") == ""
    assert made.play("down.yml").of("changed", "failed") == []
