"""A lab made for these tests alone: it needs root, and what `scripts/lab` needs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import pytest

from machines_for_tests import Ansible, Machines, ansible_in, lab


@pytest.fixture(scope="session")
def machines() -> Iterator[Machines]:
    """A head and a worker."""
    name = f"tests-{os.getpid()}"
    try:
        lab("up", "2", "--name", name)
        yield Machines(json.loads(lab("status", "--json"))[name])
    finally:
        lab("down", "--name", name)


@pytest.fixture(scope="session")
def ansible(machines: Machines, tmp_path_factory: pytest.TempPathFactory) -> Ansible:
    return ansible_in(tmp_path_factory.mktemp("ansible"), machines)
