"""Tables of families: KOfam's and NCBIfam's."""

from __future__ import annotations

from pathlib import Path

import published_sets
import pytest

from metapipe.errors import MetapipeError
from metapipe.refdb.builders.build import build_from_file
from metapipe.refdb.readers.family_table import TabledFamily, read_family_table

KOFAM = "knum\tthreshold\tscore_type\tdefinition\n"
NCBIFAM = "#ncbi_accession\tlabel\tproduct_name\tgene_symbol\tec_numbers\tgo_terms\n"


def read(folder: Path, text: str) -> dict[str, TabledFamily]:
    (folder / "list").write_text(text)
    return read_family_table(folder / "list")


def test_kofam_thresholds_are_of_the_sequence_or_of_a_domain(tmp_path: Path) -> None:
    rows = "K1\t30.5\tdomain\tkinase [EC:2.7.1.1]\nK2\t20\tfull\tligase\nK3\t-\t-\tother β-thing\n"
    assert read(tmp_path, KOFAM + rows) == {
        "K1": TabledFamily("kinase", ("2.7.1.1",), (), (30.5, 30.5)),
        "K2": TabledFamily("ligase", (), (), (20.0, 0.0)),
        "K3": TabledFamily("other beta-thing"),
    }


def test_ncbifam_has_columns_for_ec_numbers_and_go_terms(tmp_path: Path) -> None:
    found = read(tmp_path, NCBIFAM + "NF000001.1\tabc\tnitrite reductase\tnirK\t1.7.2.1\tGO:0050421,GO:0005507\n")
    assert found == {"NF000001.1": TabledFamily("nitrite reductase", ("1.7.2.1",), ("GO:0050421", "GO:0005507"))}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\tb\n", r"E111 list line 1: expected the header of KOfam's ko_list"),
        ("\n", r"E111 list line 1: expected the header of KOfam's ko_list"),
        (KOFAM + "K1\t30\n", r"E111 list line 2: expected 4 columns, found '2 columns'"),
        (KOFAM + "K1\tmany\tfull\tx\n", r"E111 list line 2: expected a threshold, or '-', found 'many'"),
        (KOFAM + "K1\tinf\tfull\tx\n", r"E111 list line 2: expected a bit score, found 'inf'"),
    ],
)
def test_a_table_of_another_kind_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(MetapipeError, match=f"METAPIPE-{message}"):
        read(tmp_path, text)


def test_a_table_of_other_families_is_refused(tmp_path: Path) -> None:
    (tmp_path / "own.hmm").write_bytes(published_sets.profile("own"))
    (tmp_path / "list").write_text(KOFAM + "K1\t30.5\tdomain\tkinase\n")
    with pytest.raises(MetapipeError, match=r"METAPIPE-E112 own.hmm: expected families that the table .*, found 'own'"):
        build_from_file(
            "hmm", tmp_path / "own.hmm", tmp_path / "db", families=tmp_path / "list", name="own", version="1"
        )


def test_a_missing_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MetapipeError, match="METAPIPE-E201 nothing"):
        read_family_table(tmp_path / "nothing")
