"""BioMaS's search: how fast, against vsearch's SINTAX on the same reads, and whether it finds what there is.

Before any time is taken, reads are placed on every reference one by one, and the search must name the same best ones.
How often Bowtie 2 names others, with its limit of a hundred alignments and without, is counted by the same rule.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import edlib

from benchmarks.amplicons.classifying import CUT_OFF, write_taxa
from benchmarks.amplicons.speed_samples import references, write_pairs, write_reads, write_relatives
from benchmarks.measure import BenchmarkError, Spent, call, rounds, run, summary
from benchmarks.memory import MemoryWatch
from benchmarks.part import Asked, Part
from benchmarks.place import BUILD, HOME, Setting, environment, metapipe, need, scratch
from benchmarks.results import Results
from benchmarks.words import conditions, table
from metapipe.biomas.search.query import queries
from metapipe.refdb.manifest import describe_files, read_manifest
from metapipe.taxa.taxonomy import read_taxonomy

SECTIONS = ("answers", "reads", "pairs", "many references")
#: Reads, pairs, references of the large collection and reads searched in it; reads placed on every reference, and given
#: to Bowtie 2 with a hundred alignments and with all: those of a V4 read are thousands.
SIZES = {
    "reads": 50_000,
    "pairs": 20_000,
    "references": 500_000,
    "few": 20_000,
    "placed": 200,
    "limited": 200,
    "all": 6,
}
QUICK = {"reads": 300, "pairs": 100, "references": 200, "few": 100, "placed": 20, "limited": 20, "all": 5}
STEPS = ("map", "filter", "assign", "summarise")
SINTAX = "vsearch --sintax"


def measure(asked: Asked) -> None:
    """Compare answers, then measure, keeping what was found after each section and round.

    :raises BenchmarkError: when a program or the database is missing, or a best reference is missed.
    """
    need("vsearch", "bowtie2")
    setting = asked.setting
    sizes = QUICK if setting.quick else SIZES
    results = Results("amplicon-speed", setting, asked.command, ["bowtie2", "vsearch", "java"])
    database = _database(setting)
    with scratch(setting) as folder:
        for section in asked.sections or SECTIONS:
            asked.say(f"{section}:")
            if section == "answers":
                results.save(section, _answers(folder, database, sizes, asked.say), finished=True)
                continue

            def after(seen: Mapping[str, list[Spent]], section: str = section) -> None:
                finished = all(len(spent) >= setting.repeats for spent in seen.values())
                found = {name: summary(spent) for name, spent in seen.items()}
                results.save(section, judged(found, sizes[_COUNT[section]]), finished=finished)

            variants = _VARIANTS[section](folder, database, sizes, setting)
            rounds(variants, setting.repeats, deadline=setting.deadline, after=after, say=asked.say)


def judged(found: Mapping[str, Any], reads: int) -> dict[str, Any]:
    """Reads a minute from mapped to summarised, and the ratios to SINTAX where it ran."""
    steps = [found[step] for step in STEPS if step in found]
    wall = sum(float(step["wall_seconds"]["median"]) for step in steps)
    cpu = sum(float(step["cpu_seconds"]["median"]) for step in steps)
    value: dict[str, Any] = {"variants": found, "reads": reads, "reads_per_minute": round(60 * reads / wall)}
    value["core_ms_a_read"] = round(1000 * cpu / reads, 3)
    if SINTAX in found:
        value["wall_against_sintax"] = round(wall / float(found[SINTAX]["wall_seconds"]["median"]), 3)
        value["cpu_against_sintax"] = round(cpu / float(found[SINTAX]["cpu_seconds"]["median"]), 3)
    return value


def _database(setting: Setting) -> Path:
    if setting.quick:
        return HOME / "test-data/refdb/biomas-tiny-16s/1"
    found = sorted((BUILD / "refdb" / "ssu-refseq").glob("*/manifest.json"))
    if not found:
        raise BenchmarkError("the database ssu-refseq is not installed: run metapipe refdb install ssu-refseq")
    return found[-1].parent


# ------------------------------------------------------------------------------------------------------- answers


def _answers(folder: Path, database: Path, sizes: Mapping[str, int], say: Callable[[str], None]) -> dict[str, Any]:
    """How often the search, and Bowtie 2, name other best references than those that placing on each gives."""
    reads = folder / "answers.fastq"
    write_reads(database, reads, sizes["reads"])
    lines = reads.read_text().splitlines()
    chosen = random.Random(1).sample(range(len(lines) // 4), sizes["placed"])
    reads.write_text("".join("\n".join(lines[4 * n : 4 * n + 4]) + "\n" for n in chosen))
    held = references(database)
    truth = [best_of(lines[4 * n + 1], held, held) for n in chosen]
    ours = [set(names) for names in _mapped(folder, database, reads, "exact")]
    missed = sum(found != best for found, best in zip(ours, truth, strict=True))
    say(f"  {len(truth)} reads placed on each of {len(held):,} references: {missed} differ")
    if missed:
        raise BenchmarkError(f"the search names other best references for {missed} of {len(truth)} reads")
    index = folder / "index"
    call(["bowtie2-build", "--quiet", "--threads", "2", database / "references.fasta", index])
    value: dict[str, Any] = {"references": len(held), "exact": {"reads": len(truth), "other": missed}}
    for name, words, number in (
        ("Bowtie 2, a hundred alignments", ("-k", "100"), sizes["limited"]),
        ("Bowtie 2, all alignments", ("-a",), sizes["all"]),
    ):
        named = _by_bowtie2(folder, index, [lines[4 * n + 1] for n in chosen[:number]], words)
        best = [best_of(lines[4 * n + 1], held, some) for n, some in zip(chosen, named, strict=False)]
        pairs = list(zip(best, truth, strict=False))
        value[name] = {
            "reads": number,
            "other": sum(found != wanted for found, wanted in pairs),
            "fewer": sum(found < wanted for found, wanted in pairs),
        }
        say(f"  {name}: {value[name]['other']} of {number} differ")
    return value


def best_of(read: str, held: Mapping[str, str], names: Sequence[str] | Mapping[str, str] | set[str]) -> set[str]:
    """The references, of those named, on which the whole read has the fewest differences, and 10 % at most."""
    strands = [strand.seen for query in queries([read.encode()]) for strand in query.strands]
    most = len(read) // 10
    best: set[str] = set()
    for name in names:
        for strand in strands:
            differences = edlib.align(strand, held[name], mode="HW", k=most)["editDistance"]
            if 0 <= differences < most or (differences == most and not best):
                most, best = differences, {name}
            elif differences == most:
                best.add(name)
    return best


def _mapped(folder: Path, database: Path, reads: Path, engine: str) -> Iterator[list[str]]:
    target = folder / f"answers-{engine}"
    words = ["--reads", reads, "--db-amplicon", database, "--engine", engine, "--session", "inline"]
    run(metapipe("map_amplicons", *words, "--outdir", target), environment=environment())
    for row in (target / "matches.tsv").read_text().splitlines()[1:]:
        yield [match.rsplit(":", 4)[0] for match in row.split("\t")[4].split()]


def _by_bowtie2(folder: Path, index: Path, reads: Sequence[str], limit: Sequence[str]) -> list[set[str]]:
    """The references that either search of BioMaS's reports."""
    fasta = folder / "bowtie2.fasta"
    fasta.write_text("".join(f">{n}\n{read}\n" for n, read in enumerate(reads)))
    found: list[set[str]] = [set() for _ in reads]
    for search in ("--end-to-end", "--local"):
        words = ["bowtie2", search, "-f", "-N", "1", *limit, "--no-hd", "--omit-sec-seq", "--threads", "2"]
        run([*words, "-x", index, "-U", fasta, "-S", folder / "bowtie2.sam"])
        with (folder / "bowtie2.sam").open() as rows:
            for name, _, reference in (row.split("\t", 3)[:3] for row in rows):
                if reference != "*":
                    found[int(name)].add(reference)
    return found


# --------------------------------------------------------------------------------------------------------- speed


def _reads(folder: Path, database: Path, sizes: Mapping[str, int], setting: Setting) -> dict[str, Callable[[], Spent]]:
    reads = folder / "reads.fastq"
    write_reads(database, reads, sizes["reads"])
    fasta = folder / "sintax.fasta"
    write_taxa(database, read_taxonomy(database), fasta)
    sintax = ["vsearch", "--sintax", reads, "--db", fasta, "--tabbedout", folder / "sintax.tsv"]
    sintax += ["--sintax_cutoff", CUT_OFF, "--threads", str(setting.slots), "--quiet"]
    mapping = _own(folder, setting, "map_amplicons", "--reads", reads, "--db-amplicon", database)
    return {"map": mapping, **_rest(folder, database, setting, "map_amplicons"), SINTAX: lambda: run(sintax)}


def _pairs(folder: Path, database: Path, sizes: Mapping[str, int], setting: Setting) -> dict[str, Callable[[], Spent]]:
    mates = folder / "1.fastq", folder / "2.fastq"
    write_pairs(database, mates, sizes["pairs"])
    words = ["--reads-1", mates[0], "--reads-2", mates[1], "--db-amplicon", database]
    return {"map": _own(folder, setting, "map_pairs", *words), **_rest(folder, database, setting, "map_pairs")}


def _many(folder: Path, database: Path, sizes: Mapping[str, int], setting: Setting) -> dict[str, Callable[[], Spent]]:
    large = folder / "large"
    shutil.copytree(database, large, ignore=shutil.ignore_patterns("*.bt2", ".verified*"))
    write_relatives(database, large / "references.fasta", sizes["references"])
    _tell_files(large)
    reads = folder / "few.fastq"
    write_reads(database, reads, sizes["few"])
    return {"map": _own(folder, setting, "map_amplicons", "--reads", reads, "--db-amplicon", large)}


def _rest(folder: Path, database: Path, setting: Setting, mapping: str) -> dict[str, Callable[[], Spent]]:
    kept, assigned = folder / "filter_matches/kept.tsv", folder / "assign_taxa/assignments.tsv"
    return {
        "filter": _own(folder, setting, "filter_matches", "--matches", folder / mapping / "matches.tsv"),
        "assign": _own(folder, setting, "assign_taxa", "--db-amplicon", database, "--matches", kept),
        "summarise": _own(folder, setting, "summarise_taxa", "--assignments", assigned),
    }


def _own(folder: Path, setting: Setting, stage: str, *words: str | Path) -> Callable[[], Spent]:
    target = folder / stage

    def once() -> Spent:
        shutil.rmtree(target, ignore_errors=True)
        watch = MemoryWatch()
        command = metapipe(stage, *words, "--slots", str(setting.slots), "--outdir", target)
        spent = run(command, environment=environment(), meanwhile=watch)
        # What the stage's processes hold together, shared pages once; the JVM is Spark's.
        ours = sum(watch.peaks[role] for role in ("driver", "workers", "programs"))
        return Spent(spent.wall, spent.cpu, ours, spent.others)

    return once


def _tell_files(folder: Path) -> None:
    """Write the manifest of a database whose references were replaced."""
    manifest = read_manifest(folder)
    (folder / "manifest.json").unlink()
    manifest.model_copy(update={"files": describe_files(folder)}).write(folder)


_COUNT = {"reads": "reads", "pairs": "pairs", "many references": "few"}
_VARIANTS = {"reads": _reads, "pairs": _pairs, "many references": _many}


def words(section: str, results: Any) -> Iterator[str]:
    """What a section says below its table."""
    if section == "answers":
        return
    speed, number = results["reads_per_minute"], results["reads"]
    yield f"**{speed:,} a minute** ({results['core_ms_a_read']} core-ms each), {number:,} in all."
    if "wall_against_sintax" in results:
        ratios = results["wall_against_sintax"], results["cpu_against_sintax"]
        yield f"Mapped to summarised, that is {ratios[0]}× the wall time and {ratios[1]}× the CPU-seconds of SINTAX."


def page(entries: Any, _figures: Any) -> Iterator[str]:
    """The part's lines of the page."""
    yield from ("", "## BioMaS's search", "")
    if "answers" in entries:
        found = entries["answers"]["results"]
        yield f"Best references by the exact rule, against placing each read on all {found['references']:,}:"
        yield from ("", "| | reads | other best references | of these, some missing |", "| --- | --- | --- | --- |")
        for name, one in found.items():
            if isinstance(one, dict):
                yield f"| {name} | {one['reads']} | {one['other']} | {one.get('fewer', 0)} |"
    titles = {
        "reads": "Distinct merged V4 reads, primers included, against ssu-refseq",
        "pairs": "Pairs of 2 × 150 bases of V3-V4 that do not merge, against ssu-refseq",
        "many references": "Mapping to 500,000 references: ssu-refseq and made-up relatives, 0.2 to 10 % different",
    }
    for section, title in titles.items():
        if section in entries:
            entry = entries[section]
            yield from ("", f"### {title}", "", *conditions(entry), *table(entry["results"]), "")
            yield from words(section, entry["results"])


PART = Part(
    "amplicon-speed",
    "BioMaS's search: its answers against placing on each reference, its speed against SINTAX",
    measure,
    order=110,
    share=10,
    sections=SECTIONS,
    page=page,
    on_page=100,
)
