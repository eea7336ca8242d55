"""The tree of Debian 12 that is below every machine's own disk: made once."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from lab_machines import packages, place
from lab_machines.network import run
from lab_machines.place import CACHE, RefusedError

BASE = CACHE / "debian-12"
#: What an installation of Debian over the network has at least, with an SSH server.
PACKAGES = (
    "systemd",
    "systemd-sysv",
    "libpam-systemd",
    "dbus",
    "openssh-server",
    "python3",
    "sudo",
    "iproute2",
    "ca-certificates",
)


def make() -> Path:
    """The tree, made when it is not there yet; call it locked."""
    if not BASE.is_dir():
        part, log = CACHE / "debian-12.part", CACHE / "debootstrap.log"
        shutil.rmtree(part, ignore_errors=True)
        command = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", "bookworm"]
        with log.open("w") as file:
            done = subprocess.run([*command, str(part), packages.mirror()], stdout=file, stderr=subprocess.STDOUT)
        if done.returncode:
            words = log.read_text().strip().splitlines()[-1:] or ["it said nothing"]
            raise RefusedError("E901", 70, f"debootstrap could not make Debian 12: {words[0]} (all of it: {log})")
        _furnish(part)
        packages.trust(part)  # takes seconds, and is seldom another one later
        part.rename(BASE)
    return BASE


def _furnish(root: Path) -> None:
    """What is the same for every machine of every lab."""
    for key in root.glob("etc/ssh/ssh_host_*"):
        key.unlink()
    (root / "etc/machine-id").unlink(missing_ok=True)
    for deb in root.glob("var/cache/apt/archives/*.deb"):
        deb.unlink()
    run("chroot", str(root), "useradd", "--create-home", "--shell", "/bin/bash", place.USER)
    sudoers = root / "etc/sudoers.d/lab"
    sudoers.write_text(f"{place.USER} ALL=(ALL) NOPASSWD: ALL\n")
    sudoers.chmod(0o440)
    ssh = root / "etc/ssh/sshd_config.d/lab.conf"
    ssh.write_text("PasswordAuthentication no\nPermitRootLogin no\nUseDNS no\n")
    wants = root / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(parents=True, exist_ok=True)
    link = wants / "systemd-networkd.service"
    if not link.is_symlink():
        link.symlink_to("/lib/systemd/system/systemd-networkd.service")
    # Half of the log in memory would be lost with the machine; a real one has it on disk, too.
    (root / "var/log/journal").mkdir(exist_ok=True)
