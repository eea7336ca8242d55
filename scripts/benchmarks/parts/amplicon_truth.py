"""Taxa of amplicon reads against the truth: our stages, vsearch SINTAX, and a plain lowest common ancestor.

A mock community of marine genera, V4, is classified twice: with a database that lacks the very sequences the reads come
from (*held out*), and with one that holds them (*members in*). All three see the same merged reads and the same
references with the same taxonomy.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.amplicon_page import LCA, OURS, SINTAX, write_page
from benchmarks.measure import BenchmarkError
from benchmarks.part import Asked, Part
from benchmarks.place import BUILD, need
from benchmarks.results import Results, digest
from metapipe.biomas.taxa.taxonomy import Taxonomy, read_taxonomy
from metapipe.demo.amplicons import FragmentSpec, MockSpec, cut, cut_amplicons, write_amplicon_truth
from metapipe.demo.reads import simulate_amplicon_reads
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
from metapipe.errors import MetapipeError
from metapipe.refdb.builders.amplicon import FASTA, REFERENCES, build_amplicon
from metapipe.refdb.builders.build import whole_folder
from metapipe.refdb.builders.ssu import refseq_references
from metapipe.refdb.fetch import obtain
from metapipe.refdb.manifest import Manifest, Source, describe_files
from metapipe.refdb.readers.lineages import Placement
from metapipe.refdb.readers.references import Reference
from metapipe.refdb.recipe import find_recipe
from metapipe.refdb.verify import verify

Say = Callable[[str], None]

#: Genera of sea water and marine sediment in RefSeq.
GENERA = (
    "Aliivibrio", "Alcanivorax", "Algoriphagus", "Alteromonas", "Aquimarina", "Arcobacter", "Bizionia", "Cellulophaga",
    "Celeribacter", "Colwellia", "Croceibacter", "Desulfobacter", "Dokdonia", "Enterovibrio", "Erythrobacter",
    "Glaciecola", "Halomonas", "Idiomarina", "Kordia", "Lentisphaera", "Loktanella", "Maribacter", "Marinobacter",
    "Marinomonas", "Maritimibacter", "Moritella", "Muricauda", "Neptunomonas", "Oceanicola", "Oceanospirillum",
    "Phaeobacter", "Photobacterium", "Polaribacter", "Prochlorococcus", "Pseudoalteromonas", "Psychrobacter",
    "Psychromonas", "Rhodopirellula", "Roseovarius", "Ruegeria", "Salinispora", "Shewanella", "Sulfitobacter",
    "Sulfurimonas", "Sulfurovum", "Tenacibaculum", "Thalassospira", "Thalassotalea", "Vibrio", "Winogradskyella",
    "Zobellia",
)  # fmt: skip
V4 = FragmentSpec(name="V4", forward="GTGYCAGCMGCCGCGGTAA", reverse="GGACTACNVGGGTWTCTAAT", share=1.0)
SEED, READ_LENGTH, SIGMA = 20261122, 250, 1.0
#: Half of the members have another reference of their species in the collection, half have none.
MEMBERS, PAIRS = 300, 1_200
QUICK_MEMBERS, QUICK_PAIRS = 30, 300
RECIPE = "ssu-refseq"
#: SINTAX's usual cut-off (Edgar 2016).
CUT_OFF = "0.8"
#: Label, options of filter_matches, options of assign_taxa: what others than the defaults would give.
OTHER_SETTINGS = (
    ("--best-margin 100", ("--best-margin", "100"), ()),
    ("--best-margin 100 --q 1", ("--best-margin", "100"), ("--q", "1")),
    ("--best-margin 1", ("--best-margin", "1"), ()),
    ("--q 0.75", (), ("--q", "0.75")),
    ("--q 0.9", (), ("--q", "0.9")),
    ("--q 1", (), ("--q", "1")),
    ("--upper-identity 99", ("--upper-identity", "99"), ()),
)
_LETTERS = {"phylum": "p", "class": "c", "order": "o", "family": "f", "genus": "g", "species": "s"}


def measure(asked: Asked) -> None:
    """Make communities and databases, run everything, write ``amplicon-truth.json`` and ``.md``.

    :raises BenchmarkError: when a program fails.
    """
    setting, say = asked.setting, asked.say
    need("bowtie2", "flash", "vsearch", "art_illumina")
    work = setting.data / ("amplicon-truth-quick" if setting.quick else "amplicon-truth")
    work.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("METAPIPE_DOWNLOADS", str(BUILD / "downloads"))
    paths = obtain(find_recipe(RECIPE).sources, say=say)
    references, placed = refseq_references(paths)
    if setting.quick:
        references, placed = _only_genera(references, placed, GENERA[:12])
    members = choose_members(references, placed, QUICK_MEMBERS if setting.quick else MEMBERS)
    spec = MockSpec(
        name="marine", seed=SEED, read_length=READ_LENGTH, pairs=QUICK_PAIRS if setting.quick else PAIRS, sigma=SIGMA,
        fragments=[V4], members=members,
    )  # fmt: skip
    reads = _make_reads(spec, references, placed, work, say)
    out = {reference.sequence for reference in references if reference.name in set(members)}
    results = Results("amplicon-truth", setting, "scripts/bench amplicon-truth", ("bowtie2", "flash", "vsearch"))
    for name, kept in (
        ("held out", [reference for reference in references if reference.sequence not in out]),
        ("members in", references),
    ):
        database = _database(work / f"db-{name.replace(' ', '-')}", kept, placed, say)
        found = _classify(reads, database, work / name.replace(" ", "-"), setting.slots, say)
        found["database"]["removed"] = len(references) - len(kept)
        results.save(name, found, finished=True)
        say(f"{name}: species precision {found['tiers']['upper']['species']['precision']} in the upper tier")
    write_page(setting.results)


def choose_members(references: Sequence[Reference], placed: Placement, number: int) -> list[str]:
    """Draw members of the marine genera to which V4's primers bind; half of them have a sibling of their species."""
    lineages = {reference.name: _main_ranks_of(placed.taxon_of[reference.name], placed) for reference in references}
    genera = {taxid for taxid, taxon in placed.taxa.items() if taxon.rank == "genus" and taxon.name in GENERA}
    siblings = Counter(lineage.get("species") for lineage in lineages.values())
    candidates: dict[bool, list[str]] = {True: [], False: []}
    for reference in sorted(references, key=lambda reference: reference.name):
        lineage = lineages[reference.name]
        if (
            lineage.get("genus") in genera
            and "species" in lineage
            and len(cut(reference.sequence, V4) or "") >= READ_LENGTH
        ):
            candidates[siblings[lineage["species"]] > 1].append(reference.name)
    dice = random.Random(SEED)
    return [name for group in (True, False) for name in dice.sample(candidates[group], number // 2)]


def lca_calls(kept: Path, taxonomy: Taxonomy) -> dict[str, Lineage]:
    """The plain lowest common ancestor of all references of 97 % and more, of whatever tier's rules: no q, no flags."""
    calls: dict[str, Lineage] = {}
    for row in _table(kept):
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
            calls[cells[0].split()[0]] = {ranks[letter]: int(taxid) for letter, taxid in steps}
    return calls


# ------------------------------------------------------------------------------------------------ making inputs


def _only_genera(
    references: Sequence[Reference], placed: Placement, genera: Iterable[str]
) -> tuple[list[Reference], Placement]:
    wanted = {taxid for taxid, taxon in placed.taxa.items() if taxon.rank == "genus" and taxon.name in set(genera)}
    kept = [
        reference
        for reference in references
        if _main_ranks_of(placed.taxon_of[reference.name], placed).get("genus") in wanted
    ]
    return kept, placed


def _make_reads(spec: MockSpec, references: Sequence[Reference], placed: Placement, work: Path, say: Say) -> Path:
    """Simulate and merge; return the folder with ``merged.fastq`` and ``truth.tsv``."""
    folder = work / "reads"
    mark = folder / "made-of.json"
    made_of = json.dumps([spec.model_dump(mode="json"), "1"])
    if mark.is_file() and mark.read_text() == made_of:
        return folder
    folder.mkdir(exist_ok=True)
    amplicons, _ = cut_amplicons(spec, {reference.name: reference for reference in references}, placed)
    say(f"simulating {spec.pairs:,} pairs of {len(amplicons)} amplicons")
    pairs = [folder / f"reads_{mate}.fastq.gz" for mate in "12"]
    simulate_amplicon_reads(amplicons, spec.read_length, spec.seed, *pairs)
    write_amplicon_truth(amplicons, folder / "truth.tsv")
    _stage("merge_pairs", "--reads-1", pairs[0], "--reads-2", pairs[1], "--outdir", folder / "merge")
    mark.write_text(made_of)
    return folder


def _database(folder: Path, references: Sequence[Reference], placed: Placement, say: Say) -> Path:
    """Build a database of some references, unless it is there."""
    names = sorted(reference.name for reference in references)
    if _is_there(folder, names):
        return folder
    say(f"building {folder.name}")
    with whole_folder(folder) as scratch:
        built = build_amplicon(references, _under(placed, names), scratch)
        Manifest(
            schema=1, name=folder.name, version="1", kind="amplicon", title=folder.name,
            sources=[Source(package="benchmark", licence="as its sources", files={})],
            licence="as its sources", date="", format=built.format, tool=built.tool, counts=built.counts,
            builder="scripts/bench amplicon-truth", files=describe_files(scratch),
        ).write(scratch)  # fmt: skip
    return folder


def _is_there(folder: Path, names: list[str]) -> bool:
    try:
        verify(folder, full=True)
    except MetapipeError:
        return False
    return sorted(row[0] for row in _table(folder / REFERENCES)) == names


def _under(placed: Placement, names: Iterable[str]) -> Placement:
    """The placement of some references only, with the taxa above them."""
    taxa = {}
    taxon_of = {name: placed.taxon_of[name] for name in names}
    for taxid in set(taxon_of.values()):
        while taxid and taxid not in taxa:
            taxa[taxid] = placed.taxa[taxid]
            taxid = placed.taxa[taxid].parent
    return Placement(taxon_of, taxa)


def _main_ranks_of(taxid: int, placed: Placement) -> dict[str, int]:
    found = {}
    while taxid:
        taxon = placed.taxa[taxid]
        if taxon.rank in RANKS:
            found[taxon.rank] = taxid
        taxid = taxon.parent
    return found


# -------------------------------------------------------------------------------------------------- classifying


def _classify(reads: Path, database: Path, work: Path, slots: int, say: Say) -> dict[str, Any]:
    work.mkdir(exist_ok=True)
    merged = next((reads / "merge").glob("merged.fastq*"))
    seconds = {}
    matches, seconds["map_amplicons"] = _map(merged, database, work / "map", slots)
    start = time.monotonic()
    _, assigned = _assign(matches, database, work / "default")
    seconds["filter_matches, assign_taxa"] = time.monotonic() - start
    taxonomy = read_taxonomy(database)
    start = time.monotonic()
    table = _run_sintax(merged, database, taxonomy, work)
    seconds[SINTAX] = time.monotonic() - start
    ours, tiers = read_assignments(assigned)
    kept, _ = _assign(matches, database, work / "all-of-the-tier", ("--best-margin", "100"))
    sintax, lca = sintax_calls(table), lca_calls(kept, taxonomy)
    truth = of_reads(read_amplicon_truth(reads / "truth.tsv"), tiers)
    in_database = frozenset(int(taxid) for taxid in taxonomy.taxids)
    say(
        f"{work.name}: {len(truth):,} merged reads, "
        + ", ".join(f"{who} {value:.0f} s" for who, value in seconds.items())
    )
    others = {}
    for label, filtering, assigning in OTHER_SETTINGS:
        _, other = _assign(matches, database, work / "other", filtering, assigning)
        calls, other_tiers = read_assignments(other)
        upper = {read: truth[read] for read in truth if other_tiers[read] == "upper"}
        others[label] = {
            "all": shown(score(truth, calls, in_database)),
            "upper": shown(score(upper, calls, in_database)),
        }
    return {
        "reads": len(truth),
        "tiers_of_reads": dict(Counter(tiers.values())),
        "database": {"references": len(taxonomy.references), "taxa": len(taxonomy.taxids)},
        "members": _members(read_amplicon_truth(reads / "truth.tsv"), in_database),
        "methods": {
            name: shown(score(truth, calls, in_database))
            for name, calls in ((OURS, ours), (SINTAX, sintax), (LCA, lca))
        },
        "tiers": {
            tier: shown(score({read: truth[read] for read in truth if tiers[read] == tier}, ours, in_database))
            for tier in ("upper", "lower")
        },
        "settings": others,
        "seconds": {name: round(value, 1) for name, value in seconds.items()},
    }


def _map(merged: Path, database: Path, folder: Path, slots: int) -> tuple[Path, float]:
    """Map once: the slow step is not done again for the same reads and references."""
    mark = folder / "made-of.json"
    made_of = [digest(merged), digest(database / "manifest.json")]
    known = json.loads(mark.read_text()) if mark.is_file() else {}
    if known.get("made_of") != made_of:
        start = time.monotonic()
        words = ["--outdir", folder, "--slots", str(slots), "--session", "inline"]
        _stage("map_amplicons", "--reads", merged, "--db-amplicon", database, *words)
        known = {"made_of": made_of, "seconds": time.monotonic() - start}
        mark.write_text(json.dumps(known))
    return next(folder.glob("matches.*")), known["seconds"]


def _assign(
    matches: Path, database: Path, folder: Path, filtering: Sequence[str] = (), assigning: Sequence[str] = ()
) -> tuple[Path, Path]:
    """Filter and assign; return the tables ``kept`` and ``assignments``."""
    where = ["--outdir", folder, "--session", "inline"]
    _stage("filter_matches", "--matches", matches, *filtering, *where)
    kept = next(folder.glob("kept.*"))
    _stage("assign_taxa", "--matches", kept, "--db-amplicon", database, *assigning, *where)
    return kept, next(folder.glob("assignments.*"))


def shown(scores: Mapping[str, Score]) -> dict[str, dict[str, Any]]:
    """Scores as JSON has them, rounded to four places."""
    return {
        rank: {
            "reads": found.reads,
            "known": found.known,
            "called": found.called,
            "right": found.right,
            "precision": None if found.precision is None else round(found.precision, 4),
            "recall": None if found.recall is None else round(found.recall, 4),
            "f1": round(found.f1, 4),
        }
        for rank, found in scores.items()
    }


def _members(truth: Mapping[str, Lineage], in_database: frozenset[int]) -> dict[str, Any]:
    """How many members still have their species and genus in the database."""
    return {
        "members": len(truth),
        **{
            f"{rank}_in_database": sum(lineage.get(rank) in in_database for lineage in truth.values()) for rank in RANKS
        },
    }


def _run_sintax(merged: Path, database: Path, taxonomy: Taxonomy, work: Path) -> Path:
    """The same references with ``;tax=``; taxids stand for names, so that equal names are no trouble."""
    texts = {}
    for name, number in taxonomy.reference_numbers.items():
        ranks = main_ranks(taxonomy.lineage_text(int(taxonomy.reference_taxa[number])))
        texts[name] = ",".join(f"{_LETTERS[rank]}:{ranks[rank]}" for rank in RANKS if rank in ranks)
    fasta, table = work / "sintax.fasta", work / "sintax.tsv"
    with (database / FASTA).open() as source, fasta.open("w") as target:
        for line in source:
            name = line[1:].strip()
            target.write(f">{name};tax={texts[name]};\n" if line.startswith(">") else line)
    # Random numbers are per thread: with one thread the seed gives the same calls each time.
    options = ["--sintax_cutoff", CUT_OFF, "--randseed", "1", "--threads", "1", "--quiet"]
    _run(["vsearch", "--sintax", merged, "--db", fasta, "--tabbedout", table, *options])
    return table


def _stage(name: str, *words: str | Path) -> None:
    _run([sys.executable, "-m", "metapipe.cli", name, *words])


def _run(command: Sequence[str | Path]) -> None:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchmarkError(f"{command[0]} {command[2]}: {(done.stderr or done.stdout).strip()[-300:]}")


def _table(path: Path) -> Iterator[list[str]]:
    with path.open() as lines:
        next(lines)
        for line in lines:
            yield line.rstrip("\n").split("\t")


PART = Part(
    "amplicon-truth",
    "taxa of amplicon reads against the truth, SINTAX and a plain LCA",
    measure,
    order=130,
    share=0,
    has_place=False,
)
