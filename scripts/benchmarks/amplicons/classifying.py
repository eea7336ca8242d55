"""Classifying a community's reads: by our stages with each engine of the search, by SINTAX, by a plain LCA."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from benchmarks.amplicons.made_inputs import rows_of, run_program, run_stage
from benchmarks.place import HOME
from benchmarks.results import digest
from metapipe.biomas.search.map_amplicons import MapAmplicons
from metapipe.demo.taxa_scores import (
    RANKS,
    Lineage,
    Score,
    main_ranks,
    of_reads,
    read_amplicon_truth,
    read_assignments,
    score,
)
from metapipe.refdb.builders.amplicon import FASTA, REFERENCES, TAXONOMY
from metapipe.taxa.taxonomy import Taxonomy, read_taxonomy

BOWTIE2 = "bowtie2"
#: SINTAX's usual cut-off (Edgar 2016).
CUT_OFF = "0.8"
NO_LIMITS = "--rank-identities none"
#: Label, options of filter_matches, options of assign_taxa: what others than the defaults would give.
OTHER_SETTINGS = (
    ("--best-margin 100 --rank-identities none", ("--best-margin", "100"), tuple(NO_LIMITS.split())),
    ("--best-margin 1", ("--best-margin", "1"), ()),
    ("--q 1", (), ("--q", "1")),
    ("--upper-identity 99", ("--upper-identity", "99"), ()),
    (NO_LIMITS, (), tuple(NO_LIMITS.split())),
)
#: Ranks at which other settings are compared.
COMPARED = ("genus", "species")
_LETTERS = {"phylum": "p", "class": "c", "order": "o", "family": "f", "genus": "g", "species": "s"}

#: Of the reads that have a rank: all, those whose taxon is in the database, calls, right calls.
Counts = list[int]


def engines() -> tuple[str, ...]:
    """The engines that the mapping stages know, the default first."""
    known = {field.name: field for field in fields(MapAmplicons.options)}["engine"]
    return tuple(sorted(known.metadata["choices"], key=lambda engine: engine != known.default))


def classify(
    reads: Sequence[Path], truth_table: Path, database: Path, work: Path, wanted: Sequence[str], slots: int
) -> dict[str, Any]:
    """Classify in all ways and count what is right.

    :param reads: one file of merged reads, or two of mates. :param wanted: engines to map with.
    """
    work.mkdir(parents=True, exist_ok=True)
    taxonomy = read_taxonomy(database)
    in_database = frozenset(int(taxid) for taxid in taxonomy.taxids)
    sources = read_amplicon_truth(truth_table)
    found: dict[str, Any] = {
        "database": {"references": len(taxonomy.references), "taxa": len(taxonomy.taxids)},
        "members": _members(sources, in_database),
        "engines": {},
    }
    names: list[str] = []
    for engine in wanted:
        matches, seconds = _map(reads, database, work / f"map-{engine}", engine, slots)
        names = [row[0] for row in rows_of(matches)]
        truth = of_reads(sources, names)
        found["engines"][engine] = {
            **_ours(matches, database, taxonomy, truth, in_database, work / "assign"),
            "seconds": round(seconds, 1),
            "core_seconds": round(_core_seconds(matches.parent), 1),
        }
    truth = of_reads(sources, names)
    table, seconds = _sintax(reads, database, taxonomy, work / "sintax")
    found["reads"] = len(names)
    found["sintax"] = {"scores": shown(score(truth, sintax_calls(table), in_database)), "seconds": round(seconds, 1)}
    return found


def lca_calls(kept: Path, taxonomy: Taxonomy) -> dict[str, Lineage]:
    """The plain lowest common ancestor of all references of 97 % and more, of whatever tier's rules: no q, no flags."""
    calls: dict[str, Lineage] = {}
    for row in rows_of(kept):
        if row[2] == "upper":
            taxa = {int(taxonomy.reference_taxa[taxonomy.reference_numbers[name]]) for name in row[4].split()}
            ways = [taxonomy.lineage(taxon) for taxon in taxa]
            common = [step[0] for step in zip(*ways, strict=False) if len(set(step)) == 1]
            calls[row[0]] = main_ranks(taxonomy.lineage_text(common[-1]))
    return calls


def sintax_calls(table: Path) -> dict[str, Lineage]:
    """What SINTAX predicts with its cut-off: the last column, ``p:1224,c:1236,…``; its names are our taxids."""
    ranks = {letter: rank for rank, letter in _LETTERS.items()}
    calls: dict[str, Lineage] = {}
    with table.open() as lines:
        for line in lines:
            cells = line.rstrip("\n").split("\t")
            steps = [step.split(":") for step in (cells[3].split(",") if len(cells) > 3 and cells[3] else [])]
            calls[cells[0].split()[0].removesuffix("/1")] = {ranks[letter]: int(taxid) for letter, taxid in steps}
    return calls


def shown(scores: Mapping[str, Score], ranks: Sequence[str] = RANKS) -> dict[str, Counts]:
    """Scores as JSON has them: by rank reads, known, called, right."""
    found = {rank: scores[rank] for rank in ranks}
    return {rank: [one.reads, one.known, one.called, one.right] for rank, one in found.items()}


# ---------------------------------------------------------------------------------------------------- our stages


def _ours(
    matches: Path,
    database: Path,
    taxonomy: Taxonomy,
    truth: Mapping[str, Lineage],
    in_database: frozenset[int],
    work: Path,
) -> dict[str, Any]:
    """Our stages after the search, with the defaults and with other settings; and a plain LCA of the same matches."""
    _, assigned = _assign(matches, database, work)
    calls, tiers = read_assignments(assigned)
    found: dict[str, Any] = {
        "tiers_of_reads": dict(Counter(tiers.values())),
        "scores": shown(score(truth, calls, in_database)),
        "tiers": _by_tier(truth, calls, tiers, in_database, RANKS),
        "settings": {},
    }
    for label, filtering, assigning in OTHER_SETTINGS:
        kept, assigned = _assign(matches, database, work, filtering, assigning)
        others, other_tiers = read_assignments(assigned)
        found["settings"][label] = {
            "all": shown(score(truth, others, in_database), COMPARED),
            **_by_tier(truth, others, other_tiers, in_database, COMPARED),
        }
        if filtering == ("--best-margin", "100"):
            found["lca"] = shown(score(truth, lca_calls(kept, taxonomy), in_database))
    return found


def _by_tier(
    truth: Mapping[str, Lineage],
    calls: Mapping[str, Lineage],
    tiers: Mapping[str, str],
    in_database: frozenset[int],
    ranks: Sequence[str],
) -> dict[str, dict[str, Counts]]:
    return {
        tier: shown(score({read: truth[read] for read in truth if tiers[read] == tier}, calls, in_database), ranks)
        for tier in ("upper", "lower")
    }


def _map(reads: Sequence[Path], database: Path, folder: Path, engine: str, slots: int) -> tuple[Path, float]:
    """Map once: the same reads, references and engine are not mapped again. Ours is as its source files are."""
    made_of = [digest(path) for path in (*reads, database / FASTA)]
    if engine != BOWTIE2:
        made_of += [digest(path) for path in sorted((HOME / "src/metapipe/biomas/search").rglob("*.py"))]

    def make() -> None:
        where = ["--db-amplicon", database, "--outdir", folder, "--slots", str(slots), "--engine", engine]
        if len(reads) == 1:
            run_stage("map_amplicons", "--reads", reads[0], *where)
        else:
            run_stage("map_pairs", "--reads-1", reads[0], "--reads-2", reads[1], *where)

    seconds = _once(folder, made_of, make)
    return next(folder.glob("matches.*")), seconds


def _core_seconds(folder: Path) -> float:
    """What a run cost, by its own report: unlike its time, whatever else ran beside it."""
    report = json.loads((folder / "run_report.json").read_text())
    cost: float = report["totals"]["core_seconds_used"]
    return cost


def _assign(
    matches: Path, database: Path, folder: Path, filtering: Sequence[str] = (), assigning: Sequence[str] = ()
) -> tuple[Path, Path]:
    """Filter and assign; return the tables ``kept`` and ``assignments``."""
    run_stage("filter_matches", "--matches", matches, *filtering, "--outdir", folder)
    kept = next(folder.glob("kept.*"))
    run_stage("assign_taxa", "--matches", kept, "--db-amplicon", database, *assigning, "--outdir", folder)
    return kept, next(folder.glob("assignments.*"))


# -------------------------------------------------------------------------------------------------------- SINTAX


def _sintax(reads: Sequence[Path], database: Path, taxonomy: Taxonomy, folder: Path) -> tuple[Path, float]:
    """SINTAX on the same references with ``;tax=``. Mates are joined by letters N: its words do not span them."""
    folder.mkdir(exist_ok=True)
    fasta, table = folder / "references.fasta", folder / "sintax.tsv"

    def make() -> None:
        write_taxa(database, taxonomy, fasta)
        query = reads[0]
        if len(reads) == 2:
            query = folder / "joined.fasta"
            joining = ["vsearch", "--fastq_join", reads[0], "--reverse", reads[1], "--fastaout", query]
            run_program([*joining, "--threads", "1", "--quiet"])
        # Random numbers are per thread: with one thread the seed gives the same calls each time.
        options = ["--sintax_cutoff", CUT_OFF, "--randseed", "1", "--threads", "1", "--quiet"]
        run_program(["vsearch", "--sintax", query, "--db", fasta, "--tabbedout", table, *options])

    tables = (database / name for name in (FASTA, REFERENCES, TAXONOMY))
    return table, _once(folder, [digest(path) for path in (*reads, *tables)], make)


def write_taxa(database: Path, taxonomy: Taxonomy, fasta: Path) -> None:
    """Taxids stand for names, so that equal names are no trouble."""
    texts = {}
    for name, number in taxonomy.reference_numbers.items():
        ranks = main_ranks(taxonomy.lineage_text(int(taxonomy.reference_taxa[number])))
        texts[name] = ",".join(f"{_LETTERS[rank]}:{ranks[rank]}" for rank in RANKS if rank in ranks)
    with (database / FASTA).open() as source, fasta.open("w") as target:
        for line in source:
            name = line[1:].strip()
            target.write(f">{name};tax={texts[name]};\n" if line.startswith(">") else line)


def _once(folder: Path, made_of: list[str], make: Callable[[], None]) -> float:
    """Make a folder unless it was made of the same before; return the seconds that it took."""
    mark = folder / "made-of.json"
    known = json.loads(mark.read_text()) if mark.is_file() else {}
    if known.get("made_of") != made_of:
        mark.unlink(missing_ok=True)
        start = time.monotonic()
        make()
        known = {"made_of": made_of, "seconds": time.monotonic() - start}
        mark.write_text(json.dumps(known))
    seconds: float = known["seconds"]
    return seconds


def _members(truth: Mapping[str, Lineage], in_database: frozenset[int]) -> dict[str, int]:
    """How many members still have their species and genus in the database."""
    counts = {
        f"{rank}_in_database": sum(lineage.get(rank) in in_database for lineage in truth.values()) for rank in RANKS
    }
    return {"members": len(truth), **counts}
