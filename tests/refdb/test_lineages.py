from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metapipe.refdb.lineages import NO_RANK, ROOT, Step, place_lineages, plain_name, read_lineage


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


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Bacteria;Firmicutes", "'Bacteria' has none of the prefixes"),
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
