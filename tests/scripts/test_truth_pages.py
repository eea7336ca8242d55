"""The pages on rRNA and on marker genes are made from their results; what they count is counted rightly."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
from benchmarks.place import RESULTS
from benchmarks.read_taxonomy import marker_page
from benchmarks.read_taxonomy.presence import Truth, species_of_profile, species_of_reads
from benchmarks.rrna import page as rrna_page
from benchmarks.rrna.truth import LENGTH, true_reads

from metapipe.demo.placement import reverse_complement
from metapipe.refdb.readers.annotated_genomes import AnnotatedRrna, Genome


@pytest.mark.parametrize(
    ("name", "write"), [("rrna", rrna_page.write_page), ("marker-profile", marker_page.write_page)]
)
def test_a_page_is_made_from_its_results(name: str, write: object, tmp_path: Path) -> None:
    assert callable(write)
    shutil.copy(RESULTS / f"{name}.json", tmp_path)
    write(tmp_path)
    assert (tmp_path / f"{name}.md").read_text() == (RESULTS / f"{name}.md").read_text()


def test_a_list_is_judged_by_its_species_and_their_shares() -> None:
    truth = Truth({1: 0.75, 2: 0.25}, frozenset({1}))
    assert truth.judged({1: 3.0, 3: 1.0}) == {"called": 2, "right": 1, "known": 1, "l1": 0.5}
    assert truth.judged({1: 30.0, 2: 10.0})["l1"] == 0.0
    assert truth.judged({}) == {"called": 0, "right": 0, "known": 1, "l1": 1.0}


def test_species_are_read_from_both_lists(tmp_path: Path) -> None:
    (tmp_path / "profile.tsv").write_text("#taxid\trank\tcells\n5\tgenus\t2.0\n7\tspecies\t1.5\n")
    assert species_of_profile(tmp_path / "profile.tsv") == {7: 1.5}
    genus = "1:no rank:root;5:genus:Vibrio"
    rows = [f"{genus};7:species:V a"] * 3 + [f"{genus};8:species:V b", genus, ""]
    (tmp_path / "reads.tsv").write_text("#read\tlineage\n" + "".join(f"r\t{row}\n" for row in rows))
    assert species_of_reads(tmp_path / "reads.tsv", 1) == {7: 3.0, 8: 1.0}
    assert species_of_reads(tmp_path / "reads.tsv", 2) == {7: 3.0}


def test_true_reads_say_what_they_cover() -> None:
    bases = "".join(random.Random(2).choices("ACGT", k=3000))
    genes = (AnnotatedRrna(1001, 1600, "+", "16S"), AnnotatedRrna(1700, 1810, "-", "5S"))
    made = true_reads({"escherichia-coli": Genome("a", "o", "1", bases, (), genes)}, per_start=0.1, per_genome=40)
    assert len(made) == 40 + 75 + 26
    assert len({read.name for read in made}) == len(made)
    for read in made:
        assert (len(read.bases), read.domain) == (LENGTH, "bacteria")
        inner = read.bases[60:90]
        covered = set(read.covers)
        assert covered <= {"16S", "5S"}
        assert all(0 < shared <= LENGTH for shared in read.covers.values())
        place = max(bases.find(inner), bases.find(reverse_complement(inner)))
        if place >= 0 and "16S" in covered:
            forward = inner in bases
            assert read.strand["16S"] == ("+" if forward else "-")
            assert 1000 - LENGTH < place < 1600 + LENGTH
