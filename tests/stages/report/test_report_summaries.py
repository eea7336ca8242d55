"""What the report reads: summaries in any order, the annotation table, and one line about what is neither."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from pathlib import Path

import pytest
import report_samples as samples
from hypothesis import given
from hypothesis import strategies as st

from metapipe.errors import MetapipeError
from metapipe.reporting.summaries import parse, read_all
from metapipe.stages.report.facts import gather
from metapipe.stages.report.gene_table import ec_classes, tally
from metapipe.stages.report.steps import REPEATED, STEPS


def lines(content: bytes) -> list[bytes]:
    return content.splitlines(keepends=True)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not json",
        b"\xff\xfe\x00",
        b"[1, 2]",
        b"null",
        b'{"stage": "trim_reads"}',
        b'{"schema": 2, "stage": "trim_reads"}',
        b'{"schema": 1}',
        b'{"schema": 1, "stage": "krona"}',
        b'{"schema": 1, "stage": "trim_reads", "plan_hash": "0"}',
        b'{"schema": 1, "stage": ["trim_reads"]}',
        b'{"schema": 1, "stage": "trim_reads", "results": [1]}',
        b'{"schema": 1, "stage": "trim_reads", "inputs": {"reads-1": 5}, "results": {}}',
        b'{"schema": 1, "stage": "trim_reads", "quarantined": -1, "results": {}}',
        b'{"schema": 1, "stage": "trim_reads", "quarantined": true, "results": {}}',
        b'{"schema": 1, "stage": "trim_reads", "results": {"x": NaN}}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_summary_is_refused_with_the_files_name(content: bytes) -> None:
    with pytest.raises(MetapipeError) as refusal:
        parse(content, "summary.json", STEPS)
    assert refusal.value.code == "E111"
    assert str(refusal.value).startswith("METAPIPE-E111 summary.json")
    assert "\n" not in str(refusal.value)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with suppress(MetapipeError):
        parse(content, "x.json", STEPS)


def test_two_runs_of_one_stage_do_not_belong_together_but_the_same_file_twice_does(tmp_path: Path) -> None:
    one = samples.write(tmp_path, {"assemble": samples.full()["assemble"]})[0]
    other = tmp_path / "other.json"
    other.write_text(json.dumps(samples.full()["assemble"] | {"version": "2"}), encoding="utf-8")
    assert len(read_all([(one, "a.json"), (one, "a.json")], STEPS, REPEATED)["assemble"]) == 1
    with pytest.raises(MetapipeError, match=r"METAPIPE-E112 other.json"):
        read_all([(one, "a.json"), (other, "other.json")], STEPS, REPEATED)


def test_searches_of_two_databases_are_both_read_in_the_same_order_whichever_comes_first(tmp_path: Path) -> None:
    first = samples.full()["search_proteins"]
    second = first | {"databases": {"proteins": {"name": "marine", "version": "1", "digest": "00"}}}
    paths = []
    for position, value in enumerate((first, second)):
        path = tmp_path / f"{position}.json"
        path.write_text(json.dumps(value), encoding="utf-8")
        paths.append((path, path.name))
    assert read_all(paths, STEPS, REPEATED) == read_all(paths[::-1], STEPS, REPEATED)
    assert len(read_all(paths, STEPS, REPEATED)["search_proteins"]) == 2


def test_the_stages_notes_become_the_numbers_of_the_page(tmp_path: Path) -> None:
    paths = samples.write(tmp_path, samples.full())
    facts = gather(read_all([(path, path.name) for path in paths], STEPS, REPEATED), None)
    assert (facts.pairs_in, facts.pairs_kept, facts.contigs, facts.genes) == (61_728, 58_911, 214, 1034)
    assert facts.contigs_dropped == 611
    assert facts.gc_mean == pytest.approx(51.2, abs=0.01)
    assert facts.read_length_before is not None
    assert facts.read_length_before.total == 2 * 61_728
    assert len(facts.curve_before) == 150
    assert facts.coding_share == pytest.approx(0.857, abs=0.001)
    assert facts.partial_genes == 172
    assert facts.sample == "Fram Strait 40 m"


def test_the_table_is_counted_and_its_best_rows_kept_in_order() -> None:
    rows = samples.rows(400)
    counts = tally(lines(samples.table(rows)), "annotation.tsv", 50)
    assert counts.genes == 400
    assert counts.tiers == {1: 244, 2: 80, 3: 76}
    assert [gene.gene for gene in counts.shown] == [row[0] for row in rows if row[7] == "1"][:50]
    assert "hypothetical protein" not in counts.products
    assert counts.partial == sum(row[6] != "00" for row in rows)
    assert counts.protein_search
    assert counts.domain_search


def test_the_tallies_do_not_depend_on_the_order_of_rows() -> None:
    rows = samples.rows(200)
    mixed = rows[:]
    random.Random(7).shuffle(mixed)
    one, other = (tally(lines(samples.table(made)), "t", 500) for made in (rows, mixed))
    assert (one.tiers, one.products, one.ec_classes, one.taxa) == (
        other.tiers,
        other.products,
        other.ec_classes,
        other.taxa,
    )


def test_a_table_with_a_header_only_is_a_result() -> None:
    counts = tally(lines(samples.table([])), "annotation.tsv", 50)
    assert (counts.genes, counts.shown) == (0, [])


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (b"", 1, "header line"),
        (b">contig_1\nACGT\n", 1, "header line"),
        (b"gene\ttier\tproduct\nc_1\t1\n", 2, "3 columns"),
        (b"gene\ttier\tproduct\n\n", 2, "3 columns"),
    ],
)
def test_what_is_no_annotation_table_is_refused_with_its_line(content: bytes, line: int, words: str) -> None:
    with pytest.raises(MetapipeError, match=words) as refusal:
        tally(lines(content), "annotation.tsv", 50)
    assert (refusal.value.code, refusal.value.line) == ("E111", line)


def test_windows_line_ends_and_a_marked_header_are_accepted() -> None:
    counts = tally([b"#gene\ttier\tproduct\r\n", b"c_1\t2\tEnolase\r\n"], "t", 5)
    assert (counts.tiers, counts.products) == ({2: 1}, {"Enolase": 1})


@pytest.mark.parametrize(
    ("numbers", "classes"),
    [
        (("2.7.7.6", "3.1.-.-"), {2, 3}),
        (("EC 1.1.1.1",), {1}),
        (("7.1.1.n2",), {7}),
        (("8.1.1.1", "1", "10.2.3.4", "version 2.1", ""), set()),
    ],
)
def test_ec_numbers_are_counted_by_their_main_class(numbers: tuple[str, ...], classes: set[int]) -> None:
    assert ec_classes(numbers) == classes
