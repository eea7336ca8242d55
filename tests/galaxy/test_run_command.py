"""The command line behind scripts/run, as far as it goes without a Galaxy."""

import subprocess
import sys
from pathlib import Path

import pytest

from metapipe.commands.run import main

WORKFLOW = """\
class: GalaxyWorkflow
label: W
inputs: {Reads: {type: collection}}
steps: {}
"""


@pytest.fixture
def reads(tmp_path: Path) -> Path:
    folder = tmp_path / "reads"
    folder.mkdir()
    for mate in "12":
        (folder / f"sea_{mate}.fq").write_text("@r\nACGT\n+\nIIII\n")
    return folder


def test_help_and_check_work_before_anything_is_installed(reads: Path) -> None:
    blocked = "import sys; sys.modules.update(bioblend=None, yaml=None, pydantic=None); "
    for arguments in (["--help"], ["--check", "--input", str(reads)]):
        call = f"{blocked}from metapipe.commands.run import main; sys.exit(main({arguments!r}))"
        subprocess.run([sys.executable, "-c", call], check=True, capture_output=True)


def test_check_refuses_unpaired_reads_in_one_line(reads: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (reads / "sea_2.fq").unlink()
    assert main(["--check", "--input", str(reads)]) == 65
    captured = capsys.readouterr()
    assert captured.err == "METAPIPE-E106 sea_1.fq: its mate is missing, expected sea_2.fq next to it\n"
    assert captured.out == ""


@pytest.mark.parametrize("length", ["-1", "many", "1.5"])
def test_a_contig_length_that_is_none_is_refused(length: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--check", "--min-contig-length", length])
    assert "--min-contig-length" in capsys.readouterr().err


def test_without_a_galaxy_the_user_is_told_how_to_start_one(
    reads: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workflow = tmp_path / "x.gxwf.yml"
    workflow.write_text(WORKFLOW)
    arguments = ["--input", str(reads), "--state", str(tmp_path), "--workflow", str(workflow)]
    assert main(arguments) == 69
    assert capsys.readouterr().err.startswith("METAPIPE-E305 no Galaxy was started here")


def test_the_first_word_names_the_workflow(reads: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["biomas", "--check", "--input", str(reads)]) == 0
    assert capsys.readouterr().out == "database ssu-refseq:2026-09\n"
    assert main(["metapipe", "--check"]) == main(["--check"]) == 0
    assert capsys.readouterr().out == 2 * "demo\ndatabase ec-proteins-heldout:1\ndatabase pfam-gecco:35.0\n"


@pytest.mark.parametrize("option", ["--q=1.5", "--min-size=0", "--upper-identity=101", "--merger=pear"])
def test_an_option_of_biomas_with_a_wrong_value_is_refused(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["biomas", "--check", option])
    assert option.partition("=")[0] in capsys.readouterr().err
