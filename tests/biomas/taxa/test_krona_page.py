"""KronaTools' page with our data: offline, the same every time, names as text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import taxa_samples as samples
from hypothesis import given
from hypothesis import strategies as st

from metapipe.biomas.taxa.combine_samples import CombineSamples, sample_names
from metapipe.biomas.taxa.krona_page import krona_data, with_data
from metapipe.cli import main
from metapipe.errors import MetapipeError
from metapipe.formats.table_rows import Place
from metapipe.taxa.taxon_table import count_assignments, read_taxa, write_taxa
from metapipe.taxa.taxon_tree import TaxonTree


def table_of(rows: list[samples.Row]) -> list[bytes]:
    return list(write_taxa(count_assignments([(samples.assignments(rows).splitlines(keepends=True), "table")])))


def tree_of(*tables: list[samples.Row]) -> TaxonTree:
    return read_taxa([(table_of(rows), "table") for rows in tables])


def counts(node: ElementTree.Element, name: str = "magnitude") -> list[int]:
    return [int(value.text or "") for value in node.findall(f"{name}/val")]


def node_of(data: ElementTree.Element, name: str) -> ElementTree.Element:
    [found] = [node for node in data.iter("node") if node.get("name") == name]
    return found


def test_the_chart_holds_all_reads_of_all_samples() -> None:
    data = ElementTree.fromstring(krona_data(tree_of(samples.MERGED, samples.SECOND), ["bay", "fjord"]))
    assert [one.text for one in data.findall("datasets/dataset")] == ["bay", "fjord"]
    assert counts(node_of(data, "All reads")) == [1096, 514]
    assert counts(node_of(data, "All reads"), "magnitudeUnassigned") == [1, 0]
    assert counts(node_of(data, "Vibrio")) == [910, 10]
    assert counts(node_of(data, "Unclassified")) == [25, 4]
    species = node_of(data, "Vibrio cholerae")
    assert [one.text for one in species.findall("rank/val")] == ["species"]
    assert [one.text for one in species.findall("taxon/val")] == ["666"]


def test_the_chart_of_one_sample_has_its_name_in_the_middle() -> None:
    data = ElementTree.fromstring(krona_data(tree_of(samples.MERGED), ["bay 3"]))
    assert counts(node_of(data, "bay 3")) == [1096]


def test_a_node_holds_at_least_the_reads_of_those_below_it() -> None:
    data = ElementTree.fromstring(krona_data(tree_of(samples.many_taxa(200)), ["bay"]))
    for node in data.iter("node"):
        assert counts(node)[0] >= sum(counts(child)[0] for child in node.findall("node"))


@given(st.text(st.characters(exclude_characters=";\t", exclude_categories=("C",)), min_size=1))
def test_any_name_is_text_and_never_markup(name: str) -> None:
    tree = TaxonTree()
    tree.add(f"1:no rank:root;2:genus:{name}", 5, Place("table", 2))
    tree.add_up()
    text = krona_data(tree, [name])
    [genus] = ElementTree.fromstring(text).findall("node/node")
    # Krona's script puts the attribute's value into the page as markup.
    assert "<" not in genus.get("name", "")
    assert genus.get("name") == name.replace("<", "‹").replace(">", "›")


def test_a_page_that_was_cut_short_is_no_result(tmp_path: Path) -> None:
    page = tmp_path / "krona.html"
    page.write_text("<html><krona collapse>…</krona>")
    with pytest.raises(MetapipeError) as caught:
        with_data(page, "")
    assert caught.value.code == "E403"


def test_a_page_that_is_not_there_is_no_result(tmp_path: Path) -> None:
    with pytest.raises(MetapipeError) as caught:
        with_data(tmp_path / "missing.html", "")
    assert caught.value.code == "E403"


@pytest.fixture
def combined(fake_task: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """``combined({"bay.tabular": rows, …}, counts="direct")`` runs combine_samples."""

    def go(
        tables: dict[str, list[samples.Row]], expected: Sequence[str] = (), **options: Any
    ) -> tuple[dict[str, bytes], Any]:
        paths = []
        for name, rows in tables.items():
            paths.append(tmp_path / name)
            paths[-1].write_bytes(b"".join(table_of(rows)))
        side = {}
        if expected:
            side["expected"] = tmp_path / "expected.txt"
            side["expected"].write_text("".join(f"{name}\n" for name in expected))
        task = fake_task(CombineSamples(), {}, side=side, side_files={"taxa": paths}, **options)
        return task.run(), task

    return go


def test_the_whole_page_is_offline_and_the_same_every_time(combined: Callable[..., Any], tmp_path: Path) -> None:
    tables = {"bay.tabular": samples.MERGED, "fjord.tabular": samples.SECOND}
    made, task = combined(tables)
    assert made == combined(tables)[0]
    page = made["sunburst"].decode()
    markup = re.sub(r"<script.*?</script>", "<script>", page, flags=re.DOTALL)
    assert re.findall(r"(?:src|href)=[\"'](\w+:)", markup) == ["data:"] * 4
    assert "<script src" not in page
    assert str(tmp_path) not in page
    assert "nothing" not in page.partition("<krona ")[2]
    assert task.notes == {
        "samples": 2,
        "left_out": [],
        "reads": 1610,
        "classified": 1581,
        "taxa": 20,
        "species": 2,
    }
    assert "left-out" not in page


def test_the_table_has_totals_or_direct_counts(combined: Callable[..., Any]) -> None:
    tables = {"bay.tabular": samples.MERGED, "fjord.tabular": samples.SECOND}
    for counted, expected in (("total", [b"910", b"10"]), ("direct", [b"90", b"10"])):
        rows = combined(tables, counts=counted)[0]["table"].splitlines(keepends=True)
        [genus] = [row for row in rows if row.startswith(b"Vibrio\t")]
        assert genus.split(b"\t")[3:5] == expected


def test_the_order_of_samples_orders_columns_and_nothing_else(combined: Callable[..., Any]) -> None:
    tables = {"bay.tabular": samples.MERGED, "fjord.tabular": samples.SECOND}
    one = [row.split(b"\t") for row in combined(tables)[0]["table"].splitlines()]
    other = [row.split(b"\t") for row in combined(dict(reversed(tables.items())))[0]["table"].splitlines()]
    assert [[*row[:3], row[4], row[3], row[5]] for row in one] == other


def test_the_names_of_all_samples_order_them_however_their_tables_come(combined: Callable[..., Any]) -> None:
    tables = {"bay": samples.MERGED, "fjord": samples.SECOND}
    turned = dict(reversed(tables.items()))
    made, same = (combined(given, ["bog", "bay", "fjord"])[0] for given in (tables, turned))
    assert {name: made[name] for name in ("table", "biom", "samples")} == {
        name: same[name] for name in ("table", "biom", "samples")
    }
    others, _ = combined({"z": samples.MERGED, **turned}, ["bay", "fjord"])
    assert others["table"].splitlines()[0] == b"#taxon\ttaxid\trank\tbay\tfjord\tz\tlineage"


NOTHING_CLASSIFIED: list[samples.Row] = [("r", 4, "none", "", 0, "")]


def test_samples_without_a_classified_read_are_samples(combined: Callable[..., Any]) -> None:
    made, _ = combined({"a.tabular": NOTHING_CLASSIFIED, "c.tabular": samples.SECOND})
    assert made["table"].splitlines()[-1] == b"Unclassified\t\t\t4\t4\t"
    assert [one["id"] for one in json.loads(made["biom"])["columns"]] == ["a", "c"]


def test_samples_without_reads_are_left_out_and_named(combined: Callable[..., Any]) -> None:
    made, task = combined({"a.tabular": NOTHING_CLASSIFIED, "b.tabular": []})
    assert made["table"] == b"#taxon\ttaxid\trank\ta\tlineage\nUnclassified\t\t\t4\t\n"
    assert made["samples"] == b"#sample\treads\tclassified\tleft_out\na\t4\t0\t\nb\t0\t0\tno reads\n"
    assert b"<dataset>a</dataset>\n</datasets>" in made["sunburst"]
    assert b">Not in this chart: b (no reads)</div></body>" in made["sunburst"]
    assert task.notes["left_out"] == ["b: no reads"]
    nothing, _ = combined({"a.tabular": [], "b.tabular": []})  # nothing to compare is still a result
    assert nothing["table"] == b"#taxon\ttaxid\trank\ta\tb\tlineage\n"


def test_samples_that_were_expected_and_have_no_table_are_named(combined: Callable[..., Any]) -> None:
    tables = {"bay": samples.MERGED, "fjord": samples.SECOND}
    names = ["<b>&' Tromsø", "bay", "fjord", "bog.tabular", ""]
    made, task = combined(tables, names)
    rows = [line.split("\t") for line in made["samples"].decode().splitlines()]
    why = "no result: a step before this one failed"
    assert [row[0] for row in rows[1:]] == ["<b>&' Tromsø", "bay", "fjord", "bog"]
    assert [row[3] for row in rows[1:]] == [why, "", "", why]
    page = made["sunburst"].decode()
    assert f"Not in this chart: ‹b›&amp;&#39; Tromsø ({why}); bog ({why})</div></body>" in page
    assert task.notes["samples"] == 2
    alone = combined(tables)[0]
    assert all(made[name] == alone[name] for name in ("table", "biom"))


@pytest.mark.parametrize("labels", [["bay", "bay"], ["bay.tabular", "fjord", "bay.tsv"]])
def test_two_samples_of_one_name_are_refused(labels: list[str]) -> None:
    with pytest.raises(MetapipeError, match="sample 'bay' is also in bay") as caught:
        sample_names(labels)
    assert caught.value.code == "E124"


def test_samples_of_two_taxonomies_are_refused(combined: Callable[..., Any]) -> None:
    other = [("r", 1, "upper", "99.00", 1, samples.VIBRIO.replace("Vibrionaceae", "Vibrionaceae emend."))]
    with pytest.raises(MetapipeError) as caught:
        combined({"bay.tabular": samples.MERGED, "old.tabular": other})
    assert caught.value.code == "E125"


def test_when_every_sample_failed_the_line_says_so_and_names_them(combined: Callable[..., Any]) -> None:
    with pytest.raises(MetapipeError) as caught:
        combined({}, ["inner bay", "fjord.tabular"])
    words = "METAPIPE-E126 no sample is left, a step before this one failed for all 2: inner bay, fjord"
    assert str(caught.value) == words
    with pytest.raises(MetapipeError, match=r"12: s0, s1, .*, s9 and 2 more$"):
        combined({}, [f"s{number}" for number in range(12)])


def test_without_tables_and_names_the_command_asks_for_tables(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["combine_samples", "--session", "inline", "--outdir", str(tmp_path / "out")]) == 65
    assert "METAPIPE-E126 no table of taxa was given, expected one a sample (--taxa)" in capsys.readouterr().err
    expected = tmp_path / "names.txt"
    expected.write_text("bay\n")
    words = ["combine_samples", "--session", "inline", "--outdir", str(tmp_path / "out"), "--expected", str(expected)]
    assert main(words) == 65
    assert "METAPIPE-E126 no sample is left, a step before this one failed for all 1: bay\n" in capsys.readouterr().err
