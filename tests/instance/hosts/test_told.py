"""What Ansible is told: machines, variables, secrets, and the release; and what is said of how it went."""

import json
import stat
import subprocess
import tarfile
from pathlib import Path

import pytest
import yaml

from metapipe.errors import MetapipeError
from metapipe.instance import wrong_fields
from metapipe.instance.folder import InstanceFolder
from metapipe.instance.hosts import inventory, playbook, progress, release, services, ssh
from metapipe.instance.hosts.inventory import Told
from metapipe.instance.hosts.vault import Vault
from metapipe.instance.request import CODE, Request

CHECKOUT = Path(__file__).resolve().parents[3]
SLOTS = {"cores": 2, "memory_mb": 1000, "jobs": 1}
REQUEST = {
    "name": "lab",
    "flavour": "mmg",
    "target": "hosts",
    "admin": "admin@lab.example",
    "hosts": {
        "head": "h1",
        "workers": ["h2"],
        "user": "op",
        "port": 2222,
        "key": "/keys/one",
        "known_hosts": "/keys/known",
    },
    "open": {"web": "everyone", "name": "galaxy.lab.example", "accounts": ["ada@lab.example"]},
}


def request(**changes: object) -> Request:
    content = yaml.safe_dump({**REQUEST, **changes}).encode()
    return wrong_fields.parse(content, "request.yml", Request, CODE)


@pytest.fixture
def folder(tmp_path: Path) -> InstanceFolder:
    return InstanceFolder(tmp_path / "lab")


def write(asked: Request, folder: InstanceFolder, fetched: str = "") -> Told:
    vault = Vault(Path("/no/ansible-vault"))
    return inventory.write(asked, folder, vault, Path("/r.tar.gz"), "abc", ["ec-proteins:1"], SLOTS, fetched)


def test_the_inventory_names_the_head_and_the_workers_and_how_to_reach_them(folder: InstanceFolder) -> None:
    told = json.loads(write(request(), folder).inventory.read_text())["all"]
    assert told["children"] == {
        "head": {"hosts": {"h1": {"ansible_host": "h1"}}},
        "workers": {"hosts": {"h2": {"ansible_host": "h2"}}},
    }
    assert told["vars"]["ansible_user"] == "op"
    assert told["vars"]["ansible_port"] == 2222
    assert told["vars"]["ansible_ssh_private_key_file"] == "/keys/one"
    assert "StrictHostKeyChecking=yes" in told["vars"]["ansible_ssh_common_args"]
    assert "UserKnownHostsFile=/keys/known" in told["vars"]["ansible_ssh_common_args"]
    assert "/keys/one" not in told["vars"]["ansible_ssh_common_args"]


def test_every_variable_that_is_told_is_one_that_the_playbooks_know(folder: InstanceFolder) -> None:
    known = yaml.safe_load((CHECKOUT / "instance" / "ansible" / "group_vars" / "all.yml").read_text())
    told = json.loads(write(request(), folder).variables.read_text())
    assert told.keys() <= known.keys()
    files = request(open={"web": "everyone", "tls": "files", "certificate": "/c", "key": "/k"})
    assert json.loads(write(files, folder).variables.read_text()).keys() <= known.keys()
    offline = json.loads(write(request(), folder, "abcd").variables.read_text())
    assert offline.keys() <= known.keys()
    assert offline.keys() - told.keys() == {"instance_cache", "instance_cache_digest"}


def test_secrets_are_long_different_kept_and_nobody_elses(folder: InstanceFolder) -> None:
    told = write(request(), folder)
    first = json.loads(told.secrets.read_text())
    passwords = first.pop("secret_user_passwords")
    assert passwords.keys() == {"ada@lab.example"}
    assert first.keys() == {f"secret_{name}" for name in inventory.SECRETS}
    assert len(set(first.values())) == len(first)
    assert all(len(word) == 48 for word in first.values())
    more = request(open={"web": "everyone", "accounts": ["ada@lab.example", "bob@lab.example"]})
    second = json.loads(write(more, folder).secrets.read_text())
    assert second.pop("secret_user_passwords").keys() == {"ada@lab.example", "bob@lab.example"}
    assert second == first
    for file in (told.inventory, told.variables, told.secrets):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(told.secrets.parent.stat().st_mode) == 0o700


def test_the_password_for_sudo_goes_to_ansible_as_a_secret(folder: InstanceFolder, tmp_path: Path) -> None:
    word = tmp_path / "word"
    word.write_text("open sesame\n")
    asked = request(hosts={"head": "h1", "user": "op", "sudo_password": str(word)})
    told = write(asked, folder)
    assert json.loads(told.secrets.read_text())["ansible_become_password"] == "open sesame"
    assert "sesame" not in told.inventory.read_text() + told.variables.read_text()
    word.unlink()
    with pytest.raises(MetapipeError, match="E201"):
        write(asked, folder)


def test_words_for_a_machine_are_quoted_and_nothing_is_asked() -> None:
    hosts = request().hosts
    assert hosts is not None
    line = ssh.command(hosts, "h1", ["echo", "a b; rm -rf /"])
    assert line[-1] == "echo 'a b; rm -rf /'"
    assert line[-3:-1] == ["--", "h1"]
    assert "BatchMode=yes" in line


def test_a_machine_that_does_not_answer_is_one_line_and_no_other_machines_business() -> None:
    hosts = request(hosts={"head": "127.0.0.1", "user": "op", "port": 1}).hosts
    assert hosts is not None
    answers = ssh.on_each(["127.0.0.1"], lambda address: ssh.run(hosts, address, ["true"]))
    error = answers["127.0.0.1"]
    assert isinstance(error, MetapipeError)
    assert str(error).startswith("METAPIPE-E331 127.0.0.1: ssh: connect to host 127.0.0.1 port 1: Connection refused")


def test_a_release_is_the_same_bytes_of_the_same_files_and_holds_no_build(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    (checkout / ".build").mkdir(parents=True)
    (checkout / "scripts").mkdir()
    (checkout / ".build" / "big").write_text("x")
    (checkout / "scripts" / "run").write_text("#!/bin/sh\n")
    (checkout / "scripts" / "run").chmod(0o700)
    (checkout / "README.md").write_text("hello\n")
    one = release.pack(checkout, tmp_path / "one.tar.gz")
    (checkout / "README.md").touch()
    (checkout / "README.md").chmod(0o600)
    assert release.pack(checkout, tmp_path / "two.tar.gz") == one
    with tarfile.open(tmp_path / "one.tar.gz") as tar:
        held = {member.name: member.mode for member in tar}
        assert all(member.mtime > 0 for member in tar)  # 0 makes Galaxy load its tools again every second
    assert held == {"README.md": 0o644, "scripts/run": 0o755}
    (checkout / "README.md").write_text("changed\n")
    assert release.pack(checkout, tmp_path / "one.tar.gz") != one


def test_a_release_of_a_git_checkout_leaves_out_what_git_ignores(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=checkout, check=True)
    (checkout / ".gitignore").write_text("*.log\n")
    (checkout / "a.log").write_text("x")
    (checkout / "b.txt").write_text("x")
    assert [str(file) for file in release.files_of(checkout)] == [".gitignore", "b.txt"]


PROGRAM = """#!/bin/sh
printf '%s\\n' "$@" >"$(dirname "$METAPIPE_PROGRESS")/words"
cat "$(dirname "$0")/events" >>"$METAPIPE_PROGRESS"
echo 'ERROR! the syntax is wrong'
exit {code}
"""


def played(tmp_path: Path, folder: InstanceFolder, events: list[dict[str, object]], code: int = 0) -> list[str]:
    """Run the playbook with a program in Ansible's stead; return what was told."""
    place = tmp_path / "build" / "envs" / "deploy" / "bin"
    place.mkdir(parents=True, exist_ok=True)
    (place / "ansible-playbook").write_text(PROGRAM.format(code=code))
    (place / "ansible-playbook").chmod(0o755)
    (place / "events").write_text("".join(f"{json.dumps(event)}\n" for event in events))
    told: list[str] = []
    outcome = playbook.run(
        CHECKOUT, tmp_path / "build", folder, write(request(), folder), "site", told.append, "-e", "{}"
    )
    told.append(str(outcome.changed))
    return told


def event(status: str, message: str = "", host: str = "h1") -> dict[str, object]:
    return {"event": "result", "host": host, "task": "Install it", "result": status, "message": message}


def test_each_role_is_told_and_what_changed_is_counted(tmp_path: Path, folder: InstanceFolder) -> None:
    ended = {"event": "end", "hosts": {"h1": {"ok": 2, "changed": 1}, "h2": {"ok": 3, "changed": 0}}}
    events = [{"event": "task", "name": "Install it", "role": "broker"}, event("changed"), event("ok"), ended]
    assert played(tmp_path, folder, events) == ["message broker; about 9 min to go", "{'h1': 1}"]
    words = (folder.logs / "words").read_text().split()
    assert words[:2] == ["-i", str(folder.path / "ansible" / "inventory.json")]
    assert words[-1].endswith("instance/ansible/site.yml")
    assert not any("secret_" in word for word in words)


def test_a_task_that_takes_long_is_named_and_the_time_to_go_is_that_of_the_last_run(folder: InstanceFolder) -> None:
    folder.path.mkdir()
    for role in progress.ROLES:
        folder.took(f"role {role}", 10.0)
    told: list[str] = []
    clock = iter(range(0, 1000, 6))
    shown = progress.Progress(folder, told.append, lambda: float(next(clock)))
    shown.take({"event": "task", "name": "Look", "role": "checks"})
    shown.take({"event": "task", "name": "Fetch it", "role": "base"})
    shown.look()
    shown.look()
    shown.look()
    shown.take({"event": "end"})
    everything = 10 * len(progress.ROLES)
    assert told == [
        f"look at the hosts; about {everything // 60} min to go",
        f"system: updates, clock, user galaxy; about {(everything - 10 + 30) // 60} min to go",
        "  Fetch it …",
    ]
    assert folder.seconds()["role base"] > 10.0


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([event("failed", "no room\nleft")], "METAPIPE-E332 h1: Install it: no room left"),
        ([event("unreachable", "timed out")], "METAPIPE-E331 h1: Install it: timed out"),
        ([event("failed", "METAPIPE-E704 h1: clock, expected ours")], "METAPIPE-E704 h1: clock, expected ours"),
        ([], "METAPIPE-E332 Ansible ended early: ERROR! the syntax is wrong"),
    ],
)
def test_a_failure_is_the_step_the_host_and_the_line_that_matters(
    tmp_path: Path, folder: InstanceFolder, events: list[dict[str, object]], said: str
) -> None:
    with pytest.raises(MetapipeError) as failed:
        played(tmp_path, folder, events, code=2)
    assert str(failed.value) == said
    assert failed.value.detail.endswith(f"the log is {folder.logs / 'site.log'}")


def test_without_ansible_it_is_said_how_to_install_it(tmp_path: Path, folder: InstanceFolder) -> None:
    with pytest.raises(MetapipeError, match=r"E301 .*scripts/install deploy"):
        playbook.run(CHECKOUT, tmp_path, folder, Told(tmp_path, tmp_path, tmp_path), "site", print)


def test_a_part_works_when_all_its_units_are_active() -> None:
    parts = {"web": ("a.service", "b.service"), "broker": ("c.service",)}
    found = services.read(
        "h1", "unit=a.service active\nunit=b.service failed\nunit=c.service active\ndisk_kb=2\n", parts
    )
    assert (found.works, found.disk_free) == ({"web": False, "broker": True}, 2048)
    assert [str(fault) for fault in services.faults(found)] == ["METAPIPE-E307 h1: web does not run"]


def test_without_workers_the_head_computes() -> None:
    alone = request(hosts={"head": "h1", "user": "op"}).hosts
    both = request().hosts
    assert alone is not None
    assert both is not None
    assert "spark-worker" in services.parts_of(alone, "h1")
    assert "spark-worker" not in services.parts_of(both, "h1")
    assert services.parts_of(both, "h2").keys() == {"spark-worker"}
