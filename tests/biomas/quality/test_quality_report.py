"""The page and the profile: the same whatever the cut, whole, safe, and loading nothing."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from made_reads import Read, dna, fastq, sequenced

from metapipe.biomas.quality.quality_report import QualityReport


def pairs(seed: int, count: int = 300, length: int = 120) -> tuple[list[Read], list[Read]]:
    choice = random.Random(seed)
    both: tuple[list[Read], list[Read]] = ([], [])
    for number in range(count):
        mates = sequenced("GTGCCAGCAGCCGCGGTAA" + dna(choice.randrange(20), choice.randint(60, 300)), length, "A" * 99)
        for which, bases in enumerate(mates):
            text = "".join(choice.choice("ACGTN") if choice.random() < 0.01 else base for base in bases)
            quality = "".join(
                chr(33 + max(2, 38 - choice.randrange(1 + place // (9 - 4 * which)))) for place in range(length)
            )
            both[which].append((f"r{number}/{which + 1}", text, quality))
    return both


def run(fake_task: Callable[..., Any], first: list[Read], second: list[Read]) -> tuple[dict[str, bytes], Any]:
    task = fake_task(QualityReport(), {"reads-1": fastq(first), "reads-2": fastq(second)})
    return task.run(), task.notes


def merged(folder: Path, parts: list[dict[str, bytes]]) -> dict[str, bytes]:
    """What the runner makes of the blocks' parts."""
    made = {}
    for name, output in QualityReport.outputs.items():
        paths = []
        for number, part in enumerate(parts):
            paths.append(folder / f"{name}-{number}")
            paths[-1].write_bytes(part[name])
        with (folder / name).open("wb") as target:
            output.merge.merge(paths, target)
        made[name] = (folder / name).read_bytes()
    return made


@pytest.fixture
def report(fake_task: Callable[..., Any], tmp_path: Path) -> Callable[..., dict[str, bytes]]:
    return lambda *reads: merged(tmp_path, [run(fake_task, *reads)[0]])


@pytest.mark.parametrize("blocks", [2, 5, 60])
def test_blocks_give_the_page_and_the_profile_of_the_whole_byte_by_byte(
    fake_task: Callable[..., Any], tmp_path: Path, blocks: int
) -> None:
    first, second = pairs(1, 60)
    whole = merged(tmp_path, [run(fake_task, first, second)[0]])
    cuts = [round(len(first) * part / blocks) for part in range(blocks + 1)]
    parts = [run(fake_task, first[start:end], second[start:end])[0] for start, end in pairwise(cuts)]
    assert merged(tmp_path, parts) == whole


def test_the_order_of_the_reads_does_not_matter(report: Callable[..., dict[str, bytes]]) -> None:
    first, second = pairs(2, 60)
    assert report(first, second) == report(first[::-1], second[::-1])


def test_pairs_and_bases_are_noted(fake_task: Callable[..., Any]) -> None:
    _, notes = run(fake_task, *pairs(3, 10))
    assert notes == {"pairs": 10, "bases": 2400}


def test_the_page_has_every_part_and_every_number(report: Callable[..., dict[str, bytes]]) -> None:
    text = report(*pairs(4))["page"].decode()
    assert re.findall(r'<h2 id="[a-z]+-title">([^<]+)', text) == [
        "In short",
        "The numbers",
        "Quality along the reads",
        "Read by read",
        "Bases along the reads",
        "Words used",
    ]
    assert re.findall(r"<h3>([^<]+)", text) == [
        "R1: quality by position",
        "R2: quality by position",
        "Mean quality of the reads",
        "GC content of the reads",
        "R1: bases by position",
        "R2: bases by position",
        "Adapters",
    ]
    assert "<strong>300 pairs</strong> of 2 × 120 bases" in text
    assert "GTGCCAGCAGCCGCGGTAA" in text
    assert "None" not in text
    assert not re.search(r"\bnan\b", text)


def test_every_figure_is_well_formed_has_a_title_and_stays_inside_its_frame(
    report: Callable[..., dict[str, bytes]],
) -> None:
    text = report(*pairs(5))["page"].decode()
    drawings = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    assert len(drawings) == 7
    for drawing in drawings:
        root = ElementTree.fromstring(drawing)
        assert root.findtext("title")
        _, _, width, height = map(float, root.get("viewBox", "").split())
        for path in root.iter("path"):
            for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", path.get("d", "")):
                assert 0 <= float(x) <= width
                assert 0 <= float(y) <= height


def test_the_page_loads_nothing_and_runs_nothing(report: Callable[..., dict[str, bytes]]) -> None:
    text = report(*pairs(6, 20))["page"].decode()
    assert not re.search(r"<script|<link|<img|<iframe|\bsrc=|@import|url\(|https?://", text)


def test_names_of_files_are_text_never_markup(fake_task: Callable[..., Any], tmp_path: Path) -> None:
    first, second = pairs(7, 5)
    task = fake_task(QualityReport(), {"reads-1": fastq(first), "reads-2": fastq(second)})
    task.labels = {"reads-1": "<b>&amp;'\".fastq", "reads-2": "größe.fastq"}
    text = merged(tmp_path, [task.run()])["page"].decode()
    assert "R1: &lt;b&gt;&amp;amp;&#39;&#34;.fastq · R2: größe.fastq" in text


def test_reads_of_every_length_from_none_to_very_long_are_shown(report: Callable[..., dict[str, bytes]]) -> None:
    lengths = [0, 1, 2, 75, 601, 2999, 31_000, 45_000]
    first = [(f"r{number}", dna(number, length), "I" * length) for number, length in enumerate(lengths)]
    second = [(f"r{number}", dna(number, 10), "5" * 10) for number in range(len(lengths))]
    made = report(first, second)
    assert "Length of the reads" in made["page"].decode()
    positions = json.loads(made["profile"])["reads-1"]["positions"]
    assert (positions[-1]["first"], positions[-1]["last"], positions[-1]["bases"]) == (30_001, None, 1000 + 15_000)


@pytest.mark.parametrize("lengths", [(0, 0), (0, 50), (50, 0), (1, 1)])
def test_files_without_any_base_or_of_one_base_make_a_page(
    report: Callable[..., dict[str, bytes]], lengths: tuple[int, int]
) -> None:
    first, second = ([(f"r{n}", "A" * length, "I" * length) for n in range(3)] for length in lengths)
    made = report(first, second)
    assert made["page"].startswith(b"<!DOCTYPE html>")
    assert b"</html>" in made["page"]
    assert json.loads(made["profile"])["reads-2"]["bases"] == 3 * lengths[1]
