"""The benchmark of read taxonomy: who is left out of which database, how calls are judged, what the page shows."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from benchmarks.read_taxonomy.coding import by_coding
from benchmarks.read_taxonomy.communities import (
    COMMUNITIES,
    GENOMES,
    MEMBERS_IN,
    MEMBERS_OUT,
    SPECIES_OUT,
    kept_genomes,
)
from benchmarks.read_taxonomy.judging import Truth, judge
from benchmarks.read_taxonomy.page import write_page

from metapipe.refdb.readers.taxdump import Node
from metapipe.refdb.sources import find_source

RESULTS = Path(__file__).parents[2] / "docs" / "benchmarks"


def made_nodes() -> dict[int, Node]:
    """Each genome below a species of its own, those with the same first two words in their names below one."""
    nodes = {1: Node(1, "no rank", "root")}
    for alias in [*GENOMES, *(alias for one in COMMUNITIES.values() for member in one.members for alias in member)]:
        source = find_source(alias)[1]
        name = " ".join(source.organism.split()[:2])
        species = 10_000_000 + sum(map(ord, name))
        nodes[species] = Node(1, "species", name)
        nodes[int(source.taxid)] = Node(species, "strain", source.organism)
    return nodes


def test_databases_hold_everything_or_other_strains_or_no_genome_of_the_species() -> None:
    nodes, mixed = made_nodes(), COMMUNITIES["mixed"]
    assert kept_genomes(mixed, MEMBERS_IN, nodes) == list(GENOMES)
    out = kept_genomes(mixed, MEMBERS_OUT, nodes)
    assert "escherichia-coli" not in out
    assert {"escherichia-coli-dh1", "staphylococcus-aureus-rf122", "roseobacter-denitrificans"} <= set(out)
    species_out = kept_genomes(mixed, SPECIES_OUT, nodes)
    assert not [alias for alias in species_out if alias.startswith(("escherichia", "staphylococcus", "helicobacter"))]
    assert "mycolicibacterium-smegmatis" in species_out


OWN, OTHER = {"phylum": 2, "genus": 4, "species": 5}, {"phylum": 2, "genus": 6, "species": 7}
TAXA = {5: OWN, 7: OTHER, 2: {"phylum": 2}, 1: {}}


def truth_of(reads: dict[str, int], in_database: set[int], foreign: set[str] | None = None) -> Truth:
    lineages = {read: TAXA[taxid] for read, taxid in reads.items()}
    return Truth(lineages, frozenset(foreign or ()), TAXA, frozenset(in_database))


def test_a_call_of_what_the_database_lacks_is_wrong_and_no_call_is_not() -> None:
    truth = truth_of(dict.fromkeys(("a-1", "a-2", "a-3"), 5), {1, 2, 6, 7}, {"a-3"})
    found = judge({"a-1": 7, "a-2": 2}, truth)
    assert found["scores"]["genus"] == [3, 0, 1, 0]
    assert found["scores"]["phylum"] == [3, 3, 2, 2]
    assert (found["classified"], found["foreign_classified"]) == (2, 0)


def test_shares_are_compared_with_what_could_have_a_taxon() -> None:
    reads = {"a-1": 5, "a-2": 5, "a-3": 7, "b-1": 1}
    whole = truth_of(reads, {1, 2, 4, 5, 6, 7})
    right = judge({"a-1": 5, "a-2": 5, "a-3": 7}, whole)
    assert right["l1"] == right["l1_placed"] == {"genus": 0.0, "species": 0.0}
    half = judge({"a-1": 5, "a-3": 7}, whole)
    assert half["l1"]["genus"] == 0.5, "a quarter of all reads is missed, and is too much in the class of none"
    assert half["l1_placed"]["genus"] == round(2 * (2 / 3 - 1 / 2), 4)
    lacking = truth_of(reads, {1, 2, 6, 7})
    assert judge({"a-3": 7}, lacking)["l1"]["genus"] == 0.0, "what the database lacks belongs to those without a taxon"
    assert judge({"a-3": 7, "a-1": 7}, lacking)["l1"]["genus"] == 0.5


def test_the_bases_of_reads_within_genes_are_counted_by_steps() -> None:
    coding = {"a": 0, "b": 29, "c": 30, "d": 150}
    found = by_coding(coding, lambda read: read in "cd")
    assert (found["0"], found["30"], found["60"], found["150"]) == ([2, 0], [1, 1], [0, 0], [1, 1])


def draw(right: int, l1: float) -> dict[str, Any]:
    """A draw of ten reads of one genus."""
    shares = {"genus": l1, "species": l1}
    scores = {rank: [10, 10, 10, right] for rank in ("phylum", "class", "order", "family", "genus", "species")}
    costs = {"cpu_seconds": 2.0, "wall_seconds": 3.0, "mib": 100}
    return {"classified": 10, "foreign_classified": 0, "scores": scores, "l1": shares, "l1_placed": shares, **costs}


def test_draws_are_taken_together_and_the_range_of_each_is_shown(tmp_path: Path) -> None:
    ours = {"paired": False, "setting": False, "draws": {"1": draw(6, 0.25), "2": draw(10, 0.75)}}
    other = {"paired": False, "setting": False, "draws": {"1": draw(5, 0.5)}}
    results = {
        "words": "made up.",
        "reads": {"1": 10, "2": 10},
        "foreign": {"1": 0, "2": 0},
        "runs": {"ours": ours, "slow": other},
        "databases": {"ours": {"bytes": 2e6}},
        "coding": {"1": {"0": [4, 1], "30": [0, 0], "60": [6, 6]}, "2": {"0": [4, 1], "30": [0, 0], "60": [6, 6]}},
    }
    entry = {"measured": "today", "commit": "abc", "programs": {"diamond": "2"}, "results": results}
    (tmp_path / "read-taxonomy.json").write_text(json.dumps({"sections": {"marine/members-in": entry}}))
    write_page(tmp_path)
    page = (tmp_path / "read-taxonomy.md").read_text()
    assert "| ours | 0.800 (0.600–1.000) |" in page
    assert "| ours | 0.500 (0.250–0.750) |" in page
    assert "20 reads or pairs in 2 draws." in page
    assert "| slow, one draw | 0.500 / 0.500 / **0.500** |" in page
    assert "| 0–29 | 8 | 2 (25.0%) |" in page
    assert "| 30–59 | 0 | – |" in page
    assert "| 60 | 12 | 12 (100.0%) |" in page


def test_the_page_is_made_from_its_results(tmp_path: Path) -> None:
    shutil.copy(RESULTS / "read-taxonomy.json", tmp_path)
    write_page(tmp_path)
    assert (tmp_path / "read-taxonomy.md").read_text() == (RESULTS / "read-taxonomy.md").read_text()
    for entry in json.loads((tmp_path / "read-taxonomy.json").read_text())["sections"].values():
        for run in entry["results"]["runs"].values():
            for one in run["draws"].values():
                assert all(right <= min(known, called) for _, known, called, right in one["scores"].values())
