"""A Galaxy from a request on this machine: made, verified, changed, taken away, as an operator does it."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from metapipe.instance.local import examples

CHECKOUT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("METAPIPE_BUILD") or CHECKOUT / ".build")
NAME = "from-a-request"
REQUEST = f"""\
name: {NAME}
flavour: {{flavour}}
target: here
size: {{{{memory_gb: 8, jobs: 1}}}}
admin: admin@lab.example
databases: []
open: {{{{accounts: [{{accounts}}]}}}}
"""
pytestmark = [pytest.mark.galaxy, pytest.mark.own_galaxy, pytest.mark.timeout(1800)]


def instance(*words: str, fails: bool = False) -> str:
    """Run the command as an operator types it; return what it said."""
    done = run(*words, fails=fails)
    return done.stdout + done.stderr


def told(*words: str, fails: bool = False) -> dict[str, Any]:
    """Return what the command tells programs: on standard output alone, for beside it people are spoken to."""
    found: dict[str, Any] = json.loads(run(*words, "--json", fails=fails).stdout)
    return found


def run(*words: str, fails: bool) -> subprocess.CompletedProcess[str]:
    command = [str(CHECKOUT / "scripts" / "metapipe"), "instance", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert bool(done.returncode) == fails, done.stdout + done.stderr
    return done


def test_a_request_becomes_a_galaxy_that_is_verified_changed_and_gone(tmp_path: Path) -> None:
    request = tmp_path / "request.yml"
    request.write_text(REQUEST.format(flavour="mmg", accounts="ada@lab.example"))
    folder = BUILD / "instances" / NAME
    try:
        assert f"{NAME} is ready at http://127.0.0.1:" in instance("up", str(request))
        state = told("status", NAME)
        assert (state["state"], state["faults"]) == ("up", [])

        said = instance("credentials", NAME, "--show-passwords")
        passwords = {line.split()[1].rstrip(","): line.split()[-1] for line in said.splitlines()[1:]}
        assert passwords.keys() == {"admin@lab.example", "ada@lab.example"}
        assert len(set(passwords.values())) == 2
        assert min(map(len, passwords.values())) >= 20

        said = instance("verify", NAME)
        for example in examples.known(CHECKOUT):
            assert f"{example.workflow}: {len(example.known_results())} results, all of them the known bytes" in said
        assert "not run" not in said

        assert "nothing would change" in instance("plan", str(request))
        request.write_text(REQUEST.format(flavour="biomas", accounts="ada@lab.example, bob@lab.example"))
        assert "flavour: mmg becomes biomas" in instance("plan", str(request))
        instance("up", str(request))
        assert "bob@lab.example" in instance("credentials", NAME)
        assert told("plan", NAME)["tools"] == 11

        instance("down", NAME, "--keep-data")
        assert told("status", NAME, fails=True)["state"] == "down"
    finally:
        if folder.exists():
            instance("down", NAME, "--yes")
    assert not folder.exists()
