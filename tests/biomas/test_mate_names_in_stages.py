"""Mates under every custom of naming go through the stages: pairs are named once, mates keep their names."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_reads import dna, other_strand

from metapipe.errors import MetapipeError
from metapipe.runner.attempt.attempt import load_stage
from metapipe.runner.blocks.resources import Resources, SessionKind
from metapipe.runner.declare.given import Given
from metapipe.runner.run.engine import run_stage
from metapipe.runner.run.request import Places, Request
from metapipe.stages.registry import STAGES

CUSTOMS = {
    "SRA": ("SRR0000001.{}.1 {} length=100", "SRR0000001.{}.2 {} length=100"),
    "SRA without read ids": ("SRR0000001.{} {} length=100", "SRR0000001.{} {} length=100"),
    "ENA": ("ERR0000001.{} HWI:{}/1", "ERR0000001.{} HWI:{}/2"),
    "Illumina": ("M0:1:{} 1:N:0:{}", "M0:1:{} 2:N:0:{}"),
    "Illumina until 1.7": ("HWI:{}#0/1 {}", "HWI:{}#0/2 {}"),
    "R1 and R2": ("lib7_{}_R1 {}", "lib7_{}_R2 {}"),
    "colon": ("HWI:1977:{}:0:1 {}", "HWI:1977:{}:0:2 {}"),
    "underscore": ("read_{}_1 {}", "read_{}_2 {}"),
    "Sanger": ("clone{}.f {}", "clone{}.r {}"),
    "words": ("clone{}_forward {}", "clone{}_reverse {}"),
    "slash": ("clone{}/F {}", "clone{}/R {}"),
}
PAIR_NAMES = {"SRA": "SRR0000001.{}", "SRA without read ids": "SRR0000001.{}", "ENA": "ERR0000001.{}"}
PAIR_NAMES |= {
    "Illumina": "M0:1:{}",
    "Illumina until 1.7": "HWI:{}#0",
    "R1 and R2": "lib7_{}",
    "colon": "HWI:1977:{}:0",
}
PAIR_NAMES |= {"underscore": "read_{}", "Sanger": "clone{}", "words": "clone{}", "slash": "clone{}"}
#: Pair 1 overlaps by 50 bases, pair 2 does not, pair 3 does not and has a bad second mate.
FRAGMENTS = [dna(1, 150), dna(2, 400), dna(3, 400)]


def pairs(custom: str, folder: Path) -> dict[str, Path]:
    paths = {}
    for mate, form in enumerate(CUSTOMS[custom]):
        path = paths[f"reads-{mate + 1}"] = folder / f"given-{mate + 1}.fastq"
        with path.open("w") as stream:
            for number, fragment in enumerate(FRAGMENTS, 1):
                bases = (other_strand(fragment) if mate else fragment)[:100]
                quality = "#" if (number, mate) == (3, 1) else "G"
                stream.write(f"@{form.format(number, number)}\n{bases}\n+\n{quality * 100}\n")
    return paths


def run(stage: str, inputs: dict[str, Path], folder: Path, **options: object) -> dict[str, list[str]]:
    """Run a stage; return the header lines of its outputs, without ``@``."""
    declared = load_stage(STAGES[stage])
    outputs = {name: folder / f"{stage}-{name}" for name in declared.outputs}
    chosen = declared.options(**options)
    given, places = Given(inputs, options=chosen), Places(outputs, folder / ".work")
    run_stage(Request(STAGES[stage], given, places, Resources(blocks=2, session=SessionKind.INLINE)))
    return {name: [line[1:] for line in path.read_text().split("\n")[::4] if line] for name, path in outputs.items()}


@pytest.mark.parametrize("custom", CUSTOMS)
def test_pairs_are_merged_and_trimmed_under_their_names(custom: str, tmp_path: Path) -> None:
    first, second = CUSTOMS[custom]
    given = pairs(custom, tmp_path)
    merged = run("merge_pairs", given, tmp_path, merger="vsearch")
    assert merged["merged"] == [PAIR_NAMES[custom].format(1)]
    assert merged["unmerged-1"] == [first.format(number, number) for number in (2, 3)]
    assert merged["unmerged-2"] == [second.format(number, number) for number in (2, 3)]
    trimmed = run("trim_reads", given, tmp_path)
    assert trimmed["reads-1"] == [first.format(number, number) for number in (1, 2)]
    assert trimmed["reads-2"] == [second.format(number, number) for number in (1, 2)]
    assert trimmed["single"] == [first.format(3, 3)]
    if custom in ("SRA", "words"):  # starting cutadapt takes a second
        unmerged = {f"reads-{mate}": tmp_path / f"merge_pairs-unmerged-{mate}" for mate in (1, 2)}
        assert run("trim_unmerged", unmerged, tmp_path)["trimmed-1"] == [first.format(2, 2)]


@pytest.mark.parametrize("custom", ["SRA without read ids", "ENA"])
@pytest.mark.parametrize("stage", ["trim_reads", "assemble", "quality_report", "merge_pairs", "trim_unmerged"])
def test_the_same_reads_for_both_mates_are_refused_by_every_stage(stage: str, custom: str, tmp_path: Path) -> None:
    given = pairs(custom, tmp_path)
    with pytest.raises(MetapipeError, match=r"METAPIPE-E106 given-1\.fastq: is given for both mates"):
        run(stage, dict.fromkeys(("reads-1", "reads-2"), given["reads-1"]), tmp_path)
