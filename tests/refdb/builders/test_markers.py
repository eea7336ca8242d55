"""Of the proteins of genomes those are kept that are markers, each named after its gene."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from metapipe.errors import MetapipeError
from metapipe.refdb.builders.markers import (
    MarkerProfile,
    build_markers,
    marker_proteins,
    profile_sources,
    read_marker_profiles,
)
from metapipe.refdb.fetch import obtain
from metapipe.refdb.readers.lineages import place_lineages, read_lineage
from metapipe.refdb.readers.proteins import Protein, read_fasta
from metapipe.taxa.ancestry import read_ancestry

PLACED = place_lineages({"a": read_lineage("d__Bacteria;g__Vibrio")})


@pytest.fixture(scope="module")
def profiles() -> list[MarkerProfile]:
    downloads = Path(__file__).resolve().parents[3] / ".build" / "downloads"
    return read_marker_profiles(obtain(profile_sources(), downloads))


@pytest.fixture(scope="module")
def committed() -> dict[str, str]:
    folder = Path(__file__).resolve().parents[3] / "test-data/refdb/metapipe-tiny-markers/1"
    return dict(read_fasta(folder / "proteins.fasta"))


def test_the_profiles_are_those_of_forty_genes_each_with_its_cut_off(profiles: list[MarkerProfile]) -> None:
    assert len({profile.marker for profile in profiles}) == len(profiles) == 40
    assert "COG0086" not in {profile.marker for profile in profiles}  # fetchMGs leaves it out, too
    assert all(profile.hmm.cutoffs.trusted[0] >= 60 for profile in profiles)


def test_each_committed_protein_is_taken_by_the_profile_it_is_named_after(
    profiles: list[MarkerProfile], committed: dict[str, str]
) -> None:
    given = [
        (Protein(name.partition(".")[2], residues), name.partition(".")[0]) for name, residues in committed.items()
    ]
    found = list(marker_proteins(given, profiles))
    assert [protein.accession.partition(".")[0] for protein, _ in found] == [marker for _, marker in given]


def test_other_proteins_are_left_out(profiles: list[MarkerProfile]) -> None:
    residues = "".join(random.Random(4).choices("ACDEFGHIKLMNPQRSTVWY", k=300))
    proteins = [(Protein("random", residues), "a"), (Protein("empty", ""), "a"), (Protein("odd", "MKX*U"), "a")]
    assert list(marker_proteins(proteins, profiles)) == []


def test_a_database_of_no_marker_is_refused(profiles: list[MarkerProfile], tmp_path: Path) -> None:
    with pytest.raises(MetapipeError, match=r"METAPIPE-E108 .*no protein to build a database from"):
        build_markers([(Protein("random", "MKVL" * 30), "a")], PLACED, tmp_path, profiles=profiles)


def test_a_database_says_how_many_genes_it_has(
    profiles: list[MarkerProfile], committed: dict[str, str], tmp_path: Path
) -> None:
    name = next(name for name in committed if name.startswith("COG0093."))
    proteins = [(Protein("one", committed[name]), "a"), (Protein("two", committed[name]), "a")]
    built = build_markers(proteins, PLACED, tmp_path, profiles=profiles)
    vibrio = read_ancestry(tmp_path).taxids[-1]
    assert [header for header, _ in read_fasta(tmp_path / "proteins.fasta")] == [
        f"COG0093.one_{vibrio}",
        f"COG0093.two_{vibrio}",
    ]
    assert (built.counts["proteins"], built.counts["markers"]) == (2, 1)
    assert "pyhmmer" in built.tool


def test_a_profile_without_a_cut_off_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cutoffs.txt").write_text("#CUTOFFS\n")
    paths = {alias: tmp_path / f"{alias}.hmm" for alias in profile_sources()}
    with pytest.raises(MetapipeError, match=r"METAPIPE-E205 cutoffs\.txt: expected a cut-off of"):
        read_marker_profiles({**paths, "marker-cutoffs": tmp_path / "cutoffs.txt"})
