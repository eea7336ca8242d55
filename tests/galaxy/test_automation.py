"""The program of docs/automation.md, run as it stands there, where BioBlend is all that is installed."""

from __future__ import annotations

import gzip
import itertools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from metapipe.galaxy.connection import Account

pytestmark = [pytest.mark.galaxy, pytest.mark.timeout(1200)]

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("METAPIPE_BUILD") or ROOT / ".build")
PAGE = (ROOT / "docs/automation.md").read_text()
LATE = "biomas-tiny-16s:8"
SAMPLES = ("inner bay", "outer-bay")


@pytest.fixture(scope="session")
def bioblend_only() -> Path:
    """A Python with BioBlend, in the version of the tests, and what that needs; made once."""
    environment = BUILD / f"envs/bioblend-{version('bioblend')}"
    python = environment / "bin/python"
    if not (environment / "whole").is_file():
        uv = [str(BUILD / "envs/uv/bin/uv")]
        subprocess.run([*uv, "venv", "--quiet", "--clear", "--python", sys.executable, environment], check=True)
        index = subprocess.run(
            [BUILD / "envs/uv/bin/python", "-m", "pip", "config", "get", "global.index-url"],
            capture_output=True,
            text=True,
            check=False,
        ).stdout.strip()
        variables = {**os.environ, **({"UV_DEFAULT_INDEX": index} if index else {})}
        install = [*uv, "pip", "install", "--quiet", "--python", python, f"bioblend=={version('bioblend')}"]
        subprocess.run(install, env=variables, check=True)
        (environment / "whole").touch()
    assert subprocess.run([python, "-c", "import metapipe"], capture_output=True, check=False).returncode == 1
    return python


@pytest.fixture
def databases(refdb: Path) -> Iterator[Path]:
    """The folder of databases of the running Galaxy, as it was before when the test is over."""
    yield refdb
    shutil.rmtree(refdb / LATE.replace(":", "/"), ignore_errors=True)


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    """A sheet of two samples with two hundred pairs each of the mock community."""
    lines = ["sample,fastq_1,fastq_2"]
    for number, sample in enumerate(SAMPLES):
        names = []
        for mate in "12":
            with gzip.open(ROOT / f"test-data/amplicon/mock_{mate}.fastq.gz", "rb") as reads:
                some = b"".join(itertools.islice(reads, 800 * number, 800 * (number + 1)))
            names.append(f"{sample.replace(' ', '-')}_R{mate}.fastq.gz")
            (tmp_path / names[-1]).write_bytes(gzip.compress(some, mtime=0))
        lines.append(",".join([sample, *names]))
    (tmp_path / "samples.csv").write_text("\n".join(lines) + "\n")
    return tmp_path / "samples.csv"


def test_the_pages_program_runs_reports_what_failed_starts_it_once_more_and_fetches_everything(
    bioblend_only: Path, sheet: Path, account: Account, databases: Path, tmp_path: Path
) -> None:
    """A database that is not installed yet makes the first run fail; once it is, the same call ends well."""
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "run_biomas.py").write_text(program)
    results = tmp_path / "results"

    def run() -> subprocess.CompletedProcess[str]:
        variables = {
            "GALAXY_URL": account.url,
            "GALAXY_API_KEY": account.api_key,
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
        }
        argv = [str(bioblend_only), str(tmp_path / "run_biomas.py"), str(sheet), str(results), LATE]
        return subprocess.run(argv, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)

    first = run()
    assert first.returncode == 1, first.stdout + first.stderr
    assert re.search(r"^biomas_map_amplicons: Parameter 'installed'.*" + re.escape(LATE), first.stderr, re.MULTILINE)
    assert first.stderr.endswith("call it again to start once more what failed\n")

    shutil.copytree(ROOT / "test-data/refdb/biomas-tiny-16s/1", databases / LATE.replace(":", "/"))
    manifest = databases / LATE.replace(":", "/") / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"version": "1"', '"version": "8"'))
    second = run()
    assert second.returncode == 0, second.stdout + second.stderr
    assert "once more: biomas_" in second.stdout
    assert (results / "Taxa of all samples.tabular").read_text().count("\n") > 5
    assert sorted(path.name for path in (results / "Reports").iterdir()) == [f"{name}.html" for name in SAMPLES]


def test_samples_are_found_in_a_sheet_and_in_a_folder(sheet: Path) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    defined: dict[str, object] = {}
    code = program.replace("\nmain()\n", "\n")
    exec(compile(code, "run_biomas.py", "exec"), defined)
    read_samples = defined["read_samples"]
    assert callable(read_samples)
    in_sheet, in_folder = read_samples(sheet), read_samples(sheet.parent)
    assert list(in_sheet) == list(SAMPLES)
    assert list(in_folder) == ["inner-bay", "outer-bay"]
    assert list(in_sheet.values()) == list(in_folder.values())
    assert all(file.is_file() for files in in_sheet.values() for file in files)
