"""The evidence for one gene, and what is said of the gene because of it."""

from __future__ import annotations

import dataclasses
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metapipe.formats.genes import Gene
from metapipe.formats.table_rows import header_line
from metapipe.proteins.domain_hits import DomainHit
from metapipe.proteins.product_names import HYPOTHETICAL, is_informative, product_of_domain
from metapipe.proteins.protein_hits import ProteinHit
from metapipe.stages.annotation.annotation import annotate_gene, gene_numbers, inferences
from metapipe.stages.annotation.annotation_notes import AnnotationCounts
from metapipe.stages.annotation.annotation_table import COLUMNS, format_annotation
from metapipe.stages.annotation.flat_features import notes
from metapipe.stages.annotation.locus_tags import locus_prefix, locus_tag
from metapipe.stages.report.gene_table import tally

GENE = Gene("c1_3", "c1", 10, 309, 1, source="Pyrodigal_v3.7.1")
HIT = ProteinHit(
    "c1_3", "P1", "ec-proteins:1", 70, 80, 95, 95, 1, 95, 1, 95, 1e-40, 150, "alcohol dehydrogenase", "adhA",
    ("1.1.1.1", "1.1.1.-"), ("GO:0000009",), "375451", "Roseobacter denitrificans", True,
)  # fmt: skip
DOMAIN = DomainHit(
    "c1_3", "PF00107.28", "ADH_zinc_N", "pfam:35.0", "Zinc-binding dehydrogenase", 60.0, 1e-20, 1e-19, 5, 90, 1, 80,
    "IPR013149", "ADH-like", ("GO:0000002", "GO:0000009"), True, ("1.1.1.-", "2.3.1.85"),
)  # fmt: skip
WEAK = dataclasses.replace(HIT, identity=20.0, similarity=30.0, significant=False)


def test_a_gene_with_both_kinds_of_evidence_has_every_statement() -> None:
    gene = annotate_gene(GENE, b"MKV", "S_C000001G00003", [HIT], [DOMAIN])
    assert (gene.tier, gene.transferred, gene.functional) == (1, 1, 1)
    assert (gene.product, gene.name) == ("alcohol dehydrogenase", "adhA")
    assert (gene.ec, gene.partial_ec) == (("1.1.1.1",), ("1.1.1.-",))
    assert gene.supported_ec == ("1.1.1.1", "1.1.1.-")
    assert gene.domain_ec == ("2.3.1.85",)
    assert gene.go == ("GO:0000002", "GO:0000009")
    assert gene.interpro == ("IPR013149",)
    assert (gene.taxid, gene.organism) == ("375451", "Roseobacter denitrificans")
    assert inferences(gene) == [
        "ab initio prediction:Pyrodigal:3.7.1",
        "similar to AA sequence:ec-proteins:1:P1",
        "protein motif:pfam:35.0:PF00107.28",
    ]


def test_nothing_is_taken_from_a_hit_that_is_not_significant() -> None:
    gene = annotate_gene(GENE, b"MKV", "S", [WEAK], [])
    assert (gene.tier, gene.transferred, gene.functional) == (3, 3, 3)
    assert (gene.product, gene.name, gene.all_ec, gene.go, gene.organism) == (HYPOTHETICAL, "", (), (), "")
    assert gene.hit == WEAK
    assert inferences(gene) == ["ab initio prediction:Pyrodigal:3.7.1"]


def test_a_domain_alone_names_the_product_and_gives_terms_but_no_ec_number() -> None:
    gene = annotate_gene(GENE, b"MKV", "S", [WEAK], [DOMAIN])
    assert gene.tier == 2
    assert gene.product == "Zinc-binding dehydrogenase domain-containing protein"
    assert gene.all_ec == ()
    assert gene.domain_ec == ("1.1.1.-", "2.3.1.85")
    assert gene.go == ("GO:0000002", "GO:0000009")


def test_a_hit_that_says_nothing_leaves_the_product_to_the_domain() -> None:
    nothing = dataclasses.replace(HIT, product="conserved hypothetical protein")
    assert annotate_gene(GENE, b"M", "S", [nothing], [DOMAIN]).product.startswith("Zinc-binding")
    assert annotate_gene(GENE, b"M", "S", [nothing], None).product == HYPOTHETICAL


@pytest.mark.parametrize(
    ("hits", "domains", "tier", "levels"),
    [
        (None, None, 3, (None, None)),
        ([], None, 3, (4, None)),
        ([WEAK], None, 2, (3, None)),
        ([HIT], None, 1, (1, None)),
        (None, [], 3, (None, 3)),
        (None, [DOMAIN], 1, (None, 1)),
        ([], [], 3, (4, 3)),
        ([], [DOMAIN], 2, (4, 1)),
    ],
)
def test_a_search_not_run_is_not_a_search_without_hit(
    hits: list[ProteinHit] | None, domains: list[DomainHit] | None, tier: int, levels: tuple[int | None, int | None]
) -> None:
    gene = annotate_gene(GENE, b"M", "S", hits, domains)
    assert gene.tier == tier
    assert (gene.transferred, gene.functional) == levels


@pytest.mark.parametrize(
    ("product", "informative"),
    [
        ("alcohol dehydrogenase", True),
        ("ribosomal protein L1", True),
        ("DNA-binding protein", True),
        ("hypothetical protein", False),
        ("Uncharacterised protein", False),
        ("putative protein YeeX, partial", False),
        ("conserved protein", False),
        ("hypothetical protein ECO_01234", False),
        ("protein of unknown function DUF123", False),
        ("", False),
        ("Uncharacterized protein MJ0001", False),
        ("Uncharacterized protein Rv1234c", False),
        ("Uncharacterized protein HI_0123.1", False),
        ("Uncharacterized protein C1orf12", False),
        ("Uncharacterized 12.3 kDa protein in abc 5'region", False),
        ("Uncharacterized protein in gltD 3'region (ORF1)", False),
        ("Uncharacterized 7-kDa protein, partial", False),
        ("hypothetical protein VC0001", False),
        ("hypothetical protein (plasmid)", False),
        ("hypothetical protein P12", False),
        ("Hypothetical protein all0123 (Fragment)", False),
        ("similar to hypothetical protein b1234", False),
        ("UPF0123 protein AF_0123", False),
        ("ORF12", False),
        ("orf-12", False),
        ("ORF 12", False),
        ("open reading frame 3", False),
        ("putative ORF2p protein", False),
        ("12.3 kDa protein", False),
        ("protein -7 kDa", False),
        ("28kDa protein", False),
        ("gp37", False),
        ("Q8ABC1", False),
        ("MJ0001", False),
        ("conserved Hypothetical", False),
        ("orf1", False),
        ("unnamed", False),
        ("conserved domain protein", False),
        ("conserved hypothetical archaeal protein", False),
        ("hypothetical protein (multi-domain)", False),
        ("conserved hypothetical protein from GB|AAV938", False),
        ("KpLE2 phage-like element; predicted protein", False),
        ("YjeF family protein", False),
        ("Rac prophage; predicted lysozyme", True),
        ("bacterial luciferase", True),
        ("nitrite reductase", True),
        ("putative dehydrogenase", True),
        ("TatD-related protein", True),
        ("phage protein Gp37", True),
        ("28 kDa antigen", True),
        ("10 kDa chaperonin", True),
        ("cytochrome P450", True),
        ("30S ribosomal protein S12", True),
        ("hypothetical DNA-binding protein MJ0001", True),
        ("Uncharacterized ATPase YifB", True),
        ("uncharacterized membrane protein SCO1234", True),
        ("putative 2-oxoacid dehydrogenase", True),
        ("protein RecA", True),
        ("UspA", True),
        ("catalase", True),
        ("heat shock protein in recA operon", True),
    ],
)
def test_products_that_say_nothing_are_told_from_those_that_do(product: str, informative: bool) -> None:
    assert is_informative(product) is informative


@pytest.mark.parametrize(
    ("name", "description", "product"),
    [
        ("ABC_tran", "ABC transporter", "ABC transporter domain-containing protein"),
        ("HTH", "Helix-turn-helix domain", "Helix-turn-helix domain-containing protein"),
        ("DUF123", "Domain of unknown function (DUF123)", "DUF123 domain-containing protein"),
        ("HSP20", "Hsp20/alpha crystallin family", "Hsp20/alpha crystallin family protein"),
        ("TPR_1", "Tetratricopeptide repeats", "Tetratricopeptide repeat-containing protein"),
        ("Cyclase", "Putative cyclase", "cyclase domain-containing protein"),
        ("X", "", "X domain-containing protein"),
    ],
)
def test_products_of_domains_follow_the_form_of_ncbi(name: str, description: str, product: str) -> None:
    assert product_of_domain(name, description) == product


@given(st.text(), st.integers(0, 10**6), st.integers(1, 10**5))
def test_any_sample_name_gives_an_insdc_locus_tag(sample: str, contig: int, number: int) -> None:
    assert re.fullmatch(r"[A-Z][A-Z0-9]{2,11}_[A-Z0-9]+", locus_tag(locus_prefix(sample), contig, number))


NAMES = ["1", "2", "01", "001", "01_A", "02_A", "bay", "Bay", "BAY", "sample", "SAMPLE", "Sample", "", "海", "ü", "u"]
LONG = [f"LongProjectName2026Station{number}" for number in range(300)]


def test_different_samples_have_different_locus_tags() -> None:
    names = [*NAMES, *LONG, *map(str, range(3, 400)), "2024-05-01", "NorthStation_surface", "NorthStation_bottom"]
    assert len({locus_prefix(name) for name in names}) == len(names)


@given(st.text(max_size=20) | st.from_regex(r"[A-Z0-9_a-z]{1,14}", fullmatch=True), st.text(max_size=20))
def test_two_names_never_share_a_prefix(one: str, other: str) -> None:
    assert (locus_prefix(one) == locus_prefix(other)) is (one == other)


def test_a_name_that_is_a_valid_prefix_is_the_prefix_and_others_stay_readable() -> None:
    assert locus_prefix("ERR1234567") == "ERR1234567"
    assert locus_prefix("sample") == "SAMPLE"
    assert locus_prefix("001").startswith("S001")
    assert locus_prefix("LongProjectName2026Station131").startswith("LONGP")


def test_locus_tags_carry_the_number_in_the_genes_id() -> None:
    def genes(*names: str) -> list[Gene]:
        return [dataclasses.replace(GENE, id=name) for name in names]

    assert gene_numbers("c1", genes("c1_2", "c1_7")) == [2, 7]
    assert gene_numbers("c1", genes("c1_2", "other")) == [1, 2]
    assert gene_numbers("c1", genes("c1_2", "c1_02")) == [1, 2]
    assert gene_numbers("c1", []) == []
    assert locus_tag(locus_prefix("DEMO1"), 11, 3) == "DEMO1_C000012G00003"


def test_what_rests_on_hits_with_less_than_30_per_cent_identity_is_counted_and_marked() -> None:
    distant = dataclasses.replace(HIT, identity=22.3, similarity=41.0, significant=True)
    genes = [
        annotate_gene(GENE, b"M", "S_1", [distant], [DOMAIN]),
        annotate_gene(GENE, b"M", "S_2", [dataclasses.replace(distant, product="ORF12", gene="", ec=())], [DOMAIN]),
        annotate_gene(GENE, b"M", "S_3", [distant], []),
        annotate_gene(GENE, b"M", "S_6", [dataclasses.replace(distant, product=HYPOTHETICAL, gene="", ec=())], []),
        annotate_gene(GENE, b"M", "S_4", [HIT], [DOMAIN]),
        annotate_gene(GENE, b"M", "S_5", [WEAK], [DOMAIN]),
    ]
    counts = AnnotationCounts()
    counts.add(genes)
    expected = {"genes": 4, "tier_1": 2, "products": 2, "gene_names": 2, "ec": 2}
    assert counts.as_notes()["below_30_identity"] == expected
    marked = [
        any("below 30 % identity: significant by similarity alone" in note for note in notes(gene)) for gene in genes
    ]
    assert marked == [True, True, True, True, False, False]
    table = [header_line(COLUMNS), *map(format_annotation, genes)]
    assert dataclasses.asdict(tally(table, "table", 9).distant) == expected
