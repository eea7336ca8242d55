"""Limits of control groups: made-up trees of both versions, and a real group where one can be made."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from metapipe import machine

GIB = 1 << 30


class Tree:
    """A made-up ``/proc`` and ``/sys/fs/cgroup`` in a folder."""

    def __init__(self, folder: Path) -> None:
        self.proc, self.sys = folder / "proc", folder / "sys"
        (self.proc / "self").mkdir(parents=True)

    def belongs(self, *groups: str) -> None:
        (self.proc / "self" / "cgroup").write_text("".join(f"{group}\n" for group in groups))

    def mounted(self, *mounts: tuple[str, str, str, str]) -> None:
        """Mounts as top, folder below ``sys``, type and options."""
        lines = [
            f"3{number} 23 0:2{number} {top} {self.as_kernel(place)} rw - {kind} {kind} {options}\n"
            for number, (top, place, kind, options) in enumerate(mounts)
        ]
        (self.proc / "self" / "mountinfo").write_text("22 1 0:1 / / rw - ext4 /dev/vda rw\n" + "".join(lines))

    def as_kernel(self, place: str) -> str:
        return str(self.sys / place).replace(" ", "\\040")

    def says(self, file: str, text: str) -> None:
        path = self.sys / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


@pytest.fixture(autouse=True)
def eight_cores_and_64_gib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    monkeypatch.setattr(os, "sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 64 * GIB // 4096}.__getitem__)


def test_without_control_groups_the_whole_machine_counts(tree: Tree) -> None:
    assert (machine.cores(tree.proc), machine.memory_mb(tree.proc)) == (8, 65536)


def test_the_limit_of_a_systemd_unit_counts_though_the_root_has_none(tree: Tree) -> None:
    tree.belongs("0::/system.slice/galaxy.service")
    tree.mounted(("/", "cgroup", "cgroup2", "rw"))
    tree.says("cgroup/system.slice/galaxy.service/memory.max", str(4 * GIB))
    tree.says("cgroup/system.slice/galaxy.service/cpu.max", "250000 100000")
    assert (machine.cores(tree.proc), machine.memory_mb(tree.proc)) == (3, 4096)


def test_the_narrowest_group_above_counts(tree: Tree) -> None:
    tree.belongs("0::/a/b/c")
    tree.mounted(("/", "cgroup", "cgroup2", "rw"))
    tree.says("cgroup/a/b/c/memory.max", "max")
    tree.says("cgroup/a/b/memory.high", str(3 * GIB))
    tree.says("cgroup/a/memory.max", str(9 * GIB))
    tree.says("cgroup/a/b/c/cpu.max", "400000 100000")
    tree.says("cgroup/a/cpu.max", "200000 100000")
    assert (machine.cores(tree.proc), machine.memory_mb(tree.proc)) == (2, 3072)


def test_the_limit_of_a_slurm_job_of_version_1_counts(tree: Tree) -> None:
    job = "slurm/uid_1000/job_7/step_batch"
    tree.belongs(f"4:memory:/{job}", f"3:cpu,cpuacct:/{job}", "0::/")
    tree.mounted(
        ("/", "memory", "cgroup", "rw,memory"),
        ("/", "cpu", "cgroup", "rw,cpu,cpuacct"),
        ("/", "unified", "cgroup2", "rw"),
    )
    tree.says("memory/memory.limit_in_bytes", "9223372036854771712")
    tree.says("memory/slurm/uid_1000/job_7/memory.limit_in_bytes", str(2 * GIB))
    tree.says(f"memory/{job}/memory.limit_in_bytes", "9223372036854771712")
    tree.says(f"cpu/{job}/cpu.cfs_quota_us", "-1")
    tree.says(f"cpu/{job}/cpu.cfs_period_us", "100000")
    tree.says("cpu/slurm/uid_1000/cpu.cfs_quota_us", "50000")
    tree.says("cpu/slurm/uid_1000/cpu.cfs_period_us", "100000")
    assert (machine.cores(tree.proc), machine.memory_mb(tree.proc)) == (1, 2048)


def test_a_container_sees_the_limit_of_what_is_mounted_in_it(tree: Tree) -> None:
    tree.belongs("4:memory:/docker/abc", "0::/../../elsewhere")
    tree.mounted(("/docker/abc", "mem ory", "cgroup", "rw,memory"), ("/../..", "cgroup", "cgroup2", "rw"))
    tree.says("mem ory/memory.limit_in_bytes", str(GIB))
    tree.says("cgroup/cpu.max", "100000 100000")
    assert (machine.cores(tree.proc), machine.memory_mb(tree.proc)) == (1, 1024)


@pytest.mark.parametrize("text", ["", "max", "max 100000", "0 0", "x y", "100000"])
def test_what_is_no_limit_is_none(tree: Tree, text: str) -> None:
    tree.belongs("0::/a", "nonsense", "")
    tree.mounted(("/", "cgroup", "cgroup2", "rw"))
    tree.says("cgroup/a/cpu.max", text)
    tree.says("cgroup/a/memory.max", text if text != "100000" else "max")
    assert (machine.cores(tree.proc), machine.memory_mb(tree.proc)) == (8, 65536)


def test_a_real_control_group_limits_what_a_process_finds() -> None:
    """Where this process may make no group (not root, or a container), it finds what its own allow."""
    ask = "from metapipe import machine; print(machine.memory_mb(), machine.cores())"
    group = next(iter(machine._groups(Path("/proc"), "memory")), None)
    inner = group / f"metapipe-test-{os.getpid()}" if group is not None else None
    limits = [inner / name for name in ("memory.limit_in_bytes", "memory.max")] if inner is not None else []
    try:
        if inner is not None:
            inner.mkdir()
        limit = next(file for file in limits if file.exists())
        limit.write_text(str(300 << 20))
        expected = 300
    except (OSError, StopIteration):
        expected, inner = None, None if inner is None or not inner.exists() else inner
    try:
        enter = f"open({str(inner / 'cgroup.procs')!r}, 'w').write('0'); " if expected and inner is not None else ""
        found = subprocess.run([sys.executable, "-c", enter + ask], capture_output=True, text=True, check=True)
        memory, cores = map(int, found.stdout.split())
        assert memory == expected or (expected is None and memory > 0)
        assert cores >= 1
    finally:
        if inner is not None:
            inner.rmdir()
