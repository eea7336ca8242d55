"""Contigs are placed by a weighted majority of their genes; who votes, who does not, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metapipe.errors import MetapipeError
from metapipe.proteins.protein_hits import HIT_TABLE, ProteinHit
from metapipe.runner.declare.elements import Database
from metapipe.stages.taxonomy.contig_taxonomy import ContigTaxonomy
from metapipe.stages.taxonomy.contig_votes import elect
from metapipe.taxa.ancestry import Ancestry

TAXONOMY = "#taxid\tparent\trank\tname\tflags\n" + "".join(
    f"{taxid}\t{parent}\t{rank}\t{name}\t\n"
    for taxid, parent, rank, name in (
        ("1", "", "no rank", "root"),
        ("2", "1", "superkingdom", "Bacteria"),
        ("10", "2", "genus", "Vibrio"),
        ("11", "10", "species", "Vibrio cholerae"),
        ("12", "10", "species", "Vibrio fischeri"),
        ("20", "2", "genus", "Roseobacter"),
        ("30", "1", "superkingdom", "Eukaryota"),
    )
)
CONTIGS = b">c_1 long\nACGTACGTAC\n>c_2\nACGTA\n>c_3\nACG\n"
TREE = Ancestry(
    taxids=(1, 2, 10, 11, 12, 20, 30),
    names=("root", "Bacteria", "Vibrio", "cholerae", "fischeri", "Roseobacter", "Eukaryota"),
    ranks=("no rank",) * 7,
    parents=(0, 0, 1, 2, 2, 1, 0),
    ends=(7, 6, 5, 4, 5, 6, 7),
    numbers={1: 0, 2: 1, 10: 2, 11: 3, 12: 4, 20: 5, 30: 6},
)


def hit(gene: str, taxid: int | str, bits: float, *, significant: bool = True) -> bytes:
    places = (90.0, 95.0, 100.0, 50, 1, 50, 1, 50, 1e-30)
    row = ProteinHit(gene, f"P{taxid}", "db:1", *places, bits, taxid=str(taxid), significant=significant)
    return HIT_TABLE.format(row)


@pytest.fixture
def place(fake_task: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """Place the contigs by hits; return contig → (genes, taxon, support), bases by taxon, notes."""

    def run(*hits: bytes, contigs: bytes = CONTIGS, merged: str = "", **options: Any) -> Any:
        (tmp_path / "db").mkdir(exist_ok=True)
        (tmp_path / "db" / "taxonomy.tsv").write_text(TAXONOMY)
        if merged:
            (tmp_path / "db" / "merged.tsv").write_text("#taxid\tnow\n" + merged)
        (tmp_path / "hits.tsv").write_bytes(HIT_TABLE.header + b"".join(hits))
        database = Database("own", "1", "taxonomy-reads", tmp_path / "db", "")
        task = fake_task(
            ContigTaxonomy(),
            {"contigs": contigs},
            side={"hits": tmp_path / "hits.tsv"},
            databases={"taxonomy": database},
            **options,
        )
        outputs = {name: text.decode().splitlines()[1:] for name, text in task.run().items()}
        rows = [line.split("\t") for line in outputs["placed"]]
        taxa = {line.split("\t")[0]: tuple(map(int, line.split("\t")[3:5])) for line in outputs["taxa"]}
        return {row[0]: (int(row[2]), row[4], row[6]) for row in rows}, taxa, task.notes

    return run


def test_the_lowest_taxon_with_more_than_half_of_the_votes_is_chosen(place: Callable[..., Any]) -> None:
    placed, taxa, notes = place(
        hit("c_1_1", 11, 300.0), hit("c_1_2", 12, 250.0), hit("c_1_3", 20, 100.0),
        hit("c_2_1", 11, 100.0), hit("c_2_2", 20, 100.0),
    )  # fmt: skip
    assert placed == {
        "c_1": (3, "Vibrio", "84.61"),
        "c_2": (2, "Bacteria", "100.00"),
        "c_3": (0, "", ""),
    }
    assert taxa == {"root": (0, 15), "Bacteria": (5, 15), "Vibrio": (10, 10), "Unclassified": (3, 3)}
    assert (notes["contigs"], notes["classified"], notes["unclassified"], notes["bases"]) == (3, 2, 1, 18)
    assert notes["bases_at_rank"] == {"domain": 15, "genus": 10}


def test_more_support_may_be_asked_for(place: Callable[..., Any]) -> None:
    hits = hit("c_1_1", 11, 300.0), hit("c_1_2", 12, 100.0), hit("c_1_3", 20, 100.0)
    assert place(*hits)[0]["c_1"] == (3, "Vibrio cholerae", "60.00")
    assert place(*hits, support=60.0)[0]["c_1"] == (3, "Vibrio cholerae", "60.00")
    assert place(*hits, support=70.0)[0]["c_1"] == (3, "Vibrio", "80.00")
    assert place(*hits, support=100.0)[0]["c_1"] == (3, "Bacteria", "100.00")


def test_a_gene_votes_for_what_its_best_hits_have_in_common(place: Callable[..., Any]) -> None:
    hits = hit("c_1_1", 11, 100.0), hit("c_1_1", 12, 95.0), hit("c_1_1", 30, 80.0)
    assert place(*hits)[0]["c_1"] == (1, "Vibrio", "100.00")
    assert place(*hits, top=0.0)[0]["c_1"] == (1, "Vibrio cholerae", "100.00")
    assert place(*hits, top=20.0)[0]["c_1"] == (1, "root", "100.00")


def test_what_has_no_say_is_counted(place: Callable[..., Any]) -> None:
    placed, _, notes = place(
        hit("c_1_1", 11, 50.0, significant=False), hit("c_1_2", 999, 80.0), hit("c_1_3", "", 80.0),
        hit("c_1_4", 999, 90.0), hit("c_1_4", 12, 80.0),
    )  # fmt: skip
    assert placed["c_1"] == (1, "Vibrio fischeri", "100.00")
    assert (notes["genes_with_hits"], notes["genes_with_a_vote"], notes["hits_of_unknown_taxa"]) == (4, 1, 2)


def test_a_merged_taxid_votes_for_the_one_it_was_merged_into(place: Callable[..., Any]) -> None:
    assert place(hit("c_1_1", 999, 80.0), merged="999\t11\n")[0]["c_1"] == (1, "Vibrio cholerae", "100.00")


def test_a_eukaryote_is_placed_among_them(place: Callable[..., Any]) -> None:
    placed, taxa, _ = place(hit("c_2_1", 30, 80.0))
    assert placed["c_2"] == (1, "Eukaryota", "100.00")
    assert taxa["Eukaryota"] == (5, 5)


def test_without_hits_or_contigs_everything_is_unclassified(place: Callable[..., Any]) -> None:
    placed, taxa, notes = place()
    assert set(placed.values()) == {(0, "", "")}
    assert taxa == {"Unclassified": (18, 18)}
    assert notes["classified"] == 0
    assert place(contigs=b"")[:2] == ({}, {})


def test_hits_of_other_contigs_are_refused(place: Callable[..., Any]) -> None:
    with pytest.raises(
        MetapipeError, match="METAPIPE-E112 hits: expected genes of the contigs in contigs, found 'one of"
    ):
        place(hit("other_9_1", 11, 80.0))


@pytest.mark.parametrize("line", [b"c_1_1\tP\n", hit("c_1_1", "12a", 5.0)])
def test_a_malformed_row_is_refused_with_its_line(line: bytes, place: Callable[..., Any]) -> None:
    with pytest.raises(MetapipeError, match="METAPIPE-E111 hits line 3"):
        place(hit("c_1_1", 11, 80.0), line)


@given(st.dictionaries(st.integers(0, 6), st.integers(1, 1000), min_size=1), st.floats(50, 100))
def test_the_chosen_taxon_has_the_votes_and_none_below_it_has(votes: dict[int, int], support: float) -> None:
    found = elect(votes, TREE, support)
    assert found is not None
    total = sum(votes.values())

    def share(taxon: int) -> int:
        return sum(bits for one, bits in votes.items() if taxon <= one < TREE.ends[taxon])

    assert (found.support, found.votes) == (share(found.taxon), total)
    assert 2 * found.support > total
    assert 100 * found.support >= support * total
    for below in range(found.taxon + 1, TREE.ends[found.taxon]):
        assert 2 * share(below) <= total or 100 * share(below) < support * total
