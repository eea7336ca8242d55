"""One machine of a lab: made, started, rebooted, stopped."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from lab_machines import disk, packages, place, tree
from lab_machines.network import run
from lab_machines.place import Lab, Machine, RefusedError, replace

#: Seconds within which a machine that was started answers, and one that is stopped is gone.
BOOTS, STOPS = 120, 90
#: Where /run is no file system of its own, systemd-nspawn cannot start a machine again that reboots.
_OWN_RUN = "mkdir -p /run/systemd/nspawn && mount -t tmpfs -o mode=755 tmpfs /run/systemd/nspawn"


def make(lab: Lab, machine: Machine, gigabytes: int) -> None:
    """Give a machine its disk, name, address and keys."""
    host_key = lab.folder_of(machine) / "host_key"
    if host_key.exists():
        return
    disk.make(lab, machine, gigabytes)
    with disk.mounted(lab, machine) as root:
        if lab.offline:
            packages.undress(root)
        else:
            packages.dress(root)
            packages.lend(root)
        # Of those without a way out this machine is the name server: it answers nothing, and counts what is asked.
        servers = f"nameserver {lab.gateway}\n" if lab.offline else name_servers()
        replace(root / "etc/resolv.conf", servers)
        replace(
            root / "etc/systemd/network/10-lab.network",
            f"[Match]\nName=host0\n\n[Network]\nAddress={machine.address}/24\nGateway={lab.gateway}\n"
            "LinkLocalAddressing=no\nIPv6AcceptRA=no\n",
        )
        (root / place.SHARED.lstrip("/")).mkdir(parents=True)
        kind, key, *_ = name_and_keys(root, machine.name, machine.address, lab.key.with_suffix(".pub")).split()
    replace(host_key, f"{machine.address} {kind} {key}\n")


def name_and_keys(root: Path, name: str, address: str, key: Path) -> str:
    """Give a tree a name and keys of its own, and let the owner of ``key`` in; return its public key."""
    replace(root / "etc/machine-id", f"{os.urandom(16).hex()}\n")
    replace(root / "etc/hostname", f"{name}\n")
    replace(root / "etc/hosts", f"127.0.0.1 localhost\n{address} {name}\n")
    home = root / "home" / place.USER
    owner = home.stat()
    (home / ".ssh").mkdir(mode=0o700)
    shutil.copy(key, home / ".ssh" / "authorized_keys")
    for path in (home / ".ssh", home / ".ssh" / "authorized_keys"):
        os.chown(path, owner.st_uid, owner.st_gid)
    run("ssh-keygen", "-A", "-f", str(root))
    return (root / "etc/ssh/ssh_host_ed25519_key.pub").read_text()


def empty(lab: Lab, machine: Machine) -> None:
    """Take what is worth keeping from the disk of a machine that is off."""
    if (lab.folder_of(machine) / "host_key").exists() and not lab.offline:
        with disk.mounted(lab, machine) as root:
            packages.keep(root)


def keeper(lab: Lab, machine: Machine) -> int | None:
    """Process id of what keeps a machine running; nothing when it is off."""
    try:
        with (lab.folder_of(machine) / "keeper").open("r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(file.read() or 0) or None
    except FileNotFoundError:
        pass
    return None


def start(lab: Lab, machine: Machine) -> None:
    """Switch a machine on, unless it is."""
    if keeper(lab, machine):
        return
    folder, shared = lab.folder_of(machine), lab.folder / "shared"
    shared.mkdir(exist_ok=True)
    nspawn = ["--quiet", "--boot", "--register=no", "--console=passive", f"--machine={lab.container_of(machine)}"]
    if not Path("/run/systemd/system").is_dir():
        nspawn.append("--keep-unit")
    nspawn += [f"--directory={folder / 'root'}", f"--hostname={machine.name}"]
    nspawn += [f"--network-bridge={lab.bridge}", "--resolv-conf=off", "--timezone=off", "--link-journal=no"]
    nspawn += [f"--bind={shared}:{place.SHARED}"]
    if not lab.offline:
        nspawn += [f"--bind={packages.UV}:{packages.UV_THERE}"]
        nspawn += [f"--bind-ro={folder}" for folder in packages.folders()]
    # The mounts are seen by the machine alone, and end with it.
    script = f'{disk.MOUNT} && {_OWN_RUN} && shift 2 && exec systemd-nspawn "$@"'
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", str(folder), str(tree.BASE)]
    program = [sys.executable, str(Path(__file__).with_name("keeper.py"))]
    lock, group = folder / "keeper", f"metapipe-{lab.container_of(machine)}"
    with (folder / "console.log").open("a") as log:
        subprocess.Popen(
            [*program, str(lock), group, *command, *nspawn],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
        )


def answers(machine: Machine) -> bool:
    """Whether its SSH server says who it is."""
    try:
        with socket.create_connection((machine.address, 22), timeout=2) as connection:
            connection.settimeout(2)
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def wait(lab: Lab, machine: Machine) -> None:
    """Until a machine answers; refused, with its last words, when it does not."""
    deadline = time.monotonic() + BOOTS
    while not answers(machine):
        if time.monotonic() > deadline:
            log = lab.folder_of(machine) / "console.log"
            words = log.read_text(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
            raise RefusedError("E901", 70, f"{machine.name} did not answer in {BOOTS} s: {words[0]} (all of it: {log})")
        time.sleep(0.2)


def boot_id(lab: Lab, machine: Machine) -> str:
    """Another one after every boot; nothing when the machine does not answer."""
    return ssh(lab, machine, "cat /proc/sys/kernel/random/boot_id").stdout.strip()


def reboot(lab: Lab, machine: Machine, hard: bool) -> None:
    """Restart a machine and wait until it answers again; ``hard`` cuts its power instead of asking it."""
    before = boot_id(lab, machine)
    if hard:
        if pid := keeper(lab, machine):
            os.kill(pid, signal.SIGUSR1)
    else:
        ssh(lab, machine, "sudo systemctl reboot")
    deadline = time.monotonic() + BOOTS
    while time.monotonic() < deadline:
        if answers(machine) and boot_id(lab, machine) not in ("", before):
            return
        time.sleep(0.3)
    raise RefusedError("E901", 70, f"{machine.name} did not come back in {BOOTS} s")


def stop(lab: Lab, machines: list[Machine]) -> None:
    """Switch machines off, all at the same time, and wait until nothing of them runs."""
    for machine in machines:
        if pid := keeper(lab, machine):
            os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOPS
    while left := [machine.name for machine in machines if keeper(lab, machine)]:
        if time.monotonic() > deadline:
            raise RefusedError("E901", 70, f"{', '.join(left)} did not end in {STOPS} s")
        time.sleep(0.1)


def ssh_command(lab: Lab, machine: Machine, *words: str) -> list[str]:
    options = [
        f"UserKnownHostsFile={lab.known_hosts}",
        "StrictHostKeyChecking=yes",
        "ConnectTimeout=5",
        "BatchMode=yes",
    ]
    command = ["ssh", "-F", "none", "-q", "-i", str(lab.key), *(f"-o{option}" for option in options)]
    return [*command, f"{place.USER}@{machine.address}", *words]


def ssh(lab: Lab, machine: Machine, words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(ssh_command(lab, machine, words), capture_output=True, text=True, stdin=subprocess.DEVNULL)


def name_servers() -> str:
    """Those of this machine; a stub on loopback serves nobody else, and systemd-resolved names those behind it."""
    words, behind = Path("/etc/resolv.conf").read_text(), Path("/run/systemd/resolve/resolv.conf")
    return behind.read_text() if "nameserver 127." in words and behind.exists() else words
