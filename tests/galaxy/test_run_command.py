"""The command line behind scripts/run, as far as it goes without a Galaxy."""

import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest

from metapipe.commands import galaxy
from metapipe.commands.run import HELP_WAS_SHOWN, main
from metapipe.demo.thinned import thin_reads
from metapipe.galaxy.pipelines import PIPELINES
from metapipe.galaxy.workflow import Workflow
from metapipe.refdb.builders import install

ROOT = Path(__file__).resolve().parents[2]


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


def test_a_check_says_nothing_and_tells_help_from_a_run(reads: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--input", str(reads), "--check"]) == 0
    assert main(["biomas", "--input", str(reads), "--check"]) == 0
    assert capsys.readouterr() == ("", "")
    assert main(["biomas", "--help", "--check"]) == HELP_WAS_SHOWN
    assert capsys.readouterr().out.startswith("usage: scripts/run biomas ")


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
    assert main(["--input", str(reads), "--state", str(tmp_path)]) == 69
    assert capsys.readouterr().err.startswith("METAPIPE-E305 no Galaxy was started here")


def test_the_table_of_pipelines_is_that_of_the_workflows_and_their_inputs() -> None:
    described = {pipeline.workflow_file(ROOT): pipeline for pipeline in PIPELINES.values()}
    assert set(described) == set((ROOT / "workflows").glob("*/*.gxwf.yml"))
    for file, pipeline in described.items():
        assert set(pipeline.parameters.values()) <= set(Workflow.read(file).inputs)
        assert {*pipeline.databases, *pipeline.defaults, *pipeline.demo} <= set(pipeline.parameters)
        workflow = Workflow.read(file)
        taken = workflow.inputs[workflow.reads_label]["collection_type"]
        assert pipeline.takes_single == (taken == "list:paired_or_unpaired")


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """What the command does before it talks to Galaxy, in order; no database is made and no Galaxy started."""
    seen: list[str] = []

    def bring_up(words: list[str]) -> int:
        seen.append(" ".join(words))
        return 75

    monkeypatch.setattr(install, "install", lambda name, say: seen.append(f"database {name}"))
    monkeypatch.setattr(galaxy, "main", bring_up)
    monkeypatch.setenv("METAPIPE_BUILD", str(tmp_path / "build"))
    for name in ("METAPIPE_REFDB", "METAPIPE_DOWNLOADS", "METAPIPE_GALAXY_STATE"):
        monkeypatch.setenv(name, "")
    return seen


def test_databases_come_before_galaxy_and_what_galaxy_says_ends_it(
    done: list[str], reads: Path, tmp_path: Path
) -> None:
    assert main(["--input", str(reads)]) == 75
    up = f"up --state {tmp_path}/build/galaxy"
    assert done == ["database ec-proteins:1", "database pfam-gecco:35.0", "database marine-reads:1", up]
    assert os.environ["METAPIPE_REFDB"] == f"{tmp_path}/build/refdb"


def test_the_first_word_names_the_pipeline(done: list[str], reads: Path) -> None:
    for words in (["biomas"], ["metapipe", "--protein-database", "mine:2"]):
        assert main([*words, "--input", str(reads)]) == 75
    databases = [line for line in done if line.startswith("database")]
    assert databases == [
        "database ssu-prokaryotes:2026-09",
        "database mine:2",
        "database pfam-gecco:35.0",
        "database marine-reads:1",
    ]


def test_the_demo_of_biomas_is_a_quarter_of_the_mock_community_made_once(done: list[str], tmp_path: Path) -> None:
    assert main(["biomas"]) == 75
    made = [tmp_path / f"build/demo-biomas/amplicon/mock_{mate}.fastq.gz" for mate in "12"]
    before = [(path.read_bytes(), path.stat().st_mtime_ns) for path in made]
    for mate, (content, _) in zip("12", before, strict=True):
        lines = gzip.decompress((ROOT / f"test-data/amplicon/mock_{mate}.fastq.gz").read_bytes()).splitlines(True)
        quarter = [line for number, line in enumerate(lines) if number // 4 % 4 == 0]
        assert gzip.decompress(content) == b"".join(quarter)
    assert main(["biomas"]) == 75
    assert [(path.read_bytes(), path.stat().st_mtime_ns) for path in made] == before
    assert len(done) == 4


@pytest.mark.parametrize("count", [0, 1, 4, 5])
def test_thinned_reads_keep_the_first_of_every_so_many(count: int, tmp_path: Path) -> None:
    records = [f"@r{number}\nACGT\n+\nIIII\n".encode() for number in range(count)]
    (tmp_path / "all.gz").write_bytes(gzip.compress(b"".join(records)))
    thin_reads(tmp_path / "all.gz", tmp_path / "new/some.gz", 4)
    assert gzip.decompress((tmp_path / "new/some.gz").read_bytes()) == b"".join(records[::4])
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["some.gz"]


def in_a_shell(*words: str | Path, build: Path) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, "METAPIPE_BUILD": str(build)}
    return subprocess.run(
        [ROOT / "scripts/run", *words], env=variables, capture_output=True, text=True, check=False, cwd=ROOT
    )


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--input", "/there/is/no-such"], 66, "METAPIPE-E201 no-such: no such folder, expected a folder with"),
        (["biomas", "--input", "/there/is/no-such"], 66, "METAPIPE-E201 no-such: no such folder, expected a folder"),
        (["--min-contig-length", "many"], 2, "invalid whole number from 0 value: 'many'"),
    ],
)
def test_what_is_misspelt_is_refused_before_anything_is_installed(
    words: list[str], code: int, said: str, tmp_path: Path
) -> None:
    ran = in_a_shell(*words, build=tmp_path / "build")
    assert (ran.returncode, ran.stdout) == (code, "")
    assert said in ran.stderr
    assert not (tmp_path / "build").exists()


def test_a_blank_in_the_path_of_the_build_folder_is_refused(tmp_path: Path) -> None:
    ran = in_a_shell(build=tmp_path / "my build")
    assert (ran.returncode, ran.stdout) == (78, "")
    assert ran.stderr == (
        "METAPIPE-E701 Galaxy runs no job in a folder with blanks or shell characters in its path; "
        f"set METAPIPE_BUILD=/some/folder, found '{tmp_path / 'my build'}'\n"
    )
    assert not (tmp_path / "my build").exists()


@pytest.mark.parametrize("words", [["--help"], ["biomas", "-h"], ["--hel"]])
def test_help_is_shown_and_installs_nothing(words: list[str], tmp_path: Path) -> None:
    ran = in_a_shell(*words, build=tmp_path / "build")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.count("usage: scripts/run ") == 1
    assert not (tmp_path / "build").exists()


@pytest.mark.parametrize("option", ["--q=1.5", "--min-size=0", "--upper-identity=101", "--merger=pear"])
def test_an_option_of_biomas_with_a_wrong_value_is_refused(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["biomas", "--check", option])
    assert option.partition("=")[0] in capsys.readouterr().err
