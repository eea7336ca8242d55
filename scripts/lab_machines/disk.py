"""A machine's disk: an image of its own over the one tree of Debian, so that a lab is made and gone in seconds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab_machines import tree
from lab_machines.network import run
from lab_machines.place import Lab, Machine

#: Mounts the disk in the folder ``$1`` and, over the tree ``$2``, what the machine sees.
MOUNT = (
    'mount -o loop,noatime "$1/disk.img" "$1/disk" && mkdir -p "$1/disk/upper" "$1/disk/work" && mount -t overlay'
    ' -o "lowerdir=$2,upperdir=$1/disk/upper,workdir=$1/disk/work" overlay "$1/root"'
)


def make(lab: Lab, machine: Machine, gigabytes: int) -> None:
    """An empty disk; what nobody writes takes no room."""
    folder = lab.folder_of(machine)
    for name in ("disk", "root"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    image = folder / "disk.img"
    image.unlink(missing_ok=True)
    with image.open("wb") as file:
        file.truncate(gigabytes << 30)
    run("mkfs.ext4", "-q", "-E", "nodiscard", str(image))


@contextmanager
def mounted(lab: Lab, machine: Machine) -> Iterator[Path]:
    """What a machine that is off has on its disk: its tree."""
    folder = lab.folder_of(machine)
    run("sh", "-c", MOUNT, "sh", str(folder), str(tree.BASE))
    try:
        yield folder / "root"
    finally:
        run("umount", str(folder / "root"))
        run("umount", str(folder / "disk"))
