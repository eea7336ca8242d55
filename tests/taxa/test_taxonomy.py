"""Taxonomies of databases: read, checked, numbered."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metapipe.errors import MetapipeError
from metapipe.taxa.taxonomy import ReferenceRow, TaxonRow, make_taxonomy, read_taxonomy

TAXA = """#taxid parent rank name flags
1  no_rank root
2 1 superkingdom Bacteria
9 2 no_rank unclassified_Bacteria unclassified
10 9 species bacterium_X
5 2 genus Vibrio
7 5 species Vibrio_cholerae
8 7 no_rank Vibrio_cholerae_N16961
6 5 species Vibrio_fischeri
"""
REFERENCES = """#reference taxid
r1 8
r2 7
r3 7
r4 6
r5 10
r6 5
"""


def table(text: str) -> bytes:
    """Rows with blanks for tabs and low lines for blanks; rows without flags get the empty cell."""
    lines = [line.replace(" ", "\t").replace("_", " ") for line in text.splitlines()]
    width = lines[0].count("\t")
    return b"".join((line + "\t" * (width - line.count("\t")) + "\n").encode() for line in lines)


def folder(path: Path, taxa: str = TAXA, references: str = REFERENCES) -> Path:
    (path / "taxonomy.tsv").write_bytes(table(taxa))
    (path / "references.tsv").write_bytes(table(references))
    return path


def test_taxa_and_references_under_a_taxon_are_intervals(tmp_path: Path) -> None:
    taxonomy = read_taxonomy(folder(tmp_path))
    assert taxonomy.taxids.tolist() == [1, 2, 5, 6, 7, 8, 9, 10]
    assert taxonomy.parents.tolist() == [0, 0, 1, 2, 2, 4, 1, 6]
    assert taxonomy.depths.tolist() == [0, 1, 2, 3, 3, 4, 2, 3]
    assert taxonomy.ends.tolist() == [8, 8, 6, 4, 6, 6, 8, 8]
    assert taxonomy.references == ("r6", "r4", "r2", "r3", "r1", "r5")
    assert taxonomy.first_references.tolist() == [0, 0, 0, 1, 2, 4, 5, 5]
    assert taxonomy.end_references.tolist() == [6, 6, 5, 2, 5, 5, 6, 6]
    assert taxonomy.reference_numbers["r1"] == 4
    assert taxonomy.taxon_numbers[7] == 4


def test_what_is_below_a_species_counts_with_it_and_what_is_below_an_unclassified_taxon_too(tmp_path: Path) -> None:
    taxonomy = read_taxonomy(folder(tmp_path))
    assert taxonomy.taxids[taxonomy.species_or_below].tolist() == [6, 7, 8, 10]
    assert taxonomy.taxids[taxonomy.unclassified].tolist() == [9, 10]


def test_a_strain_without_a_species_above_is_below_species(tmp_path: Path) -> None:
    taxonomy = read_taxonomy(folder(tmp_path, TAXA + "11 5 strain Vibrio_sp._K\n12 5 species_group Vibrio_group\n"))
    assert taxonomy.species_or_below[taxonomy.taxon_numbers[11]]
    assert not taxonomy.species_or_below[taxonomy.taxon_numbers[12]]


def test_a_lineage_goes_from_the_root_to_the_taxon(tmp_path: Path) -> None:
    taxonomy = read_taxonomy(folder(tmp_path))
    assert taxonomy.lineage(taxonomy.taxon_numbers[7]) == [0, 1, 2, 4]
    assert taxonomy.lineage_text(4) == "1:no rank:root;2:superkingdom:Bacteria;5:genus:Vibrio;7:species:Vibrio cholerae"
    assert taxonomy.lineage_text(0) == "1:no rank:root"


@pytest.mark.parametrize(
    ("taxa", "message"),
    [
        ("", "taxonomy.tsv line 1: expected a header line '#taxid, parent, rank, name, flags', divided by tabs"),
        ("#taxid parent rank name\n1  a b\n", "line 1: expected a header line"),
        ("#taxid parent rank name flags\n", "taxonomy.tsv: expected a root: one taxon without a parent, found 'none"),
        (
            TAXA.replace("5 2 genus", "5 2 genus x y z"),
            "line 6: expected 5 columns, divided by tabs, found '7",
        ),
        (TAXA.replace("5 2 genus", "x 2 genus"), "line 6: expected a taxid (a whole number above 0), found 'x'"),
        (TAXA.replace("5 2 genus", "0 2 genus"), "line 6: expected a taxid (a whole number above 0), found '0'"),
        (TAXA.replace("5 2 genus", "9" * 5000 + " 2 genus"), "line 6: expected a taxid (a whole number above 0)"),
        (TAXA.replace("5 2 genus", "5 -2 genus"), "line 6: expected the taxid of the parent, or nothing for the root"),
        (TAXA.replace("5 2 genus", "5 2 "), "line 6: expected a rank, without ';' and ':', found ''"),
        (TAXA.replace("Vibrio\n", "Vib;rio\n"), "line 6: expected a name, without ';', found 'Vib;rio'"),
        (TAXA.replace("X\n", "X merged\n"), "line 5: expected 'unclassified' or nothing in column flags, found"),
        (TAXA + "5 1 genus Other\n", "line 10: expected every taxid once (line 6 has it already), found '5'"),
        (TAXA.replace("5 2 genus", "5 3 genus"), "line 6: expected a parent that is a taxon of this table, found '3'"),
        (TAXA + "11  genus Other\n", "line 10: expected a parent: only the root has none, and that is taxon 1 of line"),
        (TAXA.replace("1  no", "1 1 no"), "taxonomy.tsv: expected a root: one taxon without a parent, found 'none"),
        (TAXA.replace("5 2 g", "5 8 g"), "line 6: expected parents that lead to the root, found 'a cycle: 5 > 8 > 7 >"),
        (TAXA.replace("5 2 genus", "5 5 genus"), "line 6: expected parents that lead to the root, found 'a cycle: 5 >"),
    ],
)
def test_a_damaged_taxonomy_is_refused_with_file_line_expected_and_found(
    tmp_path: Path, taxa: str, message: str
) -> None:
    if taxa:
        folder(tmp_path, taxa)
    else:
        folder(tmp_path)
        (tmp_path / "taxonomy.tsv").write_bytes(b"1\t\tno rank\troot\t\n")
    with pytest.raises(MetapipeError) as caught:
        read_taxonomy(tmp_path)
    assert caught.value.code == "E206"
    assert "taxonomy.tsv" in str(caught.value)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("references", "message"),
    [
        ("#reference taxid\n", "references.tsv: expected at least one reference, found 'none'"),
        ("#name taxid\nr 7\n", "references.tsv line 1: expected a header line '#reference, taxid', divided by tabs"),
        (REFERENCES + "r7 77\n", "references.tsv line 8: expected a taxon that the taxonomy has, found '77'"),
        (REFERENCES + "r7 \n", "references.tsv line 8: expected a taxid (a whole number above 0), found ''"),
        (REFERENCES + "r1 7\n", "references.tsv line 8: expected every reference once, found 'r1'"),
        (REFERENCES + "a_b 7\n", "references.tsv line 8: expected the name of a reference, without blanks"),
        (REFERENCES + " 7\n", "references.tsv line 8: expected the name of a reference, without blanks, found ''"),
    ],
)
def test_damaged_references_are_refused_with_file_line_expected_and_found(
    tmp_path: Path, references: str, message: str
) -> None:
    with pytest.raises(MetapipeError) as caught:
        read_taxonomy(folder(tmp_path, references=references))
    assert caught.value.code == "E206"
    assert message in str(caught.value)


def test_the_code_is_the_builders_when_a_users_own_files_are_checked(tmp_path: Path) -> None:
    with pytest.raises(MetapipeError, match=r"METAPIPE-E111 references.tsv line 8"):
        read_taxonomy(folder(tmp_path, references=REFERENCES + "r7 77\n"), "E111")


def test_a_table_that_is_empty_missing_or_not_utf8_is_refused(tmp_path: Path) -> None:
    path = folder(tmp_path) / "taxonomy.tsv"
    path.write_bytes(b"")
    with pytest.raises(MetapipeError, match=r"E206 taxonomy.tsv: expected a header line, found 'an empty file'"):
        read_taxonomy(tmp_path)
    path.write_bytes(table(TAXA).replace(b"fischeri", b"fisch\xe9ri"))
    with pytest.raises(MetapipeError, match=r"E206 taxonomy.tsv line 9: expected UTF-8 text"):
        read_taxonomy(tmp_path)
    path.unlink()
    with pytest.raises(MetapipeError, match=r"E206 taxonomy.tsv: cannot be read"):
        read_taxonomy(tmp_path)


@given(st.data())
def test_numbers_depend_on_the_tree_and_not_on_the_order_of_rows(data: st.DataObject) -> None:
    above = [data.draw(st.integers(0, max(0, number - 1))) for number in range(data.draw(st.integers(1, 12)))]
    taxids = data.draw(st.permutations(range(1, len(above) + 1)))
    taxa = [
        TaxonRow(taxid, None if number == 0 else taxids[above[number]], "no rank", f"t{taxid}", "", number + 2)
        for number, taxid in enumerate(taxids)
    ]
    places = data.draw(st.lists(st.sampled_from(taxids), min_size=1, max_size=8))
    references = [ReferenceRow(f"r{number}", taxid, number + 2) for number, taxid in enumerate(places)]
    taxonomy = make_taxonomy(taxa, references)
    shuffled = random.Random(1)
    shuffled.shuffle(taxa)
    shuffled.shuffle(references)
    again = make_taxonomy(taxa, references)
    assert (taxonomy.names, taxonomy.references) == (again.names, again.references)
    assert taxonomy.ends.tolist() == again.ends.tolist()
    for taxon in range(len(taxa)):
        below = [other for other in range(len(taxa)) if taxon in taxonomy.lineage(other)]
        assert below == list(range(taxon, int(taxonomy.ends[taxon])))
        under = [n for n, own in enumerate(taxonomy.reference_taxa) if own in below]
        assert under == list(range(int(taxonomy.first_references[taxon]), int(taxonomy.end_references[taxon])))
