"""The benchmark of amplicons against their truth: communities, calls of the others, the page."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from benchmarks.amplicons import classifying
from benchmarks.amplicons.classifying import OTHER_SETTINGS, engines, lca_calls, sintax_calls
from benchmarks.amplicons.communities import COMMUNITIES, QUICK, Community, choose_genera, choose_members
from benchmarks.amplicons.made_inputs import DATABASES, GENERA_OUT, HELD_OUT, MEMBERS_IN, kept_references
from benchmarks.amplicons.page import NO_LIMITS, write_page

from metapipe.demo.taxa_scores import RANKS
from metapipe.refdb.readers.lineages import Placement, place_lineages
from metapipe.refdb.readers.references import Reference
from metapipe.taxa.taxonomy import read_taxonomy

HOME = Path(__file__).resolve().parents[2]
RESULTS = HOME / "docs" / "benchmarks"
DATABASE = HOME / "test-data" / "refdb" / "biomas-tiny-16s" / "1"


def test_the_committed_page_is_what_its_results_give(tmp_path: Path) -> None:
    shutil.copy(RESULTS / "amplicon-truth.json", tmp_path)
    write_page(tmp_path)
    assert (tmp_path / "amplicon-truth.md").read_text() == (RESULTS / "amplicon-truth.md").read_text()


def test_what_sintax_predicts_is_its_last_column(tmp_path: Path) -> None:
    (tmp_path / "sintax.tsv").write_text(
        "r1;size=3\tp:1224(1.00),g:662(0.90),s:680(0.31)\t+\tp:1224,g:662\nr2/1\t\t\t\nr3\tp:976(0.20)\t+\t\n"
    )
    assert sintax_calls(tmp_path / "sintax.tsv") == {"r1;size=3": {"phylum": 1224, "genus": 662}, "r2": {}, "r3": {}}


@pytest.mark.parametrize(
    ("references", "genus", "species"),
    [("NR_029222.1", 662, 680), ("NR_029222.1 NR_024632.1", 662, None), ("NR_029222.1 NR_036943.1", None, None)],
)
def test_the_plain_ancestor_is_what_all_references_share(
    tmp_path: Path, references: str, genus: int | None, species: int | None
) -> None:
    header = "#read\tsize\ttier\tidentity\treferences\n"
    (tmp_path / "kept").write_text(f"{header}a\t1\tupper\t98.00\t{references}\nb\t1\tlower\t92.00\t{references}\n")
    calls = lca_calls(tmp_path / "kept", read_taxonomy(DATABASE))
    assert list(calls) == ["a"]
    assert (calls["a"].get("genus"), calls["a"].get("species")) == (genus, species)
    assert calls["a"]["family"] == 641


def made_collection() -> tuple[list[Reference], Placement]:
    """Six genera of four species with two references each, of 400 bases between the primers; one without a genus."""
    references, lineages = [], {}
    middle = {"forward": "GTGCCAGCAGCCGCGGTAA", "reverse": "ATTAGATACCCTGGTAGTCC"}
    for number in range(48):
        genus, species = number // 8, number // 2
        name = f"r{number:02}"
        bases = "".join("ACGT"[(number * 7 + place * (1 + number % 3)) % 4] for place in range(360))
        references.append(Reference(name, name, middle["forward"] + bases + middle["reverse"], number))
        lineages[name] = (
            ("phylum", "P"), ("class", "C"), ("order", "O"), ("family", "F"), ("genus", f"G{genus}"),
            ("species", f"G{genus} s{species}"),
        )  # fmt: skip
    references.append(Reference("odd", "odd", references[0].sequence, 99))
    lineages["odd"] = (("phylum", "P"), ("species", "odd one"))
    return references, place_lineages(lineages)


SMALL: Community = replace(QUICK, name="small", taxa=("G0", "G1", "G2", "G3"), members=6)


def test_members_are_drawn_from_the_taxa_named_and_the_same_each_time() -> None:
    references, placed = made_collection()
    members = choose_members(SMALL, references, placed)
    assert members == choose_members(SMALL, references[::-1], placed)
    assert len(set(members)) == 3  # all species have two references, so there is no other half
    assert all(int(name[1:]) // 8 < 4 for name in members)
    others = choose_members(replace(SMALL, seed=1, taxa=("G4",)), references, placed)
    assert all(int(name[1:]) // 8 == 4 for name in others)


def test_the_three_databases_lack_what_their_names_say() -> None:
    references, placed = made_collection()
    members = choose_members(SMALL, references, placed)
    collection = references, placed
    kept = {name: {one.name for one in kept_references(SMALL, members, collection, name)} for name in DATABASES}
    assert kept[MEMBERS_IN] == {reference.name for reference in references}
    assert not kept[HELD_OUT] & set(members)
    sequences = {reference.name: reference.sequence for reference in references}
    assert not {sequences[name] for name in kept[HELD_OUT]} & {sequences[name] for name in members}
    genera = choose_genera(SMALL, members, placed)
    assert len(genera) == len({int(name[1:]) // 8 for name in members}) // 2 > 0
    left = {placed.taxa[placed.taxa[placed.taxon_of[name]].parent].taxid for name in kept[GENERA_OUT] if name != "odd"}
    assert not left & genera
    assert kept[GENERA_OUT] < kept[HELD_OUT]


def test_communities_have_seeds_of_their_own_and_pairs_that_do_not_meet_are_among_them() -> None:
    assert len({community.seed for community in COMMUNITIES.values()}) == len(COMMUNITIES) >= 4
    assert len({community.fragment for community in COMMUNITIES.values()}) >= 3
    assert len({community.collection for community in COMMUNITIES.values()}) == 2
    assert [name for name, community in COMMUNITIES.items() if not community.merged] == ["pairs"]


def test_every_engine_that_the_mapping_stages_know_is_measured() -> None:
    assert engines() == ("exact", "bowtie2")


def test_a_mapping_is_made_once_for_the_same_reads_references_and_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[list[str]] = []

    def run_stage(name: str, *words: str | Path) -> None:
        runs.append([name, *map(str, words)])
        outdir = Path(words[words.index("--outdir") + 1])
        outdir.mkdir(exist_ok=True)
        (outdir / "matches.tsv").write_text("#\n")

    monkeypatch.setattr(classifying, "run_stage", run_stage)
    (tmp_path / "references.fasta").write_text(">a\nACGT\n")
    reads = [tmp_path / "1.fastq", tmp_path / "2.fastq"]
    for path in reads:
        path.write_text("@r\nA\n+\nI\n")

    def go(files: list[Path]) -> None:
        classifying._map(files, tmp_path, tmp_path / "map", "bowtie2", 1)

    go(reads[:1])
    go(reads[:1])
    assert [run[0] for run in runs] == ["map_amplicons"]
    go(reads)
    assert runs[1][:5] == ["map_pairs", "--reads-1", str(reads[0]), "--reads-2", str(reads[1])]
    (tmp_path / "references.fasta").write_text(">a\nACGA\n")
    go(reads)
    assert len(runs) == 3
    assert runs[2][-2:] == ["--engine", "bowtie2"]
    classifying._map(reads, tmp_path, tmp_path / "other", "exact", 1)
    assert runs[3][-2:] == ["--engine", "exact"]


def made_results(*names: str) -> dict[str, Any]:
    """Results of one community and database as the benchmark keeps them, the second engine a little worse."""

    def scores(right: int) -> dict[str, list[int]]:
        return {rank: [10, 10, 9, right] for rank in RANKS}

    def engine(right: int) -> dict[str, Any]:
        tiers = {"upper": scores(right), "lower": scores(1)}
        setting = {"all": scores(right), **tiers}
        return {
            "tiers_of_reads": {"upper": 8, "lower": 2}, "scores": scores(right), "tiers": tiers, "lca": scores(2),
            "settings": {label: setting for label, _, _ in OTHER_SETTINGS}, "seconds": 3.0, "core_seconds": 2.5,
        }  # fmt: skip

    members = {"members": 5, **{f"{rank}_in_database": 4 for rank in RANKS}}
    result = {
        "database": {"references": 100, "taxa": 50, "removed": 5}, "members": members, "reads": 10,
        "engines": {name: engine(9 - number) for number, name in enumerate(names)},
        "sintax": {"scores": scores(6), "seconds": 1.0},
    }  # fmt: skip
    entry = {"results": {"words": "made up", "collection": "16S", **result}, "programs": {}}
    return {"schema": 1, "sections": {"small/held-out": {**entry, "measured": "now", "commit": "abc"}}}


@pytest.mark.parametrize(("names", "compared"), [(("bowtie2",), False), (("exact", "bowtie2"), True)])
def test_the_page_has_a_column_for_each_engine(tmp_path: Path, names: tuple[str, ...], compared: bool) -> None:
    (tmp_path / "amplicon-truth.json").write_text(json.dumps(made_results(*names)))
    write_page(tmp_path)
    page = (tmp_path / "amplicon-truth.md").read_text()
    assert ("## Ours, exact search, beside Bowtie 2\n" in page) == compared
    assert ("| small | held out | 9 / 9 | 8 / 9 | 9 / 9 | 8 / 9 | yes |" in page) == compared
    assert ("Core-seconds of the search: exact search 2.5, Bowtie 2 2.5." in page) == compared
    assert f"`{NO_LIMITS}`" in page
    tables = [block.split("\n") for block in page.split("\n\n") if block.startswith("| ")]
    assert all(len({line.count("|") for line in table}) == 1 for table in tables)


def test_the_page_says_where_the_default_engine_is_worse(tmp_path: Path) -> None:
    results = made_results("bowtie2", "exact")
    section = results["sections"]["small/held-out"]["results"]
    section["engines"] = dict(reversed(section["engines"].items()))
    (tmp_path / "amplicon-truth.json").write_text(json.dumps(results))
    write_page(tmp_path)
    assert f"**worse at {', '.join(RANKS)}**" in (tmp_path / "amplicon-truth.md").read_text()
