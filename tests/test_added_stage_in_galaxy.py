"""The tool and the flavour of docs/how-to-add-a-*.md in a real Galaxy: its own tests, run as jobs.

A second, small instance, started from the copy of the repository in which the page was followed: the first one's tools
are compared with those of this checkout.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.request
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from how_to_document import BUILD, FLAVOUR_PAGE, PAGE, Copy, deeds_of
from metapipe.galaxy.connection import Account, connect
from metapipe.galaxy.tool_tests import DeclaredTool

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Galaxy's template engine still imports cgi
    import galaxy.tool_util.parser  # noqa: F401

pytestmark = [pytest.mark.galaxy, pytest.mark.own_galaxy, pytest.mark.timeout(600)]


@dataclass(frozen=True)
class Instance:
    """A Galaxy in which the page was followed, and a package beside it with a stage and a tool of its own."""

    copy: Copy
    state: Path
    own_tools: Path

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """``scripts/galaxy``, without looking for what is to be installed."""
        environment = {**self.copy.environment(), "METAPIPE_HOME": str(self.copy.home)}
        argv = [str(BUILD / "envs/metapipe/bin/python"), "-s", "-m", "metapipe.commands.galaxy", *words]
        return subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)


def package_with_a_tool(copy: Copy) -> tuple[list[Path], Path]:
    """Install the page's package; return where its modules are, and a folder with a tool for its stage."""
    package, site = copy.home.parent / "sea-stages", copy.home.parent / "site"
    site.mkdir()
    code = f"from setuptools import build_meta; build_meta.prepare_metadata_for_build_wheel({str(site)!r})"
    subprocess.run([sys.executable, "-c", code], cwd=package, capture_output=True, check=True)
    suite, tools = copy.home / "tools/metapipe", package / "tools"
    (tools / "test-data").mkdir(parents=True)
    for macros in suite.glob("*macros.xml"):
        shutil.copy2(macros, tools)
    text = (suite / "metapipe_measure_contigs.xml").read_text()
    for old in ("metapipe_measure_contigs", "metapipe measure_contigs", 'text="measure_contigs"', "contigs.fasta.gz"):
        assert old in text
        text = text.replace(old, old.replace("measure_contigs", "measure_our_contigs").replace("contigs.f", "own.f"))
    (tools / "measure_our_contigs.xml").write_text(text)
    shutil.copy2(copy.home / "test-data/contigs.fasta.gz", tools / "test-data/own.fasta.gz")
    return [site, package / "src"], tools


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    folder = tmp_path_factory.mktemp("added-stage")
    copy = Copy.make(folder / "metapipe", PAGE, FLAVOUR_PAGE)
    modules, tools = package_with_a_tool(copy)
    environments = copy.home / ".build/envs"
    (environments / "galaxy").symlink_to(BUILD / "envs/galaxy")
    program = environments / "metapipe/bin/metapipe"
    program.parent.mkdir(parents=True)
    # The jobs' `metapipe` with the copy's package and the other one: what two installations would make of it.
    path = os.pathsep.join(map(str, [copy.home / "src", *modules]))
    # Galaxy's jobs call the one, what `up` offers in the background is brought by the other.
    for name in ("metapipe", "python"):
        program = program.with_name(name)
        program.write_text(f'#!/bin/sh\nPYTHONPATH={path} exec {BUILD}/envs/metapipe/bin/{name} "$@"\n')
        program.chmod(0o755)
    made = Instance(copy, folder / "state", tools)
    try:
        refdb = str(copy.home / "test-data/refdb")
        words = ["--refdb", refdb, "--tools", str(tools), "--slots", "1", "--flavour", "sea", "--no-examples"]
        up = made.command("up", "--state", str(made.state), *words)
        assert up.returncode == 0, up.stderr
        yield made
    finally:
        down = made.command("down", "--state", str(made.state))
        assert down.returncode == 0, down.stderr


def test_the_tools_tests_pass_as_the_page_shows(instance: Instance) -> None:
    (typed,) = deeds_of("run", "in Galaxy")
    wrong = instance.copy.type(typed, METAPIPE_GALAXY_STATE=str(instance.state))
    assert not wrong, "\n".join(wrong)


def test_a_flavour_of_ones_own_has_its_tool_galaxys_tool_and_its_welcome_page(instance: Instance) -> None:
    (typed,) = deeds_of("run", "in Galaxy", page=FLAVOUR_PAGE)
    wrong = instance.copy.type(typed, METAPIPE_GALAXY_STATE=str(instance.state))
    assert not wrong, "\n".join(wrong)
    account = Account.read(instance.state)
    tools = {tool["id"]: tool["panel_section_name"] for tool in connect(account).tools.get_tools()}
    assert tools["sea_count_sequences"] == "Sea course"
    assert tools["Grouping1"] == "Statistics"
    assert tools["metapipe_annotate"] == "META-pipe"
    assert "biomas_assign_taxa" not in tools
    with urllib.request.urlopen(f"{account.url}/static_local/index.html", timeout=60) as page:
        assert "Welcome to the sea course" in page.read().decode()


def test_a_tool_of_ones_own_package_is_offered_and_passes_its_tests(instance: Instance) -> None:
    environment = {**instance.copy.environment(), "METAPIPE_GALAXY_STATE": str(instance.state)}
    ran = subprocess.run(
        ["scripts/galaxy-tests", "--tools", str(instance.own_tools)],
        cwd=instance.copy.home,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout.splitlines()[-1] == "3 passed, 0 failed", ran.stdout + ran.stderr
    assert "metapipe_measure_our_contigs" in ran.stdout


def test_planemo_tests_a_tool_of_ones_own_in_another_folder(instance: Instance, tmp_path: Path) -> None:
    report, tool = tmp_path / "tests.json", instance.own_tools / "measure_our_contigs.xml"
    environment = {
        **instance.copy.environment(),
        "METAPIPE_HOME": str(instance.copy.home),
        "METAPIPE_BUILD": str(instance.copy.home / ".build"),
        "METAPIPE_GALAXY_STATE": str(instance.state),
    }
    # What scripts/planemo calls once everything is installed.
    argv = [
        sys.executable,
        "-m",
        "metapipe.commands.planemo",
        "test",
        "--test_output_json",
        str(report),
        str(tool),
    ]
    ran = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "restart" not in ran.stderr, "the instance that offers these tools already is used as it is"
    tests = {test["id"]: test["data"]["status"] for test in json.loads(report.read_text())["tests"]}
    declared = DeclaredTool.read(tool)
    assert tests == {f"{declared.tool_id}-{index}": "success" for index in range(len(declared.tests))}
