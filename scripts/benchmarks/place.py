"""Where things are: the Python that runs the package, data made once under .build/bench, results in docs/benchmarks."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import BenchmarkError

HOME = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("METAPIPE_BUILD") or HOME / ".build")
RESULTS = HOME / "docs" / "benchmarks"

#: Program -> Debian package, of everything any part runs.
PACKAGES = {
    "parallel": "parallel",
    "hmmsearch": "hmmer",
    "prodigal": "prodigal",
    "diamond": "diamond-aligner",
    "fastp": "fastp",
    "cutadapt": "cutadapt",
    "taskset": "util-linux",
    "java": "openjdk-17-jre-headless",
    "ip": "iproute2",
    "grep": "grep",
    "bowtie2": "bowtie2",
    "minimap2": "minimap2",
    "flash": "flash",
    "vsearch": "vsearch",
    "art_illumina": "art-nextgen-simulation-tools",
    "blastdbcmd": "ncbi-blast+",
    "kraken2": "kraken2",
    "mmseqs": "mmseqs2",
}


@dataclass(frozen=True)
class Setting:
    """How a part is run.

    :param data: folder of the inputs. :param quick: tiny inputs from test-data, to try the benchmarks themselves.
    :param work: core-seconds of work the inputs of the compare part are sized to. :param slots: cores used.
    :param reads_gb: 10^9 bytes of FASTQ text, uncompressed, in the read filtering of the compare part.
    :param deadline: ``time.monotonic()`` after which no further round begins; None for none.
    """

    data: Path
    results: Path
    quick: bool = False
    work: float = 60.0
    reads_gb: float = 1.05
    repeats: int = 3
    slots: int = 2
    deadline: float | None = None


def need(*programs: str) -> None:
    """Say in one line which programs are missing, and how to get them.

    :raises BenchmarkError:
    """
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        packages = " ".join(PACKAGES[program] for program in missing)
        raise BenchmarkError(f"not installed: {', '.join(missing)} (Debian: apt-get install {packages})")


def metapipe(*words: str | Path) -> list[str]:
    """The command line of ``metapipe`` with the stages of the benchmarks added."""
    return [sys.executable, "-m", "benchmarks.bench_cli", *map(str, words)]


def environment(**more: str) -> Mapping[str, str]:
    """Environment in which workers find the stages of the benchmarks, and the databases."""
    path = os.pathsep.join(filter(None, [str(HOME / "scripts"), os.environ.get("PYTHONPATH")]))
    return {"PYTHONPATH": path, "METAPIPE_REFDB": str(BUILD / "refdb"), **more}


@contextmanager
def scratch(setting: Setting) -> Iterator[Path]:
    """A folder for what one run makes, on the same disk as its input, gone afterwards."""
    setting.data.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=setting.data, prefix="run-") as folder:
        yield Path(folder)
