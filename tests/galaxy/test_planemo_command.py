"""What ``scripts/planemo`` makes of a command line, without a Galaxy."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from metapipe.commands.planemo import own_tools, skip_list, write_configuration
from metapipe.errors import MetapipeError

ROOT = Path(__file__).resolve().parents[2]
PLANEMO = Path(sys.executable).parent / "planemo"


def planemo(*words: str, command: Path = ROOT / "scripts/planemo", folder: Path = ROOT) -> tuple[int, str]:
    argv = [str(command), *words]
    done = subprocess.run(argv, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


def test_tools_of_another_folder_are_to_be_offered_and_those_of_the_checkout_are_already(tmp_path: Path) -> None:
    (tmp_path / "mine.xml").write_text("<tool/>")
    (tmp_path / "empty").mkdir()
    ours = ["--test_index", "1", str(ROOT / "tools/metapipe/metapipe_assemble.xml"), str(ROOT / "workflows")]
    assert own_tools(ours, ROOT) is None
    assert own_tools([*ours, str(tmp_path / "empty")], ROOT) is None
    assert own_tools([*ours, str(tmp_path / "mine.xml")], ROOT) == tmp_path
    assert own_tools([str(tmp_path)], ROOT) == tmp_path
    other = tmp_path / "empty/other.xml"
    other.write_text("<tool/>")
    with pytest.raises(MetapipeError, match="METAPIPE-E701 tools of your own, expected those of one folder at a time"):
        own_tools([str(tmp_path / "mine.xml"), str(other)], ROOT)


def test_a_tool_is_linted_with_the_list_of_its_own_suite(tmp_path: Path) -> None:
    for suite in ("metapipe", "biomas"):
        tool = next((ROOT / "tools" / suite).glob(f"{suite}_*.xml"))
        assert skip_list(["--fail_level", "warn", str(tool)]) == tool.parent / ".lint_skip"
        assert skip_list([str(tool.parent)]) == tool.parent / ".lint_skip"
    assert skip_list([str(ROOT / "tools/metapipe"), str(ROOT / "tools/biomas")]) is None
    (tmp_path / "mine.xml").write_text("<tool/>")
    assert skip_list([str(tmp_path / "mine.xml")]) is None


def test_planemos_lint_of_one_tool_is_clean_with_planemos_own_report_and_exit_code(tmp_path: Path) -> None:
    code, words = planemo("lint", "tools/biomas/biomas_map_pairs.xml")
    assert (code, "Linting tool" in words) == (0, True), words
    (tmp_path / "mine.xml").write_text('<tool id="mine" name="Mine" version="1"><outputs/></tool>')
    code, words = planemo("lint", "mine.xml", folder=tmp_path)
    assert (code != 0, "Linting tool" in words) == (True, True), words


def test_help_is_planemos_own_beside_that_of_the_command() -> None:
    code, words = planemo("--help")
    assert (code, "scripts/planemo up" in words) == (0, True)
    code, words = planemo("test", "--help")
    assert (code, "--galaxy_url" in words, "Galaxy is ready" in words) == (0, True, False)


def test_plain_planemo_without_the_galaxy_for_tests_ends_by_saying_what_to_do(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PLANEMO_")}
    argv = [PLANEMO, "--config", ".planemo.yml", "--directory", tmp_path, "test", "--test_output", tmp_path / "t.html"]
    argv += ["--test_output_json", tmp_path / "t.json", "tools/metapipe/metapipe_filter_contigs.xml"]
    done = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "use scripts/planemo in place of planemo" in done.stderr.strip().splitlines()[-1]


def test_the_configuration_for_plain_planemo_has_the_galaxy_in_place_of_advice_and_is_private(tmp_path: Path) -> None:
    known = {
        "PLANEMO_GALAXY_URL": "http://127.0.0.1:1",
        "PLANEMO_GALAXY_USER_KEY": "u",
        "PLANEMO_GALAXY_ADMIN_KEY": "a",
    }
    file = write_configuration(known, ROOT, tmp_path)
    written, ours = yaml.safe_load(file.read_text()), yaml.safe_load((ROOT / ".planemo.yml").read_text())
    assert written["default_galaxy_url"] == "http://127.0.0.1:1"
    assert (written["default_galaxy_user_key"], written["default_galaxy_admin_key"]) == ("u", "a")
    assert written["default_engine"] == ours["default_engine"]
    assert file.stat().st_mode & 0o777 == 0o600
