"""Reads given taxa by our stages, and by the same programs in a shell with the same options.

After each round, before any time is kept, the taxon of every read is compared; where fastp trims in place of our stage,
other reads are left, and only how many is compared. DIAMOND's own lowest common ancestor
(``-f 102``) is our rule without ``--rank-identities``; it knows scores only. *With identities* is DIAMOND asked for all
that our stage asks for, per cent of identical amino acids included, which needs whole alignments.
"""

from __future__ import annotations

import gzip
import json
import shlex
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measure import BenchmarkError, Spent, Variant, rounds, run, summary
from benchmarks.part import Asked, Part
from benchmarks.parts.trimming import ADAPTERS, read_pairs
from benchmarks.place import Setting, environment, metapipe, need, scratch
from benchmarks.read_taxonomy.communities import GENOMES, MEMBERS_IN, all_nodes
from benchmarks.read_taxonomy.databases import DIAMOND, OURS, Databases
from benchmarks.results import Results
from benchmarks.words import phases
from metapipe.refdb.builders.diamond import Built
from metapipe.refdb.builders.words import index_words
from metapipe.refdb.manifest import describe_files, read_manifest
from metapipe.taxa.ancestry import read_ancestry
from metapipe.taxa.word_index import FOLDER

HITS, WORDS, CHAIN = "hits", "words", "chain"
STAGE, SHELL, ALIGNED = "our stages", "the shell", "the shell, with identities"
#: Pairs that a core-second of work is taken for.
PAIRS_A_SECOND = {HITS: 8_000, WORDS: 25_000, CHAIN: 4_000}
#: What pins DIAMOND's answers (metapipe.stages.taxonomy.translated_search), and what both ask for.
PINNED = "--algo 0 --block-size 0.4 --index-chunks 4 --ignore-warnings --query-gencode 11"
ASKED = "--evalue 0.001 --top 10.0"
#: Share of reads of which the shell may say something else, as it rounds scores otherwise; of a chain, by which the
#: number of reads left may differ, as fastp's rules of quality are not ours.
OTHERWISE = {HITS: 0.001, WORDS: 0.001, CHAIN: 0.01}


@dataclass(frozen=True)
class Place:
    """Databases and reads. :param mates: two files."""

    ours: Path
    diamond: Path
    mates: Sequence[Path]
    slots: int


def measure(asked: Asked) -> None:
    """Measure by rounds; after each compare what is said of each read, and keep it.

    :raises BenchmarkError: a program is missing or fails, or what is said of the reads differs.
    """
    need("diamond", "kraken2", "fastp")
    setting = asked.setting
    results = Results("taxonomy-speed", setting, asked.command, ["diamond", "kraken2", "fastp", "java"])
    ours, diamond = _databases(setting, asked.say)
    for section in asked.sections:
        pairs = round(PAIRS_A_SECOND[section] * setting.work)
        mates = [_packed(path) for path in read_pairs(setting, pairs)]
        with scratch(setting) as folder:
            place = Place(ours, diamond, mates, setting.slots)
            variants = _variants(section, place, folder)
            facts = {"pairs": pairs, "input_bytes": sum(path.stat().st_size for path in mates)}
            _by_rounds(section, variants, place, folder, results, asked, facts)


def _by_rounds(
    section: str,
    variants: Mapping[str, Variant],
    place: Place,
    folder: Path,
    results: Results,
    asked: Asked,
    facts: Mapping[str, int],
) -> None:
    def after(seen: Mapping[str, list[Spent]]) -> None:
        compared, otherwise = _COMPARED[section](folder, place)
        asked.say(f"  {section}: {compared:,} compared, of {otherwise:,} something else is said")
        if otherwise > OTHERWISE[section] * compared:
            raise BenchmarkError(f"{section}: of {otherwise:,} of {compared:,} reads something else is said")
        found = {name: summary(spent) for name, spent in seen.items()}
        said = {"compared": compared, "otherwise": otherwise}
        value = {"variants": found, **facts, **said, "ratios": ratios(found), "phases": _phases(folder)}
        finished = all(len(spent) >= asked.setting.repeats for spent in seen.values())
        results.save(section, value, finished=finished)

    rounds(variants, asked.setting.repeats, deadline=asked.setting.deadline, after=after, say=asked.say)


def ratios(found: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """CPU-seconds and wall time of ours over those of each other way."""
    units = ("cpu_seconds", "wall_seconds")
    return {
        rival: {
            unit: round(float(found[STAGE][unit]["median"]) / float(found[rival][unit]["median"]), 3) for unit in units
        }
        for rival in found
        if rival != STAGE
    }


def _variants(section: str, place: Place, folder: Path) -> dict[str, Variant]:
    if section == HITS:
        stage = _stages(folder, [("classify_reads", [*_reads(place.mates[:1]), *_BY_HITS])], place)
        shells = {SHELL: _hits(place), ALIGNED: _aligned(place)}
    elif section == WORDS:
        stage = _stages(folder, [("classify_reads", [*_reads(place.mates), "--engine", "kraken2"])], place)
        shells = {SHELL: _words(place)}
    else:
        trimmed = [folder / "ours" / f"reads-{mate}.fastq" for mate in (1, 2)]
        steps = [("trim_reads", [*_reads(place.mates)]), ("classify_reads", [*_reads(trimmed), *_BY_HITS])]
        stage = _stages(folder, steps, place)
        shells = {SHELL: _chain(place)}
    return {STAGE: stage, **{name: _shell(folder / name.replace(" ", "-"), text) for name, text in shells.items()}}


#: DIAMOND's verdicts have no limits of ranks.
_BY_HITS = ("--rank-identities", "none")


def _reads(files: Sequence[Path]) -> Iterator[str | Path]:
    for number, file in enumerate(files, 1):
        yield from (f"--reads-{number}", file)


def _stages(folder: Path, steps: Sequence[tuple[str, Sequence[str | Path]]], place: Place) -> Variant:
    """Stages one after the other, as one command whose cost is that of all."""
    target = folder / "ours"
    lines = []
    for stage, words in steps:
        database = ["--db-taxonomy", place.ours] if stage == "classify_reads" else []
        report = ["--report", target / f"{stage}.json", "--outdir", target, "--slots", str(place.slots)]
        lines.append(shlex.join(metapipe(stage, *words, *database, *report)))
    return _shell(target, " && ".join(lines))


def _hits(place: Place) -> str:
    return " && ".join(
        [
            f"diamond blastx --db {place.diamond / 'db'} --query {place.mates[0]} --out reads.tsv --outfmt 102"
            f" --threads {place.slots} {ASKED} {PINNED}",
            "cut -f 2 reads.tsv | sort | uniq -c > taxa.txt",
        ]
    )


def _aligned(place: Place) -> str:
    """Of each read the taxid of its best hit, counted: a shell has no lowest common ancestor."""
    return " && ".join(
        [
            f"diamond blastx --db {place.ours / 'proteins.dmnd'} --query {place.mates[0]} --out hits.tsv"
            f" --outfmt 6 qseqid sseqid pident bitscore --threads {place.slots} {ASKED} {PINNED}",
            "awk -F '\\t' '$1 != last { n = split($2, parts, \"_\"); print $1 \"\\t\" parts[n]; last = $1 }' hits.tsv"
            " > reads.tsv",
            "cut -f 2 reads.tsv | sort | uniq -c > taxa.txt",
        ]
    )


def _words(place: Place) -> str:
    mates = " ".join(map(str, place.mates))
    return " && ".join(
        [
            f"kraken2 --db {place.ours / FOLDER} --threads {place.slots} --paired --output reads.tsv {mates}",
            "cut -f 3 reads.tsv | sort | uniq -c > taxa.txt",
        ]
    )


def _chain(place: Place) -> str:
    fastp = (
        f"fastp --in1 {place.mates[0]} --in2 {place.mates[1]} --out1 1.fastq --out2 2.fastq --thread {place.slots}"
        f" --adapter_sequence {ADAPTERS[0]} --adapter_sequence_r2 {ADAPTERS[1]} --disable_trim_poly_g"
        " --average_qual 20 --unqualified_percent_limit 100 --n_base_limit 50 --cut_right --cut_right_window_size 4"
        " --cut_right_mean_quality 15 --length_required 75 --json trimmed.json --html /dev/null"
    )
    search = (
        f"diamond blastx --db {place.diamond / 'db'} --query both.fastq --out reads.tsv --outfmt 102"
        f" --threads {place.slots} {ASKED} {PINNED}"
    )
    return " && ".join(
        [fastp, "cat 1.fastq 2.fastq > both.fastq", search, "cut -f 2 reads.tsv | sort | uniq -c > taxa.txt"]
    )


def _shell(target: Path, text: str) -> Variant:
    def once() -> Spent:
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        return run(["bash", "-euo", "pipefail", "-c", text], environment=environment(), folder=target)

    return once


# -------------------------------------------------------------------------------------------- what they say


def _compare_hits(folder: Path, place: Place) -> tuple[int, int]:
    """Reads, and those of which the shell says something else. It leaves out what has no hit."""
    ours = dict(_cells(folder / "ours" / "taxa-of-reads.tsv", 0, 5))
    theirs = dict(_cells(folder / SHELL.replace(" ", "-") / "reads.tsv", 0, 1))
    return len(ours), sum(taxid != theirs.get(name, 0) for name, taxid in ours.items())


def _compare_words(folder: Path, place: Place) -> tuple[int, int]:
    ancestry = read_ancestry(place.ours)
    ours = list(_cells(folder / "ours" / "taxa-of-reads.tsv", 0, 5))
    theirs = [number for _, number in _cells(folder / SHELL.replace(" ", "-") / "reads.tsv", 1, 2)]
    said = [ancestry.taxids[number - 1] if number else 0 for number in theirs]
    return len(ours), sum(taxid != other for (_, taxid), other in zip(ours, said, strict=True))


def _compare_chain(folder: Path, place: Place) -> tuple[int, int]:
    """Reads that either way keeps, and by how many they differ: fastp's rules are not quite ours."""
    ours = 2 * sum(1 for _ in _cells(folder / "ours" / "taxa-of-reads.tsv", 0, 5))
    with (folder / SHELL.replace(" ", "-") / "trimmed.json").open() as kept:
        theirs = json.load(kept)["summary"]["after_filtering"]["total_reads"]
    return ours, abs(ours - theirs)


_COMPARED: Mapping[str, Callable[[Path, Place], tuple[int, int]]] = {
    HITS: _compare_hits,
    WORDS: _compare_words,
    CHAIN: _compare_chain,
}


def _cells(path: Path, name: int, taxid: int) -> Iterator[tuple[str, int]]:
    with path.open() as lines:
        for line in lines:
            if not line.startswith("#"):
                cells = line.rstrip("\n").split("\t")
                yield cells[name], int(cells[taxid] or 0)


def _phases(folder: Path) -> dict[str, dict[str, float]]:
    """Wall seconds of each phase of the last run of each of our stages."""
    found = {}
    for path in sorted((folder / "ours").glob("*_reads.json"), reverse=True):
        kept = json.loads(path.read_bytes())
        found[f"{path.stem} ({kept['session']})"] = {
            one["name"]: round(one["end"] - one["start"], 2) for one in kept["phases"]
        }
    return found


# ------------------------------------------------------------------------------------ databases and reads


def _databases(setting: Setting, say: Callable[[str], None]) -> tuple[Path, Path]:
    """Our database with the index of words, and DIAMOND's with its taxonomy, of the same proteins."""
    work = setting.data / "read-taxonomy"
    nodes = all_nodes(work / "nodes.json", say)
    databases = Databases(GENOMES, nodes, work / MEMBERS_IN, work / "called", setting.slots, say)
    indexed = work / "indexed"
    if not indexed.exists():
        fresh = indexed.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(databases.of(OURS), fresh)
        index_words(fresh, Built("", "", {}))
        read_manifest(fresh).model_copy(update={"files": describe_files(fresh)}).write(fresh)
        fresh.rename(indexed)
    return indexed, databases.of(DIAMOND)


def _packed(path: Path) -> Path:
    packed = path.with_name(f"{path.name}.gz")
    if not packed.exists():
        fresh = packed.with_suffix(".new")
        with path.open("rb") as source, gzip.open(fresh, "wb", compresslevel=4) as target:
            shutil.copyfileobj(source, target, 1 << 20)
        fresh.rename(packed)
    return packed


def words(section: str, results: Any) -> Iterator[str]:
    """Ratios, what was compared, and where our time goes."""
    what = f"{results['pairs']:,} {'reads' if section == HITS else 'pairs'} of 150 bases, gzip"
    if section == CHAIN:
        yield f"{what}. `trim_reads` and `classify_reads`, against fastp and DIAMOND on both mates. The taxa are not"
        yield "compared: fastp leaves some other reads."
    else:
        same = results["compared"] - results["otherwise"]
        yield f"{what}. Of {same:,} of {results['compared']:,} both say the same taxon."
    yield ""
    for rival, ratio in results["ratios"].items():
        yield (
            f"Against *{rival}*: **{ratio['cpu_seconds']}×** the CPU-seconds, **{ratio['wall_seconds']}×** the wall"
            " time."
        )
        yield ""
    yield from phases(results["phases"])


PART = Part(
    "taxonomy-speed",
    "reads given taxa, against the same programs in a shell",
    measure,
    order=137,
    share=0,
    sections=(HITS, WORDS, CHAIN),
    titles={
        HITS: "Taxa of reads by DIAMOND: our stage against a shell",
        WORDS: "Taxa of pairs by Kraken 2: our stage against a shell",
        CHAIN: "Trimming and taxa of pairs: our stages against a shell",
    },
    words=words,
)
