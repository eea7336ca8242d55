from __future__ import annotations

from pathlib import Path

import pytest

from metapipe.errors import MetapipeError
from metapipe.refdb.builders.ssu import genus_of_organism
from metapipe.refdb.readers.lineages import ROOT
from metapipe.refdb.readers.marisa import RecordTrie


def committed_taxa(test_data: Path) -> dict[int, list[str]]:
    lines = (test_data / "refdb/biomas-tiny-16s/1/taxonomy.tsv").read_text().splitlines()[1:]
    return {int(line.split("\t")[0]): line.split("\t")[1:] for line in lines}


def test_the_tiny_database_holds_congeners_several_phyla_and_one_unclassified_taxon(test_data: Path) -> None:
    taxa = committed_taxa(test_data)
    rows = (test_data / "refdb/biomas-tiny-16s/1/references.tsv").read_text().splitlines()[1:]
    lineages = []
    for row in rows:
        taxid, steps = int(row.split("\t")[1]), {}
        while taxid != ROOT:
            parent, rank, name, _ = taxa[taxid]
            steps[rank], taxid = name, int(parent)
        lineages.append(steps)
    assert len(rows) == 76
    assert len({steps["phylum"] for steps in lineages}) == 6
    assert len({steps["genus"] for steps in lineages}) == 18
    assert sum(steps["genus"] == "Vibrio" for steps in lineages) == 10
    assert [name for _, _, name, flags in taxa.values() if flags] == ["unclassified Polaribacter"]


def test_a_name_not_validly_published_gives_its_genus() -> None:
    assert genus_of_organism("'Vibrio' sp. 3") == "Vibrio"


def test_what_is_no_trie_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taxa.marisa").write_bytes(b"something else")
    with pytest.raises(MetapipeError, match=r"METAPIPE-E205 taxa.marisa: expected a MARISA trie"):
        RecordTrie(tmp_path / "taxa.marisa", "I")


def test_a_trie_cut_short_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taxa.marisa").write_bytes(b"We love Marisa.\0" + (1 << 20).to_bytes(8, "little"))
    with pytest.raises(MetapipeError, match=r"METAPIPE-E205 taxa.marisa: the MARISA trie is damaged"):
        RecordTrie(tmp_path / "taxa.marisa", "I")
