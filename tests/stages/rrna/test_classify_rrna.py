"""Each 16S gets its taxon by SINTAX's rule, the same beside any others; what the database lacks is counted."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from metapipe.errors import MetapipeError
from metapipe.formats.fasta_text import format_fasta, reverse_complement
from metapipe.formats.table_rows import Place
from metapipe.runner.declare.elements import Database
from metapipe.stages.rrna.classify_rrna import ClassifyRrna, domains_of
from metapipe.stages.rrna.sintax import classify, drawn
from metapipe.stages.rrna.word_index import WordIndex, read_word_index, words_of, write_word_index
from metapipe.taxa.rows import ASSIGNMENT_TABLE, AssignmentRow
from metapipe.taxa.taxon_counts import taxa_table
from metapipe.taxa.taxonomy import Taxonomy, read_taxonomy

DATA = Path(__file__).parents[3] / "test-data"
TINY = DATA / "refdb" / "biomas-tiny-16s" / "1"
CHANCE = random.Random(16)


@pytest.fixture(scope="module")
def taxonomy() -> Taxonomy:
    return read_taxonomy(TINY)


@pytest.fixture(scope="module")
def index(taxonomy: Taxonomy, tmp_path_factory: pytest.TempPathFactory) -> WordIndex:
    folder = tmp_path_factory.mktemp("index")
    write_word_index(TINY, taxonomy, folder)
    return read_word_index(folder)


def references() -> Iterator[tuple[str, bytes]]:
    for record in (TINY / "references.fasta").read_bytes().removeprefix(b">").split(b"\n>"):
        header, _, lines = record.partition(b"\n")
        yield header.split()[0].decode(), lines.replace(b"\n", b"")


def database(path: Path = TINY) -> dict[str, Database]:
    return {"amplicon": Database("tiny", "1", "amplicon", path, "0")}


@pytest.fixture
def classified(fake_task: Callable[..., Any]) -> Callable[..., tuple[list[AssignmentRow], dict[str, Any], bytes]]:
    def run(fasta: bytes, path: Path = TINY, **options: Any) -> tuple[list[AssignmentRow], dict[str, Any], bytes]:
        task = fake_task(ClassifyRrna(), {"rrna": fasta}, databases=database(path), **options)
        made = task.run()
        header, *rows = made["assignments"].splitlines(keepends=True)
        assert header == ASSIGNMENT_TABLE.header
        parsed = [ASSIGNMENT_TABLE.parse(row, Place("rows", 1)) for row in rows]
        return parsed, task.notes, taxa_table(json.loads(made["taxa"]))

    return run


def test_words_are_all_stretches_of_eight_called_bases_once() -> None:
    assert words_of(b"AAAAAAAAA").tolist() == [0]
    assert words_of(b"aaaaaaac").tolist() == [1]
    assert words_of(b"UUUUUUUU").tolist() == [4**8 - 1]
    assert len(words_of(b"ACGTACGNACGTACGT")) == 1
    assert words_of(b"ACGTACG").tolist() == words_of(b"").tolist() == []


def test_draws_are_pinned_by_the_words_and_take_each_as_often_as_chance_does() -> None:
    words = np.arange(0, 5000, 37)
    counts = drawn(words)
    assert counts.shape == (100, len(words))
    assert (counts.sum(axis=1) == 32).all()
    assert np.array_equal(counts, drawn(words.copy()))
    assert not np.array_equal(counts, drawn(words + 1))
    expected = 3200 / len(words)
    chi_square = float(((counts.sum(axis=0) - expected) ** 2 / expected).sum())
    # With 135 degrees of freedom: mean 135, standard deviation 16.4.
    assert 70 < chi_square < 220


def test_a_piece_of_a_reference_is_never_placed_in_another_lineage(taxonomy: Taxonomy, index: WordIndex) -> None:
    deep = 0
    for name, bases in references():
        own = int(taxonomy.reference_taxa[taxonomy.reference_numbers[name]])
        start = CHANCE.randrange(len(bases) - 250)
        found = classify([words_of(bases[start : start + 250])], index, taxonomy, 0.8)
        assert found is not None
        assert found.taxon in taxonomy.lineage(own), name
        assert 0.8 <= found.support <= 1
        deep += taxonomy.ranks[found.taxon] in ("genus", "species")
    assert deep > 60


def test_support_does_not_rise_with_the_depth_of_the_taxon(taxonomy: Taxonomy, index: WordIndex) -> None:
    for _, bases in list(references())[:20]:
        strict, loose = (classify([words_of(bases[400:550])], index, taxonomy, cutoff) for cutoff in (0.95, 0.6))
        assert strict is not None
        assert loose is not None
        assert strict.taxon in taxonomy.lineage(loose.taxon)


def test_taxa_that_are_just_as_near_have_equal_parts_of_the_say(tmp_path: Path) -> None:
    bases = "".join(CHANCE.choices("ACGT", k=400))
    names = [f"many{number}" for number in range(9)] + ["one"]
    (tmp_path / "references.fasta").write_text("".join(f">{name}\n{bases}\n" for name in names))
    rows = "".join(f"{name}\t{3 if name == 'one' else 2}\n" for name in names)
    (tmp_path / "references.tsv").write_text("#reference\ttaxid\n" + rows)
    taxa = "1\t\tgenus\tVibrio\t\n2\t1\tspecies\tVibrio a\t\n3\t1\tspecies\tVibrio b\t\n"
    (tmp_path / "taxonomy.tsv").write_text("#taxid\tparent\trank\tname\tflags\n" + taxa)
    taxonomy = read_taxonomy(tmp_path)
    write_word_index(tmp_path, taxonomy, tmp_path)
    found = classify([words_of(bases[50:200].encode())], read_word_index(tmp_path), taxonomy, 0.8)
    assert found is not None
    assert (taxonomy.names[found.taxon], found.support, found.taxa) == ("Vibrio", 1.0, 2)


def test_both_strands_get_the_same_verdict(classified: Callable[..., Any]) -> None:
    some = [(name, bases[300:480]) for name, bases in list(references())[::8]]
    forward, _, taxa = classified(b"".join(format_fasta(name, "", bases) for name, bases in some))
    backward, _, same = classified(b"".join(format_fasta(name, "", reverse_complement(bases)) for name, bases in some))
    assert forward == backward
    assert taxa == same


def test_the_verdict_on_a_sequence_does_not_depend_on_those_beside_it(classified: Callable[..., Any]) -> None:
    records = [format_fasta(name, "", bases[500:640]) for name, bases in references()][::6]
    together, notes, _ = classified(b"".join(records))
    assert [classified(record)[0][0] for record in records] == together
    assert notes["sequences"] == notes["classified"] == len(records)


def test_archaea_are_unplaced_and_counted_where_the_database_has_none(classified: Callable[..., Any]) -> None:
    rows, notes, taxa = classified((DATA / "rrna" / "ssu.fasta").read_bytes())
    of_archaea = [row for row in rows if row.read.startswith("thermococcus")]
    assert {row.lineage for row in of_archaea} == {""}
    assert all("Rhodobacterales" in row.lineage for row in rows if row not in of_archaea)
    assert notes["database_domains"] == "bacteria"
    assert notes["lacking_domains"] == {"archaea": 14}
    assert notes["unclassified"] == notes["of_a_domain_the_database_lacks"] == len(of_archaea) == 14
    assert taxa.decode().splitlines()[-1].split("\t")[3:5] == ["14", "14"]


def test_every_sequence_is_in_the_table_of_taxa_once(classified: Callable[..., Any]) -> None:
    rows, notes, taxa = classified((DATA / "rrna" / "ssu.fasta").read_bytes())
    lines = [line.split("\t") for line in taxa.decode().splitlines()[1:]]
    assert sum(int(cells[3]) for cells in lines) == len(rows) == notes["sequences"]
    assert notes["at_rank"]["domain"] == notes["classified"]


@pytest.mark.parametrize(
    "bases", [b"", b"A", b"ACGTACG", b"N" * 150, b"A" * 150, b"ACGTTGCA" * 4], ids=lambda bases: f"{bases[:8]!r}"
)
def test_what_has_too_few_words_to_draw_from_is_unclassified(classified: Callable[..., Any], bases: bytes) -> None:
    rows, notes, _ = classified(format_fasta("odd", "", bases))
    assert [(row.read, row.lineage, row.taxid) for row in rows] == [("odd", "", "")]
    assert notes["unclassified"] == 1


def test_a_sequence_that_resembles_no_reference_is_unclassified(tmp_path: Path, taxonomy: Taxonomy) -> None:
    index = WordIndex(np.zeros(4**8 + 1, np.int64), np.zeros(0, np.int32))
    assert classify([words_of("".join(CHANCE.choices("ACGT", k=150)).encode())], index, taxonomy, 0.8) is None


def test_no_sequence_gives_tables_without_rows(classified: Callable[..., Any]) -> None:
    rows, notes, taxa = classified(b"")
    assert rows == []
    assert notes["sequences"] == 0
    assert taxa.count(b"\n") <= 1


def test_a_taxonomy_that_names_no_domain_of_life_does_not_exclude_any(taxonomy: Taxonomy, tmp_path: Path) -> None:
    assert domains_of(taxonomy) == {"bacteria"}
    (tmp_path / "references.tsv").write_text("#reference\ttaxid\nx\t1\n")
    (tmp_path / "taxonomy.tsv").write_text("#taxid\tparent\trank\tname\tflags\n1\t\tgenus\tVibrio\t\n")
    assert domains_of(read_taxonomy(tmp_path)) == frozenset()


def test_a_reference_without_a_taxon_is_a_damaged_database(fake_task: Callable[..., Any], tmp_path: Path) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(TINY, folder)
    with (folder / "references.fasta").open("ab") as file:
        file.write(b">nobody\nACGTACGTACGTACGT\n")
    with pytest.raises(MetapipeError) as caught:
        fake_task(ClassifyRrna(), {"rrna": b""}, databases=database(folder)).run()
    assert caught.value.code == "E206"


def test_genera_agree_with_the_sintax_of_vsearch(taxonomy: Taxonomy, index: WordIndex, tmp_path: Path) -> None:
    lines, queries = [], []
    for name, bases in references():
        taxon = int(taxonomy.reference_taxa[taxonomy.reference_numbers[name]])
        genus = [taxonomy.names[one] for one in taxonomy.lineage(taxon) if taxonomy.ranks[one] == "genus"][-1]
        lines.append(f">{name};tax=g:{genus.replace(' ', '_')};\n{bases.decode()}\n")
        queries.append((name, bases[520:770]))
    (tmp_path / "db.fasta").write_text("".join(lines))
    (tmp_path / "q.fasta").write_text("".join(f">{name}\n{bases.decode()}\n" for name, bases in queries))
    files = ["--sintax", tmp_path / "q.fasta", "--db", tmp_path / "db.fasta", "--tabbedout", tmp_path / "out.tsv"]
    options = ["--sintax_cutoff", "0.8", "--threads", "1", "--randseed", "1", "--quiet"]
    subprocess.run(["vsearch", *files, *options], check=True, capture_output=True)
    theirs = {row[0]: row[3] for row in (line.split("\t") for line in (tmp_path / "out.tsv").read_text().splitlines())}
    both = 0
    for name, bases in queries:
        found = classify([words_of(bases)], index, taxonomy, 0.8)
        assert found is not None
        ours = [taxonomy.names[one] for one in taxonomy.lineage(found.taxon) if taxonomy.ranks[one] == "genus"]
        if ours and theirs[name]:
            assert theirs[name] == f"g:{ours[-1].replace(' ', '_')}"
            both += 1
    assert both > 60
