"""One machine with a kernel of its own, emulated by QEMU: the head; and in it, by systemd-nspawn, a worker.

For what the kernel of this machine cannot do. Debian's own kernel runs below the same Debian as in the other machines;
head and worker have a disk, an address, an SSH server and a systemd each, and share that kernel. Nothing is asked of
this machine but QEMU: no bridge, no rule, no module. SSH comes in through two ports of loopback.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab_machines import machines, packages, place, tree
from lab_machines.network import last_words, run
from lab_machines.place import CACHE, RefusedError, replace

#: The image of a disk that both machines start with, its kernel and what the kernel starts with: made once.
IMAGES = CACHE / "emulated"
_MADE_OF = IMAGES / "made-of"
PROGRAM = {"qemu-system-x86_64": "qemu-system-x86"}
#: Kernel of a virtual machine, what makes the worker, what Ansible asks for, and what the role storage would install in
#: minutes.
PACKAGES = (
    *("linux-image-cloud-amd64", "initramfs-tools", "zstd", "kmod", "systemd-container"),
    *("python3-apt", "nfs-kernel-server", "nfs-common"),
)
#: Seconds within which both machines answer; on a busy machine software emulation is slow.
BOOTS, STOPS = 900, 120
DISK, MEMORY_MB, CORES = 3 << 30, 1280, 2
#: Of QEMU's own network; labs count from 1.
_NET, _GATEWAY, _NAMES = "10.213.0.0/24", "10.213.0.2", "10.213.0.3"
_PR_SET_PDEATHSIG = 1
#: Units that no proof is about.
_QUIET = (
    *("apt-daily.timer", "apt-daily-upgrade.timer", "e2scrub_all.timer", "fstrim.timer", "dpkg-db-backup.timer"),
    *("getty.target", "getty@tty1.service", "serial-getty@ttyS0.service", "console-getty.service"),
    *("systemd-logind.service", "e2scrub_reap.service", "systemd-binfmt.service", "systemd-pcrphase.service"),
)
_WORKER = """[Unit]
Description=The worker
After=network.target
RequiresMountsFor=/var/lib/worker

[Service]
ExecStart=systemd-nspawn --quiet --boot --keep-unit --register=no --directory=/var/lib/worker --machine=worker1 \
--network-bridge=br0 --resolv-conf=off --timezone=off --link-journal=no --console=passive
KillMode=mixed
Type=notify
TimeoutStartSec=infinity
RestartForceExitStatus=133
SuccessExitStatus=133
Delegate=yes
TasksMax=infinity

[Install]
WantedBy=multi-user.target
"""


@dataclass(frozen=True)
class Guest:
    """A machine: its name, its address between the two, and the port of loopback that leads to its SSH server."""

    name: str
    address: str
    port: int


@dataclass(frozen=True)
class Emulated:
    """The two machines that run, and the folder of all that belongs to them."""

    folder: Path
    head: Guest
    worker: Guest

    @property
    def guests(self) -> tuple[Guest, Guest]:
        return self.head, self.worker

    def options(self, guest: Guest) -> list[str]:
        """Options of SSH that reach a machine, whatever address it is called by."""
        words = [f"HostName=127.0.0.1 Port={guest.port} HostKeyAlias={guest.name} StrictHostKeyChecking=yes"]
        words += [f"UserKnownHostsFile={self.folder / 'known_hosts'} IdentityFile={self.folder / 'key'} BatchMode=yes"]
        words += [f"ConnectTimeout=60 ServerAliveInterval=15 ServerAliveCountMax=8 ControlPath={self.way(guest)}"]
        return [word for option in " ".join(words).split() for word in ("-o", option)]

    def way(self, guest: Guest) -> Path:
        """Socket of the connection that all commands share."""
        return self.folder / f"{guest.name}.ssh"

    def command(self, guest: Guest, *words: str) -> list[str]:
        return ["ssh", "-F", "none", "-q", *self.options(guest), f"{place.USER}@{guest.address}", *words]

    def connect(self) -> None:
        """Open a connection to each machine that all commands share: its keys take seconds there. It ends with them."""
        for guest in self.guests:
            ssh, *words = self.command(guest)
            subprocess.Popen(
                [ssh, "-M", "-N", *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                preexec_fn=_end_with_parent,
            )
        until = time.monotonic() + 60
        while time.monotonic() < until and not all(self.way(one).exists() for one in self.guests):
            time.sleep(0.1)

    def run(self, guest: Guest, script: str, user: str = "root", check: bool = True) -> str:
        """Run a script of the shell there; return what it says, stripped."""
        command = self.command(guest, "sudo", "-u", user, "sh", "-s")
        done = subprocess.run(command, input=script, capture_output=True, text=True)
        if done.returncode and check:
            raise RefusedError("E901", 70, f"{guest.name}: {last_words(done)}")
        return done.stdout.strip()

    def start(self, guest: Guest, user: str, *words: str) -> subprocess.Popen[str]:
        """Start a program there, with pipes to its input and to what it says."""
        command = self.command(guest, "sudo", "-u", user, *words)
        out, err = subprocess.PIPE, subprocess.STDOUT
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out, stderr=err, text=True)

    def boot_ids(self) -> list[str]:
        """Another one after every boot of the kernel; nothing where a machine does not answer."""
        return [self.run(guest, "cat /proc/sys/kernel/random/boot_id", check=False) for guest in self.guests]

    def wait(self, qemu: subprocess.Popen[bytes] | None = None, before: Sequence[str] = ("", "")) -> None:
        """Until both machines answer and are not what they were ``before``."""
        deadline = time.monotonic() + BOOTS
        while any(new in ("", old) for new, old in zip(self.boot_ids(), before, strict=True)):
            if time.monotonic() > deadline or (qemu is not None and qemu.poll() is not None):
                log = self.folder / "console.log"
                words = log.read_text(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
                raise RefusedError("E901", 70, f"the emulated machine does not answer: {words[0]} (all of it: {log})")
            time.sleep(1)
        self.connect()


def make_image() -> None:
    """Make image, kernel and initial file system, unless they are there; call it locked."""
    if is_made():
        return
    base, part = tree.make(), IMAGES / "part"
    shutil.rmtree(part, ignore_errors=True)
    IMAGES.mkdir(parents=True, exist_ok=True)
    run("cp", "-a", str(base), str(part))
    packages.dress(part)
    packages.lend(part)
    _apt(part, "update")
    _apt(part, "install", *PACKAGES)
    packages.keep(part)
    # What the role base would make.
    user = [
        "--uid=1450",
        "--user-group",
        "--home-dir=/var/lib/metapipe",
        "--create-home",
        "--shell=/bin/bash",
        "galaxy",
    ]
    run("chroot", str(part), "useradd", *user)
    (part / "srv/metapipe").mkdir()
    for name in ("vmlinuz", "initrd.img"):
        shutil.copy(part / name, IMAGES / name)
    for path in [*(part / "boot").iterdir(), *part.glob("var/cache/apt/*.bin"), *part.glob("var/cache/apt/*/*.deb")]:
        if path.is_file():
            path.unlink()
    image = IMAGES / "disk.img"
    with image.open("wb") as file:
        file.truncate(DISK)
    run("mkfs.ext4", "-q", "-F", "-E", "nodiscard", "-d", str(part), str(image))
    shutil.rmtree(part)
    replace(_MADE_OF, " ".join(PACKAGES))


def is_made() -> bool:
    """Whether the image is there, and is what it would be made as."""
    return _MADE_OF.exists() and _MADE_OF.read_text() == " ".join(PACKAGES)


def _apt(root: Path, *words: str) -> None:
    """Run apt-get on a tree; its mounts are seen by it alone."""
    replace(root / "etc/resolv.conf", machines.name_servers())
    script = 'mount -t proc proc "$1/proc" && shift && exec chroot "$@"'
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", str(root), str(root)]
    command += ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y", "--no-install-recommends"]
    run(*command, *words)


def prepare(folder: Path) -> Emulated:
    """Give both machines their disks, names, addresses and keys.

    :param folder: new and empty.
    """
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "emulated", "-f", str(folder / "key"))
    head, worker = (Guest(name, f"10.213.0.{10 + k}", _free_port()) for k, name in enumerate(("head", "worker1"), 1))
    made = Emulated(folder, head, worker)
    keys = []
    for guest in made.guests:
        run("cp", "--sparse=always", str(IMAGES / "disk.img"), str(folder / f"{guest.name}.img"))
        with _mounted(folder, guest) as root:
            kind, key, *_ = machines.name_and_keys(root, guest.name, guest.address, folder / "key.pub").split()
            keys.append(f"{guest.name} {kind} {key}\n")
            replace(root / "etc/resolv.conf", f"nameserver {_NAMES}\n")
            _spare(root)
            _connect(root, guest, "host0" if guest is worker else "br0")
            if guest is head:
                _furnish_head(root)
    replace(folder / "known_hosts", "".join(keys))
    return made


def _spare(root: Path) -> None:
    """Leave out what costs an emulated processor seconds at every start or login, and what gives up on a slow one."""
    for name in _QUIET:
        link = root / "etc/systemd/system" / name
        link.unlink(missing_ok=True)
        link.symlink_to("/dev/null")
    replace(root / "etc/systemd/system.conf.d/emulated.conf", "[Manager]\nDefaultTimeoutStartSec=15min\n")
    session = root / "etc/pam.d/common-session"
    lines = session.read_text().splitlines(keepends=True)
    replace(session, "".join(line for line in lines if "pam_systemd.so" not in line))


def _connect(root: Path, guest: Guest, link: str) -> None:
    replace(
        root / "etc/systemd/network/20-address.network",
        f"[Match]\nName={link}\n\n[Network]\nAddress={guest.address}/24\nGateway={_GATEWAY}\n"
        "LinkLocalAddressing=no\nIPv6AcceptRA=no\n",
    )


def _furnish_head(root: Path) -> None:
    """A bridge that both machines are connected to, and the worker as a service."""
    etc = root / "etc/systemd"
    replace(etc / "network/10-bridge.netdev", "[NetDev]\nName=br0\nKind=bridge\n")
    replace(etc / "network/10-port.network", "[Match]\nName=eth0\n\n[Network]\nBridge=br0\n")
    replace(etc / "system/worker.service", _WORKER)
    (etc / "system/multi-user.target.wants/worker.service").symlink_to("/etc/systemd/system/worker.service")
    (root / "var/lib/worker").mkdir()
    replace(root / "etc/fstab", "/dev/vdb /var/lib/worker ext4 noatime,x-systemd.device-timeout=0 0 0\n")


@contextmanager
def _mounted(folder: Path, guest: Guest) -> Iterator[Path]:
    root = folder / "root"
    root.mkdir(exist_ok=True)
    run("mount", "-o", "loop,noatime", str(folder / f"{guest.name}.img"), str(root))
    try:
        yield root
    finally:
        run("umount", str(root))


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@contextmanager
def running(made: Emulated) -> Iterator[None]:
    """Both machines run and answer as long as the block does; QEMU ends with us, however we end."""
    forwards = ",".join(f"hostfwd=tcp:127.0.0.1:{one.port}-{one.address}:22" for one in made.guests)
    command = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-machine", "q35"]
    command += ["-accel", "tcg,thread=multi", "-m", str(MEMORY_MB), "-smp", str(CORES)]
    command += ["-kernel", str(IMAGES / "vmlinuz"), "-initrd", str(IMAGES / "initrd.img")]
    command += ["-append", "root=/dev/vda rw console=ttyS0 net.ifnames=0 quiet systemd.show_status=error"]
    for guest in made.guests:
        command += ["-drive", f"file={made.folder / guest.name}.img,format=raw,if=virtio,cache=unsafe"]
    command += ["-netdev", f"user,id=net,net={_NET},host={_GATEWAY},dns={_NAMES},{forwards}"]
    command += ["-device", "virtio-net-pci,netdev=net", "-device", "virtio-rng-pci"]
    command += ["-serial", f"file:{made.folder / 'console.log'}"]
    with (
        (made.folder / "qemu.log").open("w") as log,
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", preexec_fn=_end_with_parent
        ) as qemu,
    ):
        try:
            made.wait(qemu)
            yield
            made.run(made.head, "systemctl poweroff", check=False)
            qemu.wait(STOPS)
        except subprocess.TimeoutExpired:
            pass
        finally:
            qemu.terminate()


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    os.setpgid(0, 0)
