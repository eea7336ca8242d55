"""Stage assign_taxa, and the rules of the tiers."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metapipe.biomas.tables import KEPT_TABLE
from metapipe.biomas.taxa import assign_taxa
from metapipe.biomas.taxa.assign_taxa import AssignTaxa, AssignTaxaOptions
from metapipe.biomas.taxa.tier_rules import Assigner, Rules, above_species, not_only_strains, read_kept_row, score
from metapipe.errors import MetapipeError
from metapipe.formats.table_rows import Place
from metapipe.runner.declare.elements import Database
from metapipe.taxa.rank_identities import YARZA, read_thresholds
from metapipe.taxa.rows import ASSIGNMENT_TABLE
from metapipe.taxa.taxonomy import ReferenceRow, TaxonRow, make_taxonomy, read_taxonomy

TAXA = """#taxid\tparent\trank\tname\tflags
1\t\tno rank\troot\t
2\t1\tsuperkingdom\tBacteria\t
662\t2\tgenus\tVibrio\t
666\t662\tspecies\tVibrio cholerae\t
243277\t666\tno rank\tVibrio cholerae N16961\t
668\t662\tspecies\tAliivibrio fischeri\t
561\t2\tgenus\tEscherichia\t
562\t561\tspecies\tEscherichia coli\t
77133\t2\tno rank\tunclassified Bacteria\tunclassified
77134\t77133\tspecies\tbacterium X\t
"""
REFERENCES = """#reference\ttaxid
c1\t666
c2\t666
n1\t243277
f1\t668
e1\t562
x1\t77134
x2\t77133
v1\t662
"""
VIBRIO = "1:no rank:root;2:superkingdom:Bacteria;662:genus:Vibrio"
CHOLERAE = f"{VIBRIO};666:species:Vibrio cholerae"

Run = Callable[..., tuple[list[list[str]], dict[str, Any]]]


@pytest.fixture
def database(tmp_path: Path) -> Database:
    (tmp_path / "taxonomy.tsv").write_text(TAXA)
    (tmp_path / "references.tsv").write_text(REFERENCES)
    return Database("tiny", "1", "amplicon", tmp_path, "0" * 64)


def table(*rows: str) -> bytes:
    """Rows with ``|`` for tabs."""
    return KEPT_TABLE.header + "".join(row.replace("|", "\t") + "\n" for row in rows).encode()


@pytest.fixture
def run(fake_task: Callable[..., Any], database: Database) -> Run:
    """Rows of the result, and the notes."""

    def go(*rows: str, **options: Any) -> tuple[list[list[str]], dict[str, Any]]:
        task = fake_task(AssignTaxa(), {"matches": table(*rows)}, databases={"amplicon": database}, **options)
        lines = task.run()["assignments"].decode().split("\n")
        assert lines[0] == "#" + "\t".join(ASSIGNMENT_TABLE.columns)
        assert lines[-1] == ""
        return [line.split("\t") for line in lines[1:-1]], task.notes

    return go


def test_each_row_of_each_tier_gives_a_row(run: Run) -> None:
    rows, notes = run("a;size=5|5|upper|99.50|c1 c2 n1", "b|1|lower|95.00|c1 f1", "d;size=3|3|none||")
    assert rows == [
        ["a;size=5", "5", "upper", "99.50", "3", "666", "Vibrio cholerae", "species", "0.0000", CHOLERAE],
        ["b", "1", "lower", "95.00", "2", "662", "Vibrio", "genus", "0.0000", VIBRIO],
        ["d;size=3", "3", "none", "", "0", "", "", "", "", ""],
    ]
    assert notes == {"reads": {"classified": 6, "unclassified": 3}, "by_rank": {"genus": 1, "species": 5}}


def test_species_and_what_is_below_come_from_the_upper_tier_only(run: Run) -> None:
    rows, _ = run(
        *("a|1|upper|99.50|n1", "b|1|lower|95.00|n1", "c|1|lower|95.00|c1 c2 n1", "d|1|lower|95.00|x1"),
        "e|1|lower|95.00|e1 f1",
    )
    assert [row[6] for row in rows] == [
        "Vibrio cholerae N16961",
        "Vibrio",
        "Vibrio",
        "unclassified Bacteria",
        "Bacteria",
    ]


def test_a_taxonomy_of_species_only_gives_its_root_in_the_lower_tier(tmp_path: Path) -> None:
    (tmp_path / "taxonomy.tsv").write_text(TAXA.splitlines()[0] + "\n7\t\tspecies\tX y\t\n8\t7\tstrain\tX y z\t\n")
    (tmp_path / "references.tsv").write_text("#reference\ttaxid\nr\t8\n")
    assert above_species(read_taxonomy(tmp_path)).tolist() == [0, 0]


def test_a_strain_is_named_only_where_its_species_has_other_references(tmp_path: Path) -> None:
    """Chains below a species end at the species; above it they end at the species as well."""
    taxa = (
        "1||no rank|root", "2|1|genus|Solus", "3|2|species|Solus unus", "4|3|subspecies|Solus unus unus",
        "5|4|strain|Solus unus unus A", "6|1|genus|Duo", "7|6|species|Duo par", "8|7|strain|Duo par A",
        "9|7|subspecies|Duo par secunda", "10|9|strain|Duo par secunda B", "11|6|strain|Duo sp. C",
    )  # fmt: skip
    rows = "".join(f"{row}|\n".replace("|", "\t") for row in taxa)
    (tmp_path / "taxonomy.tsv").write_text(TAXA.splitlines()[0] + "\n" + rows)
    (tmp_path / "references.tsv").write_text("#reference\ttaxid\na\t5\nb\t8\nc\t10\nd\t11\n")
    lines = (f"{name}\t1\tupper\t99.00\t{name}" for name in "abcd")
    assigner = Assigner(read_taxonomy(tmp_path), "tiny:1", Rules())
    found = assigner.assign([read_kept_row(line.encode(), Place("x", 2)) for line in lines])
    assert [each.cells[2] for each in found] == ["Solus unus", "Duo par A", "Duo par secunda", "Duo sp. C"]


@given(st.data())
def test_of_taxa_below_a_species_with_the_same_references_the_highest_is_named(data: st.DataObject) -> None:
    ranks = ("no rank", "genus", "species", "strain")
    count = data.draw(st.integers(1, 12))
    rows = [TaxonRow(1, None, "no rank", "root", "", 1)]
    for n in range(2, count + 1):
        above = data.draw(st.integers(max(1, n - 3), n - 1))
        rows.append(TaxonRow(n, above, data.draw(st.sampled_from(ranks)), f"t{n}", "", n))
    places = data.draw(st.lists(st.integers(1, count), min_size=1, max_size=8))
    taxonomy = make_taxonomy(rows, [ReferenceRow(chr(97 + n), place, n) for n, place in enumerate(places)])

    def under(taxon: int) -> set[int]:
        return {n for n, own in enumerate(taxonomy.reference_taxa.tolist()) if taxon in taxonomy.lineage(own)}

    for taxon, named in enumerate(not_only_strains(taxonomy).tolist()):
        way = taxonomy.lineage(taxon)
        low = [step for step in way if taxonomy.species_or_below[step] and under(step) == under(taxon)]
        assert named == (low[0] if taxonomy.species_or_below[taxon] else taxon)
        assert under(named) == under(taxon)


def test_matches_that_say_nothing_give_way_to_any_other(run: Run) -> None:
    rows, _ = run(
        "a|1|upper|99.50|c1 c2 n1 x1 x2", "b|1|upper|99.50|x1", "c|1|upper|99.50|x1 x2", "d|1|lower|95.00|e1 x1"
    )
    assert [row[5] for row in rows] == ["666", "77134", "77133", "561"]
    assert [row[4] for row in rows] == ["5", "1", "2", "2"]


def test_a_read_too_far_from_its_relatives_for_a_rank_is_given_the_next_main_rank_above(run: Run) -> None:
    rows = [f"{identity}|1|lower|{identity}|c1 c2" for identity in ("94.50", "94.49", "90.00")]
    assert [row[6] for row in run(*rows)[0]] == ["Vibrio", "Bacteria", "Bacteria"]  # the tiny taxonomy has no family
    assert [row[6] for row in run(*rows, rank_identities="none")[0]] == ["Vibrio"] * 3
    assert [row[6] for row in run(*rows, rank_identities="genus=92.5")[0]] == ["Vibrio", "Vibrio", "Bacteria"]


def test_the_upper_tier_knows_no_limits_of_ranks(run: Run) -> None:
    (row,), _ = run("a|1|upper|91.00|c1 c2 n1")
    assert row[6] == "Vibrio cholerae"


def test_a_limit_that_is_none_is_refused_before_anything_starts() -> None:
    with pytest.raises(MetapipeError, match=r"E701 expected ranks with per cent for --rank-identities"):
        AssignTaxa().check(AssignTaxaOptions(rank_identities="genus"))
    AssignTaxa().check(AssignTaxaOptions())


def test_q_is_a_choice_for_each_tier(run: Run) -> None:
    rows = ("a|1|upper|99.50|c1 c2 e1 n1", "b|1|lower|95.00|c1 c2 e1 n1")
    assert [row[6] for row in run(*rows)[0]] == ["Vibrio cholerae", "Bacteria"]
    assert [row[6] for row in run(*rows, q=1.0)[0]] == ["Bacteria", "Bacteria"]
    assert [row[6] for row in run(*rows, lower_q=0.5)[0]] == ["Vibrio cholerae", "Vibrio"]


def test_the_score_is_the_smallest_penalty(run: Run) -> None:
    (row,), _ = run("a|1|upper|99.50|c1 c2 e1 n1", q=0.1)  # species: 0.1 · 1 / 3 + 0.9 · 0; E. coli: 0.1 · 3 / 1
    assert row[8] == "0.0333"
    (row,), _ = run("a|1|upper|99.50|c1")  # of three references of the species one: 0.5 · 2 / 1
    assert row[8] == "1.0000"


@pytest.mark.parametrize(
    ("numerator", "denominator", "text"),
    [(0, 7, "0.0000"), (1, 3, "0.3333"), (2, 3, "0.6667"), (1, 20000, "0.0001"), (199999, 2, "99999.5000")],
)
def test_scores_have_four_decimals_and_halves_go_up(numerator: int, denominator: int, text: str) -> None:
    assert score(numerator, denominator) == text


def test_no_row_is_a_result(run: Run) -> None:
    assert run() == ([], {"reads": {"classified": 0, "unclassified": 0}, "by_rank": {}})


def test_all_reads_unmatched_is_a_result(run: Run) -> None:
    rows, notes = run("a|2|none||", "b|1|none||")
    assert [row[5:] for row in rows] == [["", "", "", "", ""]] * 2
    assert notes == {"reads": {"classified": 0, "unclassified": 3}, "by_rank": {}}


@pytest.mark.parametrize(
    ("row", "code", "message"),
    [
        ("b|1|upper|98.00|c1 zz c2", "E112", "matches line 3: expected references of the database tiny:1, found 'zz'"),
        ("b|0|upper|98.00|c1", "E111", "matches line 3: expected a size of 1 or more, found '0'"),
        ("b|x|upper|98.00|c1", "E111", "matches line 3: expected a whole number in column size, found 'x'"),
        ("b|1|middle|98.00|c1", "E111", "matches line 3: expected upper, lower or none in column tier, found 'middle'"),
        ("b|1|upper|98.00|", "E111", "matches line 3: expected references in the tiers upper and lower, and in these"),
        ("b|1|none||c1", "E111", "matches line 3: expected references in the tiers upper and lower, and in these only"),
        ("b|1|lower||c1", "E111", "matches line 3: expected per cent in column identity, found ''"),
        ("b|1|upper|c1", "E111", "matches line 3: expected 5 columns, found '4 columns'"),
    ],
)
def test_a_wrong_row_is_named(run: Run, row: str, code: str, message: str) -> None:
    with pytest.raises(MetapipeError) as caught:
        run("a|1|upper|99.50|c1", row)
    assert caught.value.code == code
    assert message in str(caught.value)


def test_a_damaged_database_is_refused(run: Run, database: Database) -> None:
    with (database.path / "references.tsv").open("a") as file:
        file.write("q1\t999\n")
    with pytest.raises(MetapipeError, match=r"E206 references.tsv line 10: expected a taxon that the taxonomy has"):
        run("a|1|upper|99.50|c1")


def test_rows_taken_in_batches_of_any_size_give_the_same(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(4)
    names = [line.split("\t")[0] for line in REFERENCES.splitlines()[1:]]
    rows = []
    for number in range(200):
        tier = chance.choice(["upper", "lower", "none"])
        some = [] if tier == "none" else chance.sample(names, chance.randint(1, len(names)))
        rows.append(f"r{number}|{chance.randint(1, 9)}|{tier}|95.00|{' '.join(some)}")
    whole = run(*rows)
    for size in (1, 7, 50):
        monkeypatch.setattr(assign_taxa, "ROWS", size)
        assert run(*rows) == whole


@given(rows=st.data())
def test_neither_order_of_references_nor_other_rows_matter(
    rows: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("database")
    (folder / "taxonomy.tsv").write_text(TAXA)
    (folder / "references.tsv").write_text(REFERENCES)
    taxonomy = read_taxonomy(folder)
    names = list(taxonomy.references)
    rules = Rules(identities=read_thresholds(YARZA))

    def line(references: list[str], tier: str) -> bytes:
        return f"a\t1\t{tier}\t95.00\t{' '.join(references)}".encode()

    tier = rows.draw(st.sampled_from(["upper", "lower"]))
    some = rows.draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    lines = [line(some, tier), line(rows.draw(st.permutations(some)), tier), line(names, "lower"), line(names, "upper")]
    first, second, *_ = Assigner(taxonomy, "tiny:1", rules).assign(
        [read_kept_row(each, Place("x", 2)) for each in lines]
    )
    alone = Assigner(taxonomy, "tiny:1", rules).assign([read_kept_row(lines[0], Place("x", 2))])
    assert first == second == alone[0]
