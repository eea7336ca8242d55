"""Merged amplicon reads to a classified sample: our stages against Bowtie 2 alone with the same command lines.

The reads are a mock of 100 species of the 16S database, V4 cut out with its primers, sequenced by ART's MiSeq profile,
merged and dereplicated. What costs time is a distinct read, so a sample of those is mapped; how many reads a distinct
one stands for depends on the error rate, and is told for three cases.
"""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.measure import BenchmarkError, Spent, call, rounds, run, summary
from benchmarks.part import Asked, Part
from benchmarks.place import BUILD, HOME, Setting, environment, metapipe, need, scratch
from benchmarks.results import Results

#: Core-seconds that Bowtie 2 takes for a distinct read of 292 bases, both searches together, on the machine this was
#: written on; the sample is sized by it.
SECONDS_PER_READ = 0.09
SPECIES, READS, SIGMA = 100, 200_000, 1.5
#: Further options of ART, and the smallest number of equal reads that is kept.
CASES = {
    "MiSeq as ART has it": ((), 1),
    "ten times fewer errors": (("-qs", "10", "-qs2", "10"), 1),
    "ten times fewer errors, no singletons": (("-qs", "10", "-qs2", "10"), 2),
}
SEARCHES = ("end-to-end", "local")
_OWN = ("map", "filter", "assign", "summarise")


def measure(asked: Asked) -> None:
    """Measure mapping and what follows, and keep it after every round.

    :raises BenchmarkError: when a program or the database is missing, or our table is not the one of all searches.
    """
    need("art_illumina", "flash", "vsearch", "bowtie2")
    setting, say = asked.setting, asked.say
    results = Results("mapping", setting, asked.command, ["bowtie2", "flash", "vsearch", "java"])
    database = _database(setting)
    with scratch(setting) as folder:
        cases = {
            name: _prepare(setting, folder / str(n), database, *case) for n, (name, case) in enumerate(CASES.items())
        }
        say(
            "  " + "; ".join(f"{name}: {one['reads']} reads, {one['distinct']} distinct" for name, one in cases.items())
        )
        sample = _sample(folder / "0" / "unique.fastq", folder / "sample.fastq", int(setting.work / SECONDS_PER_READ))
        say(f"  {sample} distinct reads are mapped")
        variants = {f"bowtie2 {search}, 2 threads": _bowtie2(folder, database, search) for search in SEARCHES}
        words = {"both": "map", "end-to-end": "map, end-to-end only", "local": "map, local only"}
        variants |= {name: _stage(folder, database, search) for search, name in words.items()}
        variants |= {
            "filter": _own(folder, "filter_matches", "--matches", folder / "map_amplicons-both/matches.tsv"),
            "assign": _own(
                folder, "assign_taxa", "--db-amplicon", database, "--matches", folder / "filter_matches/kept.tsv"
            ),
            "summarise": _own(folder, "summarise_taxa", "--assignments", folder / "assign_taxa/assignments.tsv"),
        }

        def after(seen: Mapping[str, list[Spent]]) -> None:
            found = {name: summary(spent) for name, spent in seen.items()}
            value = {"variants": found, "sample": sample, "cases": cases, **judged(found, sample, cases)}
            value["searches"] = _what_searches_bring(folder)
            finished = all(len(spent) >= setting.repeats for spent in seen.values())
            results.save("mapping", value, finished=finished)

        rounds(variants, setting.repeats, deadline=setting.deadline, after=after, say=say)


def judged(found: Mapping[str, Any], sample: int, cases: Mapping[str, Any]) -> dict[str, Any]:
    """Ratios to Bowtie 2 alone, and merged reads a minute by case: distinct reads times the reads each stands for."""

    def total(names: tuple[str, ...], unit: str) -> float:
        return sum(float(found[name][unit]["median"]) for name in names)

    alone = tuple(f"bowtie2 {search}, 2 threads" for search in SEARCHES)
    wall = total(_OWN, "wall_seconds")
    return {
        "wall_against_bowtie2": round(wall / total(alone, "wall_seconds"), 3),
        "cpu_against_bowtie2": round(total(_OWN, "cpu_seconds") / total(alone, "cpu_seconds"), 3),
        "mapping_cpu_against_bowtie2": round(total(("map",), "cpu_seconds") / total(alone, "cpu_seconds"), 3),
        "distinct_per_minute": round(60 * sample / wall),
        "bowtie2_distinct_per_minute": round(60 * sample / total(alone, "wall_seconds")),
        "reads_per_minute": {
            name: round(60 * sample / wall * case["reads"] / case["distinct"]) for name, case in cases.items()
        },
    }


def _database(setting: Setting) -> Path:
    if setting.quick:
        return HOME / "test-data/refdb/biomas-tiny-16s/1"
    found = sorted((BUILD / "refdb" / "ssu-refseq").glob("*/manifest.json"))
    if not found:
        raise BenchmarkError("the database ssu-refseq is not installed: run metapipe refdb install ssu-refseq")
    return found[-1].parent


def _prepare(
    setting: Setting, folder: Path, database: Path, errors: tuple[str, ...], min_size: int
) -> dict[str, int | float]:
    """Make, merge and dereplicate the reads of one case; leave ``unique.fastq``."""
    folder.mkdir()
    _sequence(folder, database, 2_000 if setting.quick else READS, errors)
    kept = {"environment": environment(), "folder": folder}
    pairs = ["--reads-1", folder / "1.fastq", "--reads-2", folder / "2.fastq"]
    run(metapipe("merge_pairs", *pairs, "--session", "inline", "--outdir", folder / "merged"), **kept)
    merged = folder / "merged/merged.fastq"
    words = ["--reads", merged, "--min-size", str(min_size), "--session", "inline", "--outdir", folder / "unique"]
    run(metapipe("dereplicate", *words), **kept)
    (folder / "unique/unique.fastq").rename(folder / "unique.fastq")
    counts = json.loads((folder / "unique/summary.json").read_bytes())["results"]
    for each in ("1.fastq", "2.fastq"):
        (folder / each).unlink()
    return {"reads": counts["reads"], "kept_reads": counts["kept_reads"], "distinct": counts["kept_unique"]}


def _sequence(folder: Path, database: Path, pairs: int, errors: tuple[str, ...]) -> None:
    """Write mates of amplicons of log-normal abundance: ART's MiSeq v3 profile, 2 × 250."""
    from metapipe.demo.amplicons import FragmentSpec, cut, divide

    region = FragmentSpec(name="V4", forward="GTGYCAGCMGCCGCGGTAA", reverse="GGACTACNVGGGTWTCTAAT", share=1.0)
    records = (database / "references.fasta").read_text().split(">")[1:]
    choice = random.Random(16)  # a reproducible draw
    choice.shuffle(records)
    amplicons: list[tuple[str, str]] = []
    for record in records:
        name, *lines = record.split()
        if (sequence := cut("".join(lines), region)) and len(sequence) > 250:
            amplicons.append((name, sequence))
        if len(amplicons) == SPECIES:
            break
    amounts = divide(pairs, [choice.lognormvariate(0, SIGMA) for _ in amplicons])
    with (folder / "1.fastq").open("wb") as first, (folder / "2.fastq").open("wb") as second:
        for number, ((name, sequence), amount) in enumerate(zip(amplicons, amounts, strict=True)):
            (folder / "one.fasta").write_text(f">{name}\n{sequence}\n")
            words = ["art_illumina", "-ss", "MSv3", "-amp", "-p", "-na", "-q", "-l", "250", "-f", str(max(1, amount))]
            words += ["-i", "one.fasta", "-o", "one_", "-rs", str(100 + number), *errors]
            call(words, cwd=folder)
            for mate, target in ((1, first), (2, second)):
                target.write((folder / f"one_{mate}.fq").read_bytes())


def _sample(source: Path, target: Path, wanted: int) -> int:
    """Write evenly spaced reads of a file; return how many."""
    lines = source.read_bytes().splitlines(keepends=True)
    records = [b"".join(lines[start : start + 4]) for start in range(0, len(lines), 4)]
    chosen = records[:: max(1, len(records) // wanted)][:wanted]
    target.write_bytes(b"".join(chosen))
    return len(chosen)


def _bowtie2(folder: Path, database: Path, search: str) -> Callable[[], Spent]:
    """The command line of the stage on all reads at once, both cores, its answer thrown away."""
    from metapipe.biomas.search.bowtie2 import INDEX, command

    words = command(database / INDEX, search, [folder / "sample.fastq"], 2)
    return lambda: run([*words, "-S", "/dev/null"])


def _stage(folder: Path, database: Path, search: str) -> Callable[[], Spent]:
    words = ["--reads", folder / "sample.fastq", "--db-amplicon", database, "--search", search]
    return _own(folder, "map_amplicons", *words, suffix=f"-{search}")


def _own(folder: Path, stage: str, *words: str | Path, suffix: str = "") -> Callable[[], Spent]:
    target = folder / f"{stage}{suffix}"

    def once() -> Spent:
        shutil.rmtree(target, ignore_errors=True)
        return run(metapipe(stage, *words, "--slots", "2", "--outdir", target), environment=environment())

    return once


def _what_searches_bring(folder: Path) -> dict[str, Any]:
    """Tiers of the sample by search, and how many reads keep other references than with both."""
    rows: dict[str, list[tuple[str, ...]]] = {}
    for search in ("both", *SEARCHES):
        target = folder / f"kept-{search}"
        words = ["--matches", folder / f"map_amplicons-{search}/matches.tsv", "--outdir", target]
        call(metapipe("filter_matches", *words, "--session", "inline"), env={**_environment()})
        table = (target / "kept.tsv").read_text().splitlines()[1:]
        rows[search] = [tuple(row.split("\t")) for row in table]
    both = rows["both"]
    return {
        search: {
            "tiers": dict(sorted(Counter(row[2] for row in found).items())),
            "other_tier": sum(row[2] != first[2] for row, first in zip(found, both, strict=True)),
            "other_references": sum(row[4] != first[4] for row, first in zip(found, both, strict=True)),
        }
        for search, found in rows.items()
    }


def _environment() -> dict[str, str]:
    import os

    return {**os.environ, **environment()}


def words(_section: str, results: Any) -> Iterator[str]:
    """Ratios to Bowtie 2, reads a minute by case, and what each search brings."""
    ratios = [results[f"{kind}_against_bowtie2"] for kind in ("wall", "cpu", "mapping_cpu")]
    yield f"{results['sample']:,} distinct merged reads (V4, 292 bases, with all of ART's errors) against ssu-refseq."
    yield f"Ours, from reads to a summarised sample, takes {ratios[0]}× the wall time and **{ratios[1]}×** the"
    yield "CPU-seconds of Bowtie 2 alone (same command lines, its answer thrown away); mapping by itself"
    yield f"{ratios[2]}× the CPU-seconds. A minute is worth {results['distinct_per_minute']:,} distinct reads,"
    yield f"{results['bowtie2_distinct_per_minute']:,} of Bowtie 2 alone. In merged reads, were all of a case mapped:"
    yield ""
    yield "| mock of 100 species | merged reads | kept | distinct | merged reads a minute |"
    yield "| --- | --- | --- | --- | --- |"
    for name, case in results["cases"].items():
        speed = results["reads_per_minute"][name]
        yield f"| {name} | {case['reads']:,} | {case['kept_reads']:,} | {case['distinct']:,} | {speed:,} |"
    yield ""
    yield "What each search brings, in distinct reads of the sample:"
    yield ""
    yield "| search | upper | lower | none | another tier than with both | other references kept |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for search, one in results["searches"].items():
        tiers = " | ".join(str(one["tiers"].get(tier, 0)) for tier in ("upper", "lower", "none"))
        yield f"| {search} | {tiers} | {one['other_tier']} | {one['other_references']} |"


PART = Part(
    "mapping",
    "merged amplicon reads to a classified sample, against Bowtie 2 alone",
    measure,
    order=110,
    share=10,
    titles={"mapping": "Amplicon reads to a classified sample"},
    words=words,
    on_page=100,
)
