from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metapipe.refdb.readers.lineages import ROOT, Step, place_lineages, read_lineage
from metapipe.refdb.readers.ranks import (
    NO_RANK,
    SEVEN_RANKS,
    Scheme,
    by_place,
    by_pr2,
    by_silva,
    by_silva_table,
    by_word,
)
from metapipe.refdb.readers.taxon_names import plain_name


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("k__Bacteria; p__Firmicutes", [("kingdom", "Bacteria"), ("phylum", "Firmicutes")]),
        ("d__Bacteria;g__Vibrio;s__", [("domain", "Bacteria"), ("genus", "Vibrio")]),
        # Greengenes: the epithet alone
        ("k__Bacteria; g__Vibrio; s__natriegens", [*[("kingdom", "Bacteria"), ("genus", "Vibrio")],
                                                   ("species", "Vibrio natriegens")]),
        ("k__Bacteria; g__; s__natriegens", [("kingdom", "Bacteria")]),
        # GTDB and UNITE: the whole name
        ("d__Bacteria;p__Bacillota_A;g__X;s__X_y z", [("domain", "Bacteria"), ("phylum", "Bacillota_A"),
                                                      ("genus", "X"), ("species", "X_y z")]),
        ("k__Fungi;g__Glomus;s__Glomus_macrocarpum", [("kingdom", "Fungi"), ("genus", "Glomus"),
                                                      ("species", "Glomus macrocarpum")]),
        # placeholders at the end: one node without a rank, flagged later
        ("k__Fungi;p__unidentified;c__unidentified", [("kingdom", "Fungi"), (NO_RANK, "unidentified Fungi")]),
        ("k__Fungi;g__Glomus;s__Glomus_sp", [("kingdom", "Fungi"), ("genus", "Glomus"), (NO_RANK, "Glomus sp")]),
        ("d__Bacteria;g__Vibrio;s__uncultured_bacterium", [("domain", "Bacteria"), ("genus", "Vibrio"),
                                                           (NO_RANK, "uncultured bacterium Vibrio")]),
        # a placeholder that something known follows
        ("k__Fungi;o__Ascomycota_ord_Incertae_sedis;g__Abc", [("kingdom", "Fungi"), ("genus", "Abc")]),
        ("k__Fungi;o__Ascomycota_ord_Incertae_sedis", [("kingdom", "Fungi"),
                                                       (NO_RANK, "Ascomycota ord Incertae sedis Fungi")]),
    ],
)  # fmt: skip
def test_lineages_of_each_collection_are_read(text: str, steps: list[Step]) -> None:
    assert list(read_lineage(text)) == steps


SEVEN = [("domain", "Bacteria"), ("phylum", "Bacillota"), ("genus", "Bacillus")]


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("k__Bacteria|p__Bacillota|g__Bacillus", [("kingdom", "Bacteria"), *SEVEN[1:]]),
        ("k__Bacteria, p__Bacillota, g__Bacillus", [("kingdom", "Bacteria"), *SEVEN[1:]]),
        ("Bacteria|Bacillota||||Bacillus", SEVEN),
        ("Bacteria,Bacillota,,,,Bacillus", SEVEN),
        ("Bacteria; Bacillota;;;;Bacillus;", SEVEN),
        ('Root;Bacteria;"Bacillota";;;;Bacillus', SEVEN),
        ("D_0__Bacteria;D_1__Bacillota;D_5__Bacillus;D_6__uncultured bacterium",
         [*SEVEN, (NO_RANK, "uncultured bacterium Bacillus")]),
        # all levels of SILVA's way to a eukaryote
        ("D_0__Eukaryota;D_1__A;D_2__B;D_3__C;D_4__D;D_5__E;D_6__F;D_7__Examplus;D_8__Examplus pictus",
         [("domain", "Eukaryota"), *[("clade", name) for name in "ABCDEF"], ("genus", "Examplus"),
          ("species", "Examplus pictus")]),
        # UNITE for QIIME since version 9: the reference is called by its species hypothesis, which is no taxon
        ("k__Fungi;g__Dd;s__Dd_ee;sh__SH9000001.10FU",
         [("kingdom", "Fungi"), ("genus", "Dd"), ("species", "Dd ee")]),
        ("k__Fungi;g__Dd;s__Dd_sp;sh__SH9000001.10FU", [("kingdom", "Fungi"), ("genus", "Dd"), (NO_RANK, "Dd sp")]),
        ("Root;sk__Eukaryota;k__Metazoa;t__x".removeprefix("Root;"),
         [("superkingdom", "Eukaryota"), ("kingdom", "Metazoa"), ("strain", "x")]),
        # MIDORI: NCBI's number behind every name; a rank that is not known is filled
        ("root_1;Eukaryota_2759;Discosea_1;Flabellinia_2;order_Vannellidae_3;Vannellidae_3;Ripella_4;Ripella abc_5",
         [("domain", "Eukaryota"), ("phylum", "Discosea"), ("class", "Flabellinia"), ("family", "Vannellidae"),
          ("genus", "Ripella"), ("species", "Ripella abc")]),
        # DADA2: the species is an epithet, or has GTDB's genome behind it
        ("Bacteria;Bacillota;;;;Bacillus;subtilis", [*SEVEN, ("species", "Bacillus subtilis")]),
        ("Bacteria;Bacillota;;;;Bacillus;Bacillus subtilis(RS_GCF_1.1)", [*SEVEN, ("species", "Bacillus subtilis")]),
        # PR2 in UTAX's form calls the supergroup d, below k
        ("k__Eukaryota;d__TSAR;p__Dinophyta;g__Abc", [("domain", "Eukaryota"), ("supergroup", "TSAR"),
                                                      ("phylum", "Dinophyta"), ("genus", "Abc")]),
        # organelles: SILVA keeps them among the bacteria
        ("Bacteria;Cyanobacteriota;Cyanobacteriia;Chloroplast;;;Vigna radiata",
         [("domain", "Bacteria"), ("phylum", "Cyanobacteriota"), ("class", "Cyanobacteriia"), ("order", "Chloroplast"),
          ("species", "Vigna radiata (plastid)")]),
        # an organism that is no species
        ("Bacteria;Bacillota;;;;Bacillus;human gut metagenome", [*SEVEN, (NO_RANK, "human gut metagenome Bacillus")]),
        ("Bacteria;Bacillota;;;;Bacillus;marine bacterium", [*SEVEN, (NO_RANK, "marine bacterium Bacillus")]),
        ("Bacteria;Bacillota;;;;Bacillus;Bacillus", SEVEN),
        # GTDB's X is a letter of its names, not PR2's place-holder
        ("d__Bacteria;f__Clostridiaceae;g__Clostridium_X", [("domain", "Bacteria"), ("family", "Clostridiaceae"),
                                                            ("genus", "Clostridium_X")]),
    ],
)  # fmt: skip
def test_lineages_parted_and_ranked_in_other_ways_are_read(text: str, steps: list[Step]) -> None:
    assert list(read_lineage(text)) == steps


def test_pr2_has_nine_ranks_with_place_holders_and_organelles() -> None:
    known = "Eukaryota;TSAR;Alveolata;Dinoflagellata;Dinophyceae;Peridiniales;Exampleaceae;Examplium;Examplium_marinum"
    assert read_lineage(known, by_pr2) == (
        ("domain", "Eukaryota"), ("supergroup", "TSAR"), ("division", "Alveolata"), ("subdivision", "Dinoflagellata"),
        ("class", "Dinophyceae"), ("order", "Peridiniales"), ("family", "Exampleaceae"), ("genus", "Examplium"),
        ("species", "Examplium marinum"),
    )  # fmt: skip
    filled = "Eukaryota;TSAR;Stramenopiles;Gyrista;Diatomeae;Diatomeae_X;Diatomeae_XX;Diatomeae_XXX;Diatomeae_XXX_sp."
    assert read_lineage(filled, by_pr2)[4:] == (("class", "Diatomeae"), (NO_RANK, "Diatomeae_X"))
    any_species = "Eukaryota;A;B;C;D;E;F;Chloroparvula_B2;Chloroparvula_B2_sp."
    assert read_lineage(any_species, by_pr2)[-1] == (NO_RANK, "Chloroparvula B2 sp.")
    plastid = ";".join(f"{name}:plas" for name in known.split(";"))
    assert read_lineage(plastid, by_pr2)[-2:] == (
        ("genus", "Examplium (plastid)"),
        ("species", "Examplium marinum (plastid)"),
    )
    before_5 = read_lineage("Eukaryota;Alveolata;Dinophyta;Dinophyceae;Dinophyceae_X;Fam;Gen;Gen_spe", by_pr2)
    assert [rank for rank, _ in before_5] == [
        "domain", "supergroup", "division", "class", "family", "genus", "species",
    ]  # fmt: skip


def test_silva_has_ranks_where_they_are_known() -> None:
    bacterium = "Bacteria;Pseudomonadota;Gammaproteobacteria;Enterobacterales;Vibrionaceae;Vibrio;Vibrio exemplaris"
    assert [rank for rank, _ in read_lineage(bacterium, by_silva)] == list(SEVEN_RANKS)
    uncultured = read_lineage("Archaea;Thermoproteota;uncultured archaeon", by_silva)
    assert uncultured[1:] == (("phylum", "Thermoproteota"), (NO_RANK, "uncultured archaeon Thermoproteota"))
    deep = (
        "Eukaryota;Amorphea;Obazoa;Opisthokonta;Holozoa;Choanozoa;Metazoa;Animalia;Bilateria;Examplus;Examplus pictus"
    )
    assert read_lineage(deep, by_silva) == (
        ("domain", "Eukaryota"),
        *[("clade", name) for name in deep.split(";")[1:9]],
        ("genus", "Examplus"),
        ("species", "Examplus pictus"),
    )
    ranks = {("Eukaryota",): "domain", ("Eukaryota", "Amorphea"): "major clade"}
    assert read_lineage("Eukaryota;Amorphea;Lost;Examplus pictus", by_silva_table(ranks)) == (
        ("domain", "Eukaryota"), ("major clade", "Amorphea"), ("clade", "Lost"), ("species", "Examplus pictus"),
    )  # fmt: skip


def test_rdp_names_the_rank_behind_each_name() -> None:
    text = 'Root;rootrank;Bacteria;domain;"Actinobacteria";phylum;Acidimicrobidae;subclass;Abc;genus'
    assert read_lineage(text, by_word) == (
        ("domain", "Bacteria"), ("phylum", "Actinobacteria"), ("subclass", "Acidimicrobidae"), ("genus", "Abc"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Chordata;Mammalia", "'Chordata' is neither a domain or kingdom nor has it a prefix such as k__"),
        ("k__Bacteria;Firmicutes", "'Firmicutes' has none of the prefixes"),
        ("Bacteria;a;b;c;d;e;f;g", "8 names, where there are 7 ranks"),
        ("k__Bacteria p__Firmicutes", "holds the prefix of another rank"),
        ("Vibrio natriegens", "is neither a domain or kingdom"),
        ("k__Bacteria;x__Firmicutes", "'x__Firmicutes' has none of the prefixes"),
        ("p__Firmicutes;k__Bacteria", "'k__Bacteria' stands after a rank"),
        ("p__Firmicutes;p__Bacteroidetes", "stands after a rank"),
        ("k__;p__", "the lineage is empty"),
        ("", "the lineage is empty"),
    ],
)
def test_what_is_no_lineage_is_refused_with_the_reason(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read_lineage(text)


def test_only_terminal_placeholders_are_flagged() -> None:
    placed = place_lineages({"a": read_lineage("k__Fungi;p__unidentified"), "b": read_lineage("k__Fungi;g__Abc")})
    assert {taxon.name for taxon in placed.taxa.values() if taxon.unclassified} == {"unidentified Fungi"}


names = st.text("ABab _", min_size=1, max_size=3)


@given(st.dictionaries(st.text("xyz", min_size=1), st.lists(names, min_size=1, max_size=7), min_size=1, max_size=8))
def test_the_order_of_the_table_changes_nothing_and_every_way_leads_to_the_root(table: dict[str, list[str]]) -> None:
    steps = {}
    for name, parts in table.items():
        try:
            steps[name] = read_lineage(
                ";".join(f"{rank}__{part}" for rank, part in zip("kpcofgs", parts, strict=False))
            )
        except ValueError:
            continue
    placed = place_lineages(steps)
    assert place_lineages(dict(reversed(steps.items()))) == placed
    assert sorted(placed.taxa) == list(range(1, len(placed.taxa) + 1))
    for name, taxid in placed.taxon_of.items():
        way = []
        while taxid != ROOT:
            way.append((placed.taxa[taxid].rank, placed.taxa[taxid].name))
            assert placed.taxa[taxid].parent < taxid
            taxid = placed.taxa[taxid].parent
        assert tuple(reversed(way)) == steps[name]


@given(st.text())
def test_a_plain_name_fits_a_cell_and_a_lineage(text: str) -> None:
    assert not set("\t\n;:|") & set(plain_name(text))


BEGINNINGS = ("", "Bacteria;", "Bacteria;domain;", "k__Fungi;s__", "Eukaryota|", "D_0__", "Eukaryota;" * 7)


@given(st.sampled_from(BEGINNINGS), st.text(max_size=40), st.sampled_from([by_place, by_pr2, by_silva, by_word]))
def test_any_text_is_a_lineage_that_our_tables_can_hold_or_is_refused(start: str, text: str, scheme: Scheme) -> None:
    with contextlib.suppress(ValueError):
        for rank, name in read_lineage(start + text, scheme):
            assert name.strip() == name != ""
            assert not set("\t\n\r;:|") & set(name)
            assert rank
            assert not set("\t\n\r;:|") & set(rank)
