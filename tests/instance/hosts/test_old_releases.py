"""Which releases a host keeps: the tasks of the role, played on a folder of this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from machines_for_tests import DEPLOY, HOME, Played

#: Says that it runs, and goes on until its input ends.
WAIT = "import sys; print('runs', flush=True); sys.stdin.read()"


@dataclass(frozen=True)
class Host:
    """A folder that is a host's: ``releases``, ``current`` and ``previous`` in ``root``."""

    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "metapipe"

    def release(self, digest: str) -> Path:
        return self.root / "releases" / digest

    @property
    def releases(self) -> list[str]:
        return sorted(path.name for path in (self.root / "releases").iterdir())

    def unpack(self, digest: str) -> None:
        source = self.release(digest) / "src"
        source.mkdir(parents=True)
        (source / "stage.py").write_text("")
        (self.release(digest) / ".complete").write_text(f"{digest}\n")

    def point(self, digest: str) -> list[str]:
        """Play what the role does once a release is there; return the names of the tasks that changed something."""
        progress, playbook = self.folder / "progress.jsonl", self.folder / "play.yml"
        progress.unlink(missing_ok=True)
        task = {"ansible.builtin.include_role": {"name": "environments", "tasks_from": "current"}}
        playbook.write_text(json.dumps([{"hosts": "all", "tasks": [task]}]))
        told = {
            "ansible_connection": "local",
            "ansible_become": False,
            "ansible_python_interpreter": sys.executable,
            "instance_root": str(self.root),
            "instance_suite_digest": digest,
        }
        done = subprocess.run(
            [str(DEPLOY / "ansible-playbook"), "-i", "here,", "-e", json.dumps(told), str(playbook)],
            env={
                **os.environ,
                "ANSIBLE_CONFIG": str(HOME / "instance" / "ansible" / "ansible.cfg"),
                "ANSIBLE_HOME": str(self.folder / "ansible"),
                "METAPIPE_PROGRESS": str(progress),
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        played = Played(done.returncode, [json.loads(line) for line in progress.read_text().splitlines()])
        return [task for _, task, _ in played.of("changed")]


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = Host(tmp_path)
    for digest in ("a1", "b2", "c3"):
        host.unpack(digest)
    (host.root / "current").symlink_to(host.release("b2"))
    return host


@contextmanager
def running(*words: str, cwd: Path | None = None, **environ: str) -> Iterator[None]:
    """A process that runs as long as the block does."""
    with subprocess.Popen(
        [sys.executable, "-c", WAIT, *words],
        cwd=cwd,
        env={**os.environ, **environ},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "runs\n"
        yield
        process.communicate()


def test_the_release_in_use_and_the_one_before_are_kept_and_a_second_run_changes_nothing(host: Host) -> None:
    assert host.point("c3") == [
        "Point to the release before this one",
        "Point to this release",
        "Note that they are not complete any longer",
        "Remove the releases that nothing needs any longer",
    ]
    assert host.releases == ["b2", "c3"]
    assert [(host.root / link).resolve().name for link in ("current", "previous")] == ["c3", "b2"]
    assert host.point("c3") == []
    assert host.point("b2") == ["Point to the release before this one", "Point to this release"]
    assert host.releases == ["b2", "c3"]


def test_a_release_stays_while_a_process_runs_from_it_and_goes_with_the_next_run(host: Host) -> None:
    for digest in ("d4", "e5", "f6"):
        host.unpack(digest)
    with ExitStack() as jobs:
        jobs.enter_context(running(cwd=host.release("a1") / "src"))
        jobs.enter_context(running(METAPIPE_HOME=str(host.release("d4"))))
        jobs.enter_context(running(str(host.release("e5") / "src" / "stage.py")))
        stage = jobs.enter_context((host.release("f6") / "src" / "stage.py").open())
        host.point("c3")
        assert host.releases == ["a1", "b2", "c3", "d4", "e5", "f6"]
        stage.close()
        host.point("c3")
        assert host.releases == ["a1", "b2", "c3", "d4", "e5"]
    assert host.point("c3") == [
        "Note that they are not complete any longer",
        "Remove the releases that nothing needs any longer",
    ]
    assert host.releases == ["b2", "c3"]


def test_the_first_release_of_a_host_has_none_before_it(host: Host) -> None:
    (host.root / "current").unlink()
    host.point("c3")
    assert host.releases == ["c3"]
    assert not (host.root / "previous").is_symlink()


def test_what_is_left_of_an_unpacking_that_was_cut_short_is_removed(host: Host) -> None:
    (host.release("a1") / ".complete").unlink()
    host.point("c3")
    assert host.releases == ["b2", "c3"]
