"""Bacteria of one collection and archaea of another come under one taxonomy; what has no name there stays above."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from metapipe.errors import MetapipeError
from metapipe.refdb.builders import ssu_archaea
from metapipe.refdb.builders.ssu_archaea import ARCHAEA, build_with_archaea, deepest_taxid
from metapipe.refdb.readers.lineages import read_lineage
from metapipe.refdb.readers.references import Reference
from metapipe.refdb.readers.taxdump import Node, placement
from metapipe.taxa.domains import domains_of_life
from metapipe.taxa.taxonomy import read_taxonomy

#: NCBI's taxonomy of today; in the one of 2013, Thermoproteota was called Crenarchaeota.
TODAY = {
    1: Node(1, "no rank", "root"),
    2: Node(1, "superkingdom", "Bacteria"),
    662: Node(2, "genus", "Vibrio"),
    ARCHAEA: Node(1, "superkingdom", "Archaea"),
    28889: Node(ARCHAEA, "phylum", "Thermoproteota"),
    2182: Node(ARCHAEA, "genus", "Methanococcus"),
    2190: Node(2182, "species", "Methanocaldococcus jannaschii"),
}
OF_2013 = {
    28889: [("Crenarchaeota", "scientific name")],
    2182: [("Methanococcus", "scientific name")],
    2190: [("Methanocaldococcus jannaschii", "scientific name"), ("Methanococcus jannaschii", "synonym")],
    662: [("Vibrio", "scientific name")],
    99999: [("Goneales", "scientific name")],
}
GREENGENES = {
    "11": "k__Archaea; p__Crenarchaeota; c__MBGA; o__; f__; g__; s__",
    "12": "k__Archaea; p__Euryarchaeota; c__; o__; f__; g__[Methanococcus]; s__",
    "13": "k__Archaea; p__Euryarchaeota; c__; o__Goneales; f__; g__; s__",
    "14": "k__Archaea; p__Euryarchaeota; c__; o__; f__; g__Methanococcus; s__jannaschii",
    "15": "k__Archaea; p__Euryarchaeota; c__; o__; f__; g__Vibrio; s__",
    "16": "k__Archaea; p__Euryarchaeota; c__; o__; f__; g__Methanococcus; s__",
    "20": "k__Bacteria; p__Proteobacteria; c__; o__; f__; g__Vibrio; s__",
}


class FakeTaxonomy:
    def parent(self, taxid: int) -> int | None:
        return TODAY[taxid].parent if taxid in TODAY else None

    def node(self, taxid: int) -> Node:
        return TODAY[taxid]


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Files of small collections; RefSeq's builder, which has tests of its own, gives one reference of Vibrio."""
    bacterium = Reference("NR_1.1", "NR_1.1", "ACGTACGTAA", 1)
    placed = placement({"NR_1.1": 662}, {taxid: TODAY[taxid] for taxid in (2, 662)})
    monkeypatch.setattr(ssu_archaea, "refseq_references", lambda *_: ([bacterium], placed))
    monkeypatch.setattr(ssu_archaea, "taxon_db", lambda _: FakeTaxonomy())
    with gzip.open(tmp_path / "97.fasta.gz", "wt") as fasta:
        # The two of Methanococcus that end at the genus have the same bases.
        for name in GREENGENES:
            fasta.write(f">{name}\n{'GGGGCCCC' if name in ('12', '16') else 'ACGT' * int(name)}\n")
    with gzip.open(tmp_path / "97.txt.gz", "wt") as table:
        table.writelines(f"{name}\t{lineage}\n" for name, lineage in GREENGENES.items())
    rows = [f"{taxid}\t|\t{name}\t|\t\t|\t{kind}\t|\n" for taxid, names in OF_2013.items() for name, kind in names]
    (tmp_path / "names.dmp").write_text("".join(rows))
    return {
        "greengenes-97": tmp_path / "97.fasta.gz",
        "greengenes-97-taxonomy": tmp_path / "97.txt.gz",
        "ncbi-nodes": tmp_path / "nodes.dmp",
        "ncbi-synonyms": tmp_path / "names.dmp",
        "ncbi-taxa": tmp_path / "taxa.marisa",
    }


def test_each_archaeon_is_placed_at_the_deepest_name_that_ncbi_has_today(
    paths: dict[str, Path], tmp_path: Path
) -> None:
    (tmp_path / "db").mkdir()
    built = build_with_archaea(paths, tmp_path / "db")
    taxonomy = read_taxonomy(tmp_path / "db")
    taxa = {
        name: taxonomy.names[taxonomy.reference_taxa[number]] for name, number in taxonomy.reference_numbers.items()
    }
    assert taxa == {
        "NR_1.1": "Vibrio",
        "gg_11": "Thermoproteota",  # called otherwise in 2013; nobody knows MBGA
        "gg_12": "Methanococcus",
        "gg_13": "Archaea",  # NCBI has given up the number of its order
        "gg_14": "Methanocaldococcus jannaschii",  # by a synonym
        "gg_15": "Archaea",  # a name of a bacterium
    }
    assert domains_of_life(taxonomy.names, taxonomy.ranks) == ("archaea", "bacteria")
    assert built.counts["references"] == 6
    assert {name: built.counts[name] for name in built.counts if "archaea" in name or "bacteria" in name} == {
        "of_bacteria": 1,
        "of_archaea": 5,
        "of_archaea_with_genus": 2,
        "archaea_repeated": 1,
    }


def test_a_recipe_may_name_the_references_it_wants(paths: dict[str, Path]) -> None:
    references, placed, _ = ssu_archaea.archaeal_references(paths, ["gg_14", "gg_11"])
    assert [reference.name for reference in references] == ["gg_11", "gg_14"]
    assert placed.taxon_of == {"gg_11": 28889, "gg_14": 2190}


def test_a_name_that_greengenes_lacks_is_refused(paths: dict[str, Path]) -> None:
    with pytest.raises(MetapipeError, match=r"METAPIPE-E702 .*found '20'"):
        ssu_archaea.archaeal_references(paths, ["gg_20"])


def test_a_taxonomy_that_runs_in_a_circle_holds_no_archaea() -> None:
    lineage = read_lineage("k__Archaea; g__Methanococcus")
    assert deepest_taxid(lineage, {"Methanococcus": 5}, {5: 6, 6: 5}.get) == ARCHAEA
