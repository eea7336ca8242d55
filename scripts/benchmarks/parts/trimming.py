"""Trimming read pairs: our stage against fastp and cutadapt with the same rules, as nearly as they have them.

The adapters are fastp's rule, so with no other rule the reads must be fastp's, byte by byte; that is looked at before
any time. Rules of quality differ: fastp and cutadapt cannot be told META-pipe's, so what each keeps is counted.
"""

from __future__ import annotations

import contextlib
import filecmp
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks import datasets
from benchmarks.measure import BenchmarkError, Spent, Variant, rounds, run, summary
from benchmarks.part import Asked, Part
from benchmarks.place import Setting, environment, metapipe, need, scratch
from benchmarks.results import Results
from benchmarks.words import phases

Bytes = npt.NDArray[np.uint8]

PAIRS = 1_500_000
OURS, ONE_SLOT, FASTP, CUTADAPT = "trim_reads", "trim_reads, one slot", "fastp --thread 2", "cutadapt -j 2"
#: Illumina's TruSeq adapters, META-pipe's defaults.
ADAPTERS = ("AGATCGGAAGAGCACACGTCTGAACTCCAGTCA", "AGATCGGAAGAGCGTCGTGTAGGGAAAGAGTGT")
#: Inserts are normally distributed: one in seven is shorter than the reads, so that an adapter is read.
MEAN_INSERT, SPREAD, LONGEST = 260, 100, 700
LENGTH, PAIRS_IN_A_BATCH = datasets.READ_LENGTH, 20_000
#: This share of the mates turns bad at some base, as ends of long reads do.
TURNS_BAD = 0.25

_COMPLEMENT = np.frombuffer(bytes(range(256)).translate(bytes.maketrans(b"ACGTN", b"TGCAN")), np.uint8)
_BASES = np.frombuffer(b"ACGT", np.uint8)
#: Nothing that looks beyond a pair.
_FASTP = ("--disable_trim_poly_g", "--dont_eval_duplication", "--json", "/dev/null", "--html", "/dev/null")
_ADAPTERS_ALONE = ("--mean-quality", "0", "--window-quality", "0", "--window-size", "1", "--min-length", "1")


def measure(asked: Asked) -> None:
    """Compare what is kept, then measure by rounds and keep it after each.

    :raises BenchmarkError: a program is missing or fails, or our adapters are not fastp's.
    """
    need("fastp", "cutadapt")
    setting, say = asked.setting, asked.say
    results = Results("trimming", setting, asked.command, ["fastp", "cutadapt", "java"])
    mates = read_pairs(setting)
    with scratch(setting) as folder:
        compared = _same_adapters(folder, mates)
        say(f"  adapters alone: {compared:,} reads, the same bytes as fastp's")
        variants = {
            OURS: _ours(folder / "ours", mates, "--slots", str(setting.slots)),
            ONE_SLOT: _ours(folder / "one", mates, "--slots", "1"),
            FASTP: _fastp(folder / "fastp", mates),
            CUTADAPT: _cutadapt(folder / "cutadapt", mates),
        }

        def after(seen: Mapping[str, list[Spent]]) -> None:
            found = {name: summary(spent) for name, spent in seen.items()}
            value = {
                "variants": found,
                "pairs": _reads(mates[0]),
                "input_bytes": sum(path.stat().st_size for path in mates),
                "compared_reads": compared,
                "kept": _kept(folder),
                "phases": _phases(folder),
                **ratios(found),
            }
            finished = all(len(spent) >= setting.repeats for spent in seen.values())
            results.save("trimming", value, finished=finished)

        rounds(variants, setting.repeats, deadline=setting.deadline, after=after, say=say)


def ratios(found: Mapping[str, Any]) -> dict[str, float]:
    """Wall time and CPU-seconds of ours over those of the others."""
    return {
        f"{unit.partition('_')[0]}_against_{rival.partition(' ')[0]}": round(
            float(found[OURS][unit]["median"]) / float(found[rival][unit]["median"]), 3
        )
        for rival in (FASTP, CUTADAPT)
        for unit in ("wall_seconds", "cpu_seconds")
    }


# ------------------------------------------------------------------------------------------------ the programs


def _ours(target: Path, mates: Sequence[Path], *words: str) -> Variant:
    def once() -> Spent:
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        reports = ["--summary", target / "summary.json", "--report", target / "report.json"]
        inputs = ["--reads-1", mates[0], "--reads-2", mates[1], "--outdir", target]
        return run(metapipe("trim_reads", *inputs, *reports, *words), environment=environment(), folder=target)

    return once


def _fastp_words(target: Path, mates: Sequence[Path], threads: int) -> list[str | Path]:
    return [
        *("fastp", "--in1", mates[0], "--in2", mates[1], "--thread", str(threads)),
        *("--out1", target / "reads-1", "--out2", target / "reads-2"),
        *("--unpaired1", target / "single-1", "--unpaired2", target / "single-2"),
        *("--adapter_sequence", ADAPTERS[0], "--adapter_sequence_r2", ADAPTERS[1], *_FASTP),
    ]


def _fastp(target: Path, mates: Sequence[Path]) -> Variant:
    # Its filters of bad bases and of N cannot be left out when the mean is asked for, but made to let all pass.
    rules = ["--average_qual", "20", "--unqualified_percent_limit", "100", "--n_base_limit", "50"]
    rules += ["--cut_right", "--cut_right_window_size", "4", "--cut_right_mean_quality", "15"]
    rules += ["--length_required", "75"]
    target.mkdir()
    return lambda: run([*_fastp_words(target, mates, 2), *rules])


def _cutadapt(target: Path, mates: Sequence[Path]) -> Variant:
    target.mkdir()
    words = ["cutadapt", "--cores", "2", "-a", ADAPTERS[0], "-A", ADAPTERS[1], "--quality-cutoff", "15"]
    words += ["--minimum-length", "75", "--pair-filter", "any"]
    outputs = ["--output", target / "reads-1", "--paired-output", target / "reads-2"]
    return lambda: run([*words, *outputs, *mates])


# -------------------------------------------------------------------------------------------- what they leave


def _same_adapters(folder: Path, mates: Sequence[Path]) -> int:
    """How many reads were compared, of our stage and of fastp with no rule but that of the adapters."""
    ours, theirs = folder / "adapters", folder / "adapters-fastp"
    theirs.mkdir()
    run([*_fastp_words(theirs, mates, 1), "--disable_quality_filtering", "--disable_length_filtering"])
    _ours(ours, mates, *_ADAPTERS_ALONE)()
    # Not read whole: what this process holds would count as memory of the programs it starts.
    with (ours / "single.fastq").open("rb") as single, contextlib.ExitStack() as stack:
        mates_of = {
            number.encode(): stack.enter_context((ours / f"single-{number}.fastq").open("wb")) for number in "12"
        }
        for header in single:
            mates_of[header.partition(b" ")[2][:1]].write(header + b"".join(next(single) for _ in range(3)))
    names = ("reads-1", "reads-2", "single-1", "single-2")
    for name in names:
        if not filecmp.cmp(ours / f"{name}.fastq", theirs / name, shallow=False):
            raise BenchmarkError(f"without adapters '{name}' is not as fastp has it (the rules are those of 0.23.2)")
    compared = sum(_reads(ours / f"{name}.fastq") for name in names)
    for kept in (ours, theirs):
        shutil.rmtree(kept)
    return compared


def _kept(folder: Path) -> dict[str, dict[str, int]]:
    """Pairs and single reads that each variant leaves."""
    single = {FASTP: [folder / "fastp/single-1", folder / "fastp/single-2"], CUTADAPT: []}
    found = {OURS: dict(zip(("pairs", "single"), _counts(folder / "ours", "pairs_kept", "single_reads"), strict=True))}
    for rival, paths in single.items():
        first = folder / rival.partition(" ")[0] / "reads-1"
        found[rival] = {"pairs": _reads(first), "single": sum(map(_reads, paths))}
    return found


def _counts(target: Path, *names: str) -> list[int]:
    values = json.loads((target / "summary.json").read_bytes())["results"]
    return [int(values[name]) for name in names]


def _reads(path: Path) -> int:
    with path.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b"")) // 4


def _phases(folder: Path) -> dict[str, dict[str, float]]:
    """Wall seconds of each phase of the last run of each of ours."""
    found = {}
    for name, target in ((OURS, folder / "ours"), (ONE_SLOT, folder / "one")):
        kept = json.loads((target / "report.json").read_bytes())
        found[f"{name} ({kept['session']})"] = {
            one["name"]: round(one["end"] - one["start"], 2) for one in kept["phases"]
        }
    return found


# ------------------------------------------------------------------------------------------------- the reads


def read_pairs(setting: Setting, pairs: int = PAIRS) -> list[Path]:
    """Two FASTQ files of mates of 150 bases, with adapters, bad ends and errors; few where the setting is quick."""
    pairs = min(pairs, 5_000) if setting.quick else pairs
    found = [setting.data / f"pairs-{pairs}_{mate}.fastq" for mate in (1, 2)]
    if not all(path.is_file() for path in found):
        setting.data.mkdir(parents=True, exist_ok=True)
        fresh = [path.with_suffix(".new") for path in found]
        with fresh[0].open("wb") as first, fresh[1].open("wb") as second:
            for texts in _batches(pairs):
                first.write(texts[0])
                second.write(texts[1])
        for new, path in zip(fresh, found, strict=True):
            new.replace(path)
    return found


def _batches(pairs: int) -> Iterator[tuple[bytes, bytes]]:
    chance, genomes, pool = np.random.default_rng(17), datasets.genomes(), datasets.quality_pool()
    columns = np.arange(LENGTH)
    for first in range(0, pairs, PAIRS_IN_A_BATCH):
        count = min(PAIRS_IN_A_BATCH, pairs - first)
        inserts = np.clip(chance.normal(MEAN_INSERT, SPREAD, count), 0, LONGEST).astype(np.int64)
        starts = chance.integers(0, len(genomes) - LONGEST - LENGTH, count)
        texts = []
        for mate, adapter in enumerate(ADAPTERS):
            if mate == 0:
                bases = genomes[starts[:, None] + columns]
            else:
                bases = _COMPLEMENT[genomes[np.maximum((starts + inserts)[:, None] - 1 - columns, 0)]]
            behind = columns[None, :] - inserts[:, None]
            tail = np.concatenate([np.frombuffer(adapter.encode(), np.uint8), chance.choice(_BASES, LENGTH)])
            bases = np.where(behind >= 0, tail[np.clip(behind, 0, len(tail) - 1)], bases)
            qualities = _qualities(pool, count, chance)
            wrong = chance.random(bases.shape, np.float32) < 10 ** (-(qualities.astype(np.float32) - 33) / 10)
            bases = np.where(wrong, chance.choice(_BASES, bases.shape), bases)
            bases[qualities == ord("!")] = ord("N")
            texts.append(_text(first, mate, bases.astype(np.uint8), qualities))
        yield texts[0], texts[1]


def _qualities(pool: Bytes, count: int, chance: np.random.Generator) -> Bytes:
    qualities = pool[chance.integers(0, len(pool), count)].copy()
    turn = np.where(chance.random(count) < TURNS_BAD, chance.integers(0, LENGTH, count), LENGTH)
    bad = chance.integers(ord("!"), ord("4"), qualities.shape, dtype=np.uint8)
    worse = np.arange(LENGTH) >= turn[:, None]
    qualities[worse] = bad[worse]
    return qualities


def _text(first: int, mate: int, bases: Bytes, qualities: Bytes) -> bytes:
    count = len(bases)
    names = (b"@B00001:1:HX:1:%09d %d:N:0:ACGTACGT\n" % (number, mate + 1) for number in range(first, first + count))
    headers = np.frombuffer(b"".join(names), np.uint8).reshape(count, -1)
    plus, end = (np.tile(np.frombuffer(text, np.uint8), (count, 1)) for text in (b"\n+\n", b"\n"))
    return np.hstack([headers, bases, plus, qualities, end]).tobytes()


def words(_section: str, results: Any) -> Iterator[str]:
    """Ratios, what each keeps, and where our time goes."""
    against = {
        rival: [results[f"{unit}_against_{rival}"] for unit in ("wall", "cpu")] for rival in ("fastp", "cutadapt")
    }
    yield f"{results['pairs']:,} pairs of 150 bases, {results['input_bytes'] / 1e9:.2f} GB of plain FASTQ. One insert"
    yield f"in seven is shorter than the reads; {TURNS_BAD:.0%} of the mates turn bad at some base. With no rule but"
    yield f"that of the adapters the {results['compared_reads']:,} reads left are fastp's, byte by byte."
    yield ""
    yield f"`trim_reads` takes {against['fastp'][0]}× the wall time and **{against['fastp'][1]}×** the CPU-seconds of"
    yield f"fastp, {against['cutadapt'][0]}× and {against['cutadapt'][1]}× those of cutadapt. The check of the input,"
    yield "counts before and after, digests of all files, and Spark where the plan starts it are in ours."
    yield ""
    yield "fastp and cutadapt cannot be told META-pipe's rules of quality ([trim_reads](stages/trim_reads.md)): fastp"
    yield "takes the mean after the cut; cutadapt has a running sum in place of the window, and no mean."
    yield ""
    yield "| | pairs kept | single reads kept |"
    yield "| --- | --- | --- |"
    for name, kept in results["kept"].items():
        yield f"| {name} | {kept['pairs']:,} | {kept['single']:,} |"
    yield ""
    yield from phases(results["phases"])


PART = Part(
    "trimming",
    "trimming read pairs, against fastp and cutadapt",
    measure,
    order=105,
    share=4,
    inputs=read_pairs,
    titles={"trimming": "Trimming read pairs"},
    words=words,
    on_page=95,
)
