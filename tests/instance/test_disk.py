"""A disk that is full, or nearly: one line with E501 from every command, never a traceback."""

import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest

from metapipe.errors import MetapipeError
from metapipe.instance.local import health, starting
from metapipe.instance.local.settings import Settings

# Where no file can grow, the kernel answers each write as a full disk does.
WITHOUT_ROOM = "import resource, runpy; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); "
COMMAND = "runpy.run_module('metapipe.commands.galaxy', run_name='__main__')"


@pytest.mark.parametrize("words", [("up", "--port", "8080"), ("restart",)])
def test_where_nothing_can_be_written_every_command_says_so_in_one_line(
    instance: Settings, environ: dict[str, str], words: tuple[str, ...]
) -> None:
    instance.config.mkdir(parents=True)
    command = [sys.executable, "-c", WITHOUT_ROOM + COMMAND, words[0], "--state", str(instance.state), *words[1:]]
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert ended.returncode == 73, ended.stderr
    assert ended.stderr.startswith("METAPIPE-E501 File too large: " + str(instance.state))
    assert ended.stderr.count("\n") == 1


def free(monkeypatch: pytest.MonkeyPatch, megabytes: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=megabytes << 20))


def test_nothing_is_started_on_a_full_disk(instance: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    free(monkeypatch, 1)
    monkeypatch.setattr(starting, "_check_environments", lambda _: None)
    with pytest.raises(MetapipeError, match=r"METAPIPE-E501 .* 1 MB are free .* 64 MB are needed"):
        starting.up(instance, print)
    assert not instance.state.exists()


def test_a_disk_that_is_nearly_full_is_named(instance: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    free(monkeypatch, 120)
    (fault,) = health.examine(instance).faults
    assert str(fault).startswith("METAPIPE-E501 only 120 MB are free where Galaxy keeps its data; make room in ")
    assert health.disk(instance) == fault  # what `up` says, too
