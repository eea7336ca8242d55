"""TANGO by itself and in its stage: reads a CPU-second with 100 matches each, on a made-up tree of 100,000 references.

Each measured program is a child process; the same child without the work (imports, the tree, the matches) is measured,
too, and taken off where a speed is told.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.measure import Variant, rounds, run, summary
from benchmarks.part import Asked, Part
from benchmarks.place import environment, metapipe, scratch
from benchmarks.results import Results

#: Taxa by rank, from the root to species: as many as Greengenes and RefSeq have, about.
RANKS = {"no rank": 1, "superkingdom": 3, "phylum": 60, "class": 150, "order": 400, "family": 900, "genus": 6000}
SPECIES, REFERENCES, MATCHES, DISTINCT = 40_000, 100_000, 100, 20_000
KINDS = ("random", "clustered")

CHOOSE = """
import sys
from benchmarks.parts.tango import choose
choose(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
"""


def measure(asked: Asked) -> None:
    """Measure both kinds of matches, TANGO alone and the whole stage, and keep them after every round."""
    setting = asked.setting
    results = Results("tango", setting, asked.command)
    reads, times, rows = (500, 2, 400) if setting.quick else (DISTINCT, 10, 40_000)
    with scratch(setting) as folder:
        database = write_database(folder / "database")
        variants: dict[str, Variant] = {"start of Python, tree and matches": _python("random", reads, 0)}
        counts = {f"TANGO alone, {kind} matches": reads * times for kind in KINDS}
        for kind in KINDS:
            variants[f"TANGO alone, {kind} matches"] = _python(kind, reads, times)
        variants["the stage on one read"] = _stage(folder, database, "random", 1)
        for kind in KINDS:
            variants[f"the stage, {kind} matches"] = _stage(folder, database, kind, rows)
            counts[f"the stage, {kind} matches"] = rows

        def after(seen: Any) -> None:
            found = {name: summary(spent) for name, spent in seen.items()}
            speeds = {}
            for name, count in counts.items():
                idle = "start of Python, tree and matches" if name.startswith("TANGO") else "the stage on one read"
                cost, start = (found[which]["cpu_seconds"]["median"] for which in (name, idle))
                speeds[name] = round(count / max(0.001, cost - start))
            value = {"variants": found, "reads": counts, "reads_per_cpu_second": speeds, "matches": MATCHES}
            results.save("tango", value, finished=all(len(spent) >= setting.repeats for spent in seen.values()))

        rounds(variants, setting.repeats, deadline=setting.deadline, after=after, say=asked.say)


def _python(kind: str, reads: int, times: int) -> Variant:
    return lambda: run([sys.executable, "-c", CHOOSE, kind, str(reads), str(times)], environment=environment())


def _stage(folder: Path, database: Path, kind: str, rows: int) -> Variant:
    table = folder / f"{kind}-{rows}.tabular"
    write_kept(table, kind, rows)
    words = ["assign_taxa", "--matches", table, "--db-amplicon", database, "--session", "inline", "--slots", "1"]
    return lambda: run(metapipe(*words, "--outdir", folder / "out"), environment=environment())


def choose(kind: str, reads: int, times: int) -> None:
    """What the measured child does: choose a taxon for each read, several times."""
    from fractions import Fraction

    from metapipe.biomas.taxa.tango import Tango

    tango = Tango(made_taxonomy())
    matches = made_matches(kind, reads)
    starts = np.arange(0, matches.size + 1, MATCHES)
    for _ in range(times):
        tango.choose(matches.ravel(), starts, Fraction(1, 2))


def made_rows() -> tuple[list[Any], list[Any]]:
    """Rows of taxa and references: parents and species drawn at random with a fixed seed."""
    from metapipe.taxa.taxonomy import ReferenceRow, TaxonRow

    random = np.random.default_rng(20)
    taxa: list[TaxonRow] = []
    above: list[int] = []
    for rank, count in {**RANKS, "species": SPECIES}.items():
        first = len(taxa) + 1
        parents = [above[number] for number in random.integers(0, len(above), count)] if above else [None]
        taxa += [TaxonRow(first + n, parent, rank, f"{rank} {n}", "", 0) for n, parent in enumerate(parents)]
        above = list(range(first, first + count))
    owners = random.integers(0, len(above), REFERENCES)
    return taxa, [ReferenceRow(f"REF{number:06}", above[owner], 0) for number, owner in enumerate(owners)]


@cache
def made_taxonomy() -> Any:
    from metapipe.taxa.taxonomy import make_taxonomy

    return make_taxonomy(*made_rows())


def made_matches(kind: str, reads: int) -> npt.NDArray[np.int64]:
    """Numbers of matched references, one row a read.

    ``random``: any of all. ``clustered``: as a mapper finds them: 97 of a neighbourhood of 100 to 2,000 references in
    the order of the tree (a genus, a family), three anywhere.
    """
    random = np.random.default_rng(21)
    anywhere = random.integers(0, REFERENCES, (reads, MATCHES))
    if kind == "random":
        return anywhere
    width = 10 ** random.uniform(2, 3.3, (reads, 1))
    around = random.integers(0, REFERENCES, (reads, 1))
    near = (around + (random.uniform(-0.5, 0.5, (reads, MATCHES)) * width).astype(np.int64)) % REFERENCES
    near[:, -3:] = anywhere[:, -3:]
    return near


def write_database(folder: Path) -> Path:
    """The folder of a database without sequences: the stage reads its tables only."""
    from metapipe.formats.table_rows import header_line
    from metapipe.refdb.manifest import Manifest, describe_files
    from metapipe.taxa.taxonomy import REFERENCE_COLUMNS, TAXONOMY_COLUMNS

    folder.mkdir()
    taxa, references = made_rows()
    with (folder / "taxonomy.tsv").open("wb") as file:
        file.write(header_line(TAXONOMY_COLUMNS))
        for row in taxa:
            file.write(f"{row.taxid}\t{row.parent or ''}\t{row.rank}\t{row.name}\t\n".encode())
    with (folder / "references.tsv").open("wb") as file:
        file.write(header_line(REFERENCE_COLUMNS))
        for reference in references:
            file.write(f"{reference.name}\t{reference.taxid}\n".encode())
    facts = {"kind": "amplicon", "title": "made up", "sources": [], "licence": "MIT", "date": "2026", "format": "none"}
    facts |= {"name": "made-up", "version": "1", "tool": "none", "builder": "scripts/bench tango"}
    Manifest.model_validate({**facts, "files": describe_files(folder)}).write(folder)
    return folder


def write_kept(path: Path, kind: str, rows: int) -> None:
    """A table as filter_matches writes it: half of the reads in each tier, identity tells nothing."""
    from metapipe.biomas.tables import KEPT_TABLE

    names = made_taxonomy().references
    with path.open("wb") as file:
        file.write(KEPT_TABLE.header)
        for number, read in enumerate(made_matches(kind, rows)):
            listed = " ".join(sorted({names[match] for match in read}))
            tier, identity = ("upper", "98.00") if number % 2 else ("lower", "93.00")
            file.write(f"r{number}\t1\t{tier}\t{identity}\t{listed}\n".encode())


def words(_section: str, results: Any) -> Iterator[str]:
    """What was classified, and what the speeds are of."""
    yield f"100,000 references, {results['matches']} matches a read: anywhere, or clustered as a mapper finds them"
    yield "(97 in a neighbourhood of 100 to 2,000 references, three anywhere). Reads a CPU-second: without those of"
    yield "the start. The stage also checks the table, looks names up and writes lineages."


PART = Part(
    "tango",
    "giving reads with 100 matches each a taxon, by itself and in its stage",
    measure,
    order=100,
    share=2,
    titles={"tango": "Giving reads a taxon (TANGO)"},
    words=words,
    on_page=110,
)
