from __future__ import annotations

from pathlib import Path

import pytest

from metapipe.refdb.readers.ontology import Term, ec_of_go, most_special, read_terms

TERMS = {
    accession: Term(accession, name, parents, ec)
    for accession, name, parents, ec in [
        ("GO:1", "molecular_function", (), ()),
        ("GO:2", "catalytic activity", ("GO:1",), ()),
        ("GO:3", "lyase activity", ("GO:2",), ()),
        ("GO:4", "sirohydrochlorin cobaltochelatase activity", ("GO:3", "GO:1"), ("4.99.1.3",)),
        ("GO:5", "metal ion binding", ("GO:1",), ()),
        ("GO:6", "transporter activity", ("GO:1",), ()),
    ]
}


def test_only_complete_ec_numbers_of_go_terms_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "go.obo"
    path.write_text(
        "xref: EC:9.9.9.9\n[Term]\nid: GO:0000001\nxref: EC:2.4.1.-\nxref: EC:2.4.1.7 {source=x}\nxref: KEGG:R1\n"
        "xref: EC:1.1.1.1\n\n[Typedef]\nid: part_of\nxref: EC:3.3.3.3\n[Term]\nid: GO:0000002\nxref: EC:2.4.1.-\n"
    )
    assert ec_of_go(read_terms(path)) == {"GO:0000001": ("1.1.1.1", "2.4.1.7")}


def test_names_and_parents_are_read(tmp_path: Path) -> None:
    path = tmp_path / "go.obo"
    path.write_text("[Term]\nid: GO:0000002\nname: lyase activity\nis_a: GO:0000001 ! catalytic activity\n")
    assert read_terms(path) == {"GO:0000002": Term("GO:0000002", "lyase activity", ("GO:0000001",), ())}


@pytest.mark.parametrize(
    ("accessions", "expected"),
    [
        (["GO:3", "GO:5", "GO:4"], ["GO:4", "GO:5"]),
        (["GO:5", "GO:6"], ["GO:6", "GO:5"]),
        (["GO:2", "GO:3", "GO:1"], ["GO:3"]),
        (["GO:6", "GO:3"], ["GO:3", "GO:6"]),
        (["GO:9"], []),
    ],
)
def test_the_most_special_terms_come_first(accessions: list[str], expected: list[str]) -> None:
    assert [term.accession for term in most_special(accessions, TERMS)] == expected
