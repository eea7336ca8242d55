"""The benchmark of read taxonomy: who is left out of which database, how calls are judged, what the page shows."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from benchmarks.parts.read_taxonomy import _judged
from benchmarks.read_taxonomy.communities import (
    COMMUNITIES,
    GENOMES,
    MEMBERS_IN,
    MEMBERS_OUT,
    SPECIES_OUT,
    kept_genomes,
)
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


def test_a_call_of_what_the_database_lacks_is_wrong_and_no_call_is_not() -> None:
    own, other = {"phylum": 2, "genus": 4, "species": 5}, {"phylum": 2, "genus": 6, "species": 7}
    lineages = {5: own, 7: other, 2: {"phylum": 2}}
    truth = dict.fromkeys(("a-1", "a-2", "a-3"), lineages[5])
    found = _judged({"a-1": 7, "a-2": 2}, truth, {"a-3"}, lineages, frozenset({1, 2, 6, 7}))
    assert found["scores"]["genus"] == [3, 0, 1, 0]
    assert found["scores"]["phylum"] == [3, 3, 2, 2]
    assert (found["classified"], found["foreign_classified"]) == (2, 0)
    assert found["l1"]["genus"] == 2.0
    same = _judged(dict.fromkeys(truth, 5), truth, set(), lineages, frozenset({5, 4, 2}))
    assert same["l1"] == {"genus": 0.0, "species": 0.0}


def test_the_page_is_made_from_its_results(tmp_path: Path) -> None:
    shutil.copy(RESULTS / "read-taxonomy.json", tmp_path)
    write_page(tmp_path)
    assert (tmp_path / "read-taxonomy.md").read_text() == (RESULTS / "read-taxonomy.md").read_text()
    for entry in json.loads((tmp_path / "read-taxonomy.json").read_text())["sections"].values():
        for one in entry["results"]["runs"].values():
            assert all(right <= min(known, called) for _, known, called, right in one["scores"].values())
