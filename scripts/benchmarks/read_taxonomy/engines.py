"""Each engine on the same reads: what it says of every read, and what that costs."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Spent, run
from benchmarks.place import environment, metapipe
from benchmarks.read_taxonomy.databases import DIAMOND, KRAKEN, KRAKEN_PROTEIN, MMSEQS, OURS, Databases

#: Read → taxid; a read without an entry is unclassified.
Calls = dict[str, int]


@dataclass(frozen=True)
class Run:
    """One engine with its settings.

    :param label: as the page calls it. :param paired: pairs have one verdict. :param once: it takes so long that the
        first draw has to do.
    """

    label: str
    engine: str
    options: tuple[str, ...] = ()
    paired: bool = False
    once: bool = False


#: What is measured on every database, on single reads and on pairs, those that take longest last.
RUNS = (
    Run("classify_reads", OURS),
    Run("classify_reads, pairs", OURS, paired=True),
    Run("Kraken2, translated", KRAKEN_PROTEIN),
    Run("Kraken2, translated, pairs", KRAKEN_PROTEIN, paired=True),
    Run("DIAMOND blastx -f 102", DIAMOND),
    Run("Kraken2, nucleotide", KRAKEN),
    Run("Kraken2, nucleotide, pairs", KRAKEN, paired=True),
    Run("MMseqs2 taxonomy", MMSEQS, once=True),
)
#: Other settings, on single reads of the first draw of the community on which nothing was tuned.
SETTINGS = (
    Run("Kraken2, translated, --confidence 0.1", KRAKEN_PROTEIN, ("--confidence", "0.1"), once=True),
    Run("Kraken2, translated, --confidence 0.3", KRAKEN_PROTEIN, ("--confidence", "0.3"), once=True),
    Run("--rank-identities none", OURS, ("--rank-identities", "none"), once=True),
    Run("--sensitivity fast", OURS, ("--sensitivity", "fast"), once=True),
    Run("--sensitivity sensitive", OURS, ("--sensitivity", "sensitive"), once=True),
    Run("--top 0", OURS, ("--top", "0"), once=True),
    Run("--top 20", OURS, ("--top", "20"), once=True),
)
#: Where other settings are measured.
SETTINGS_SECTION = "mixed/members-out"


def classify(one: Run, reads: tuple[Path, Path], databases: Databases, folder: Path, slots: int) -> tuple[Calls, Spent]:
    """Run an engine; return its calls by the reads' names without the mate's number, and its cost."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    files = reads if one.paired else reads[:1]
    command, result, parse = _WAYS[one.engine](one, files, databases.of(one.engine), folder, slots)
    spent = run(command, folder=folder, environment=environment(), log=folder / "log")
    calls = {name.removesuffix("/1"): taxid for name, taxid in parse(result) if taxid}
    shutil.rmtree(folder)
    return calls, spent


Way = tuple[list[str | Path], Path, Callable[[Path], Iterator[tuple[str, int]]]]


def _ours(one: Run, files: tuple[Path, ...], database: Path, folder: Path, slots: int) -> Way:
    words: list[str | Path] = ["classify_reads", "--db-taxonomy", database, "--outdir", folder / "out", *one.options]
    for number, file in enumerate(files, 1):
        words += [f"--reads-{number}", file]
    command = metapipe(*words, "--session", "inline", "--slots", str(slots))
    return list(command), folder / "out" / "taxa-of-reads.tsv", lambda path: _cells(path, 0, 5, skip=1)


def _kraken(one: Run, files: tuple[Path, ...], database: Path, folder: Path, slots: int) -> Way:
    paired = ["--paired"] if one.paired else []
    words = ["kraken2", "--db", database, "--threads", str(slots), "--output", folder / "out", *one.options, *paired]
    return [*words, *files], folder / "out", lambda path: _cells(path, 1, 2)


def _diamond(one: Run, files: tuple[Path, ...], database: Path, folder: Path, slots: int) -> Way:
    words = [
        "diamond",
        "blastx",
        "--db",
        database / "db",
        "--query",
        files[0],
        "--out",
        folder / "out",
        "--outfmt",
        "102",
    ]
    # As ours but for the verdict: the same E-value, the same share of the best score, the same algorithm.
    same = ["--top", "10", "--evalue", "0.001", "--algo", "0", "--block-size", "0.4"]
    return [*words, *same, "--threads", str(slots), *one.options], folder / "out", lambda path: _cells(path, 0, 1)


def _mmseqs(one: Run, files: tuple[Path, ...], database: Path, folder: Path, slots: int) -> Way:
    words = ["mmseqs", "easy-taxonomy", files[0], database / "db", folder / "out", folder / "tmp"]
    return [*words, "--threads", str(slots), *one.options], folder / "out_lca.tsv", lambda path: _cells(path, 0, 1)


_WAYS: Mapping[str, Callable[[Run, tuple[Path, ...], Path, Path, int], Way]] = {
    OURS: _ours,
    KRAKEN: _kraken,
    KRAKEN_PROTEIN: _kraken,
    DIAMOND: _diamond,
    MMSEQS: _mmseqs,
}


def _cells(path: Path, name: int, taxid: int, skip: int = 0) -> Iterator[tuple[str, int]]:
    with path.open() as lines:
        for number, line in enumerate(lines):
            if number >= skip:
                cells = line.rstrip("\n").split("\t")
                yield cells[name], int(cells[taxid] or 0)


def names_of(reads: Path) -> list[str]:
    """The names of a file's reads, without the mate's number."""
    with gzip.open(reads, "rt") as lines:
        return [line[1:].split()[0].removesuffix("/1") for number, line in enumerate(lines) if number % 4 == 0]
