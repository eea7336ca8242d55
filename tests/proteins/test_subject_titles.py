"""Titles of database proteins, in the forms databases have them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metapipe.proteins.subject_titles import SEPARATOR, SubjectTitle, ec_numbers, go_terms, parse_title


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        (
            "1.1.1.1;2.7.-.-~~~adhA~~~alcohol dehydrogenase~~~GO:0004022;GO:0008270~~~375451~~~Roseobacter sp.",
            SubjectTitle(
                "alcohol dehydrogenase",
                "adhA",
                ("1.1.1.1", "2.7.-.-"),
                ("GO:0004022", "GO:0008270"),
                "375451",
                "Roseobacter sp.",
            ),
        ),
        ("2.7.7.6~~~rpoB~~~RNA polymerase", SubjectTitle("RNA polymerase", "rpoB", ("2.7.7.6",))),
        ("~~~~~~hypothetical protein~~~COG1234", SubjectTitle("hypothetical protein")),
        ("~~~~~~~~~~~~~~~", SubjectTitle()),
        (
            "Insulin OS=Homo sapiens OX=9606 GN=INS PE=1 SV=1",
            SubjectTitle("Insulin", "INS", taxid="9606", organism="Homo sapiens"),
        ),
        (
            "Uncharacterized protein n=2 Tax=Vibrio TaxID=662 RepID=A0A1_VIB",
            SubjectTitle("Uncharacterized protein", taxid="662", organism="Vibrio"),
        ),
        ("DNA ligase [Vibrio cholerae]", SubjectTitle("DNA ligase", organism="Vibrio cholerae")),
        ("3-oxoacyl-[acyl-carrier-protein] synthase", SubjectTitle("3-oxoacyl-[acyl-carrier-protein] synthase")),
        # NCBI
        ("MULTISPECIES: DNA gyrase subunit A [Vibrio]", SubjectTitle("DNA gyrase subunit A", organism="Vibrio")),
        (
            "MAG TPA_asm: ligase, partial [uncultured bacterium]",
            SubjectTitle("ligase", organism="uncultured bacterium"),
        ),
        ("LOW QUALITY PROTEIN: kinase [Ruegeria sp. EX1]", SubjectTitle("kinase", organism="Ruegeria sp. EX1")),
        (
            "methyltransferase [NAD(P)H] [Candidatus Exemplum maris]",
            SubjectTitle("methyltransferase [NAD(P)H]", organism="Candidatus Exemplum maris"),
        ),
        ("ligase [[Clostridium] symbiosum]", SubjectTitle("ligase", organism="[Clostridium] symbiosum")),
        ("superoxide dismutase [Cu-Zn]", SubjectTitle("superoxide dismutase [Cu-Zn]")),
        ("superoxide dismutase [Mn]", SubjectTitle("superoxide dismutase [Mn]")),
        ("sulfite reductase [ferredoxin]", SubjectTitle("sulfite reductase [ferredoxin]")),
        ("glutamate synthase [NADPH] small chain", SubjectTitle("glutamate synthase [NADPH] small chain")),
        (
            "3-oxoacyl-[acyl-carrier-protein] reductase [Vibrio harveyi]",
            SubjectTitle("3-oxoacyl-[acyl-carrier-protein] reductase", organism="Vibrio harveyi"),
        ),
        (
            "[gene=dnaA] [locus_tag=X_1] [protein=replication initiator [ATP] DnaA] [EC_number=3.6.1.-] [gbkey=CDS]",
            SubjectTitle("replication initiator [ATP] DnaA", "dnaA", ("3.6.1.-",)),
        ),
        (
            "ligase [Prochlorococcus marinus] [mmp_id=MMP0001] [mmp_db=marref]",
            SubjectTitle("ligase", organism="Prochlorococcus marinus"),
        ),
        ("first [Vibrio]\x01second [Bacillus]", SubjectTitle("first", organism="Vibrio")),
        # UniProtKB as NCBI writes it
        (
            "RecName: Full=Nitrite reductase; EC=1.7.2.1; AltName: Full=Other; Flags: Precursor [Alcaligenes sp.]",
            SubjectTitle("Nitrite reductase", ec=("1.7.2.1",), organism="Alcaligenes sp."),
        ),
        ("RecName: Full=Nitrite reductase; Short=NiR; EC=1.7.2.1", SubjectTitle("Nitrite reductase", ec=("1.7.2.1",))),
        (
            "Ligase (Fragment) OS=Vibrio sp. (strain X) OX=1 GN=lig PE=1 SV=1",
            SubjectTitle("Ligase", "lig", taxid="1", organism="Vibrio sp. (strain X)"),
        ),
        # EC numbers
        (
            "K00001-like alcohol dehydrogenase [EC:1.1.1.1]",
            SubjectTitle("K00001-like alcohol dehydrogenase", ec=("1.1.1.1",)),
        ),
        ("kinase [EC:2.7.1.1 2.7.1.2]", SubjectTitle("kinase", ec=("2.7.1.1", "2.7.1.2"))),
        ("acetate kinase (EC 2.7.2.1)", SubjectTitle("acetate kinase", ec=("2.7.2.1",))),
        ("kinase (EC 2.7.2.-) / ligase (EC:6.3.1.2)", SubjectTitle("kinase / ligase", ec=("2.7.2.-", "6.3.1.2"))),
        ("kinase EC=2.7.2.1", SubjectTitle("kinase", ec=("2.7.2.1",))),
        ("polymerase III (EC 2.7.7.7), alpha chain", SubjectTitle("polymerase III, alpha chain", ec=("2.7.7.7",))),
        ("synthase, EC 4.3.3.7 (DapA)", SubjectTitle("synthase (DapA)", ec=("4.3.3.7",))),
        ("ligase, EC=6.3.1.2, iron-binding", SubjectTitle("ligase, iron-binding", ec=("6.3.1.2",))),
        ("ligase [alpha proteobacterium HIMB5]", SubjectTitle("ligase", organism="alpha proteobacterium HIMB5")),
        ("ligase [endosymbiont of Riftia]", SubjectTitle("ligase", organism="endosymbiont of Riftia")),
        ("ligase [marine sediment metagenome]", SubjectTitle("ligase", organism="marine sediment metagenome")),
        ("protein SEC 2.1.1 of X", SubjectTitle("protein SEC 2.1.1 of X")),
        ("just  some\ttext ", SubjectTitle("just some text")),
        ("", SubjectTitle()),
    ],
)
def test_a_title_is_read_in_every_form_databases_use(title: str, expected: SubjectTitle) -> None:
    assert parse_title(title) == expected


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1.1.1.1", ("1.1.1.1",)),
        ("EC:3.1", ("3.1.-.-",)),
        ("3.6.5.n1, 1.1.1.1;1.1.1.1", ("3.6.5.n1", "1.1.1.1")),
        ("8.1.1.1 x 12 7", ()),
    ],
)
def test_ec_numbers_are_padded_to_four_levels_and_the_rest_is_left_out(text: str, numbers: tuple[str, ...]) -> None:
    assert ec_numbers(text) == numbers


@given(st.text())
def test_any_text_is_a_title_whose_parts_are_single_lines_without_separators(text: str) -> None:
    title = parse_title(text)
    for part in (title.product, title.gene, title.organism, *title.ec, *title.go):
        assert "\t" not in part
        assert "\n" not in part
    assert SEPARATOR not in title.product
    assert go_terms(";".join(title.go)) == title.go
    assert title.taxid == "" or title.taxid.isdigit()
