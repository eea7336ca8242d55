"""The engine ``kraken2`` of ``classify_reads``: the same tables, every read counted, the same index each time."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from taxonomy.protein_reads import (
    EVERYWHERE,
    NOISE,
    OF_ALPHA,
    OF_YEAST,
    OWN,
    PROTEINS,
    SHARED,
    coding,
    fastq,
    made_database,
    reverse,
)

from metapipe.errors import MetapipeError
from metapipe.runner.declare.elements import Database
from metapipe.stages.taxonomy import kraken2
from metapipe.stages.taxonomy.classify_reads import ClassifyReads
from metapipe.taxa.ancestry import read_ancestry
from metapipe.taxa.taxon_counts import taxa_table
from metapipe.taxa.word_index import FILES, FOLDER


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    return made_database(tmp_path_factory.mktemp("taxa"), PROTEINS)


@pytest.fixture
def task_of(fake_task: Callable[..., Any], database: Database) -> Callable[..., Any]:
    def make(
        first: dict[str, bytes], second: dict[str, bytes] | None = None, given: Database = database, **options: Any
    ) -> Any:
        inputs = {"reads-1": fastq(first)} | ({"reads-2": fastq(second)} if second is not None else {})
        return fake_task(ClassifyReads(), inputs, databases={"taxonomy": given}, engine="kraken2", **options)

    return make


def rows_of(outputs: dict[str, bytes]) -> dict[str, list[str]]:
    rows = [line.split("\t") for line in outputs["assignments"].decode().splitlines()[1:]]
    return {row[0]: row for row in rows}


def counts_of(outputs: dict[str, bytes]) -> dict[str, tuple[int, int]]:
    table = [line.split("\t") for line in taxa_table(json.loads(outputs["taxa"])).decode().splitlines()[1:]]
    return {row[0]: (int(row[3]), int(row[4])) for row in table}


def test_a_read_is_placed_at_what_the_proteins_with_its_words_have_in_common(task_of: Callable[..., Any]) -> None:
    task = task_of(
        {
            "own": coding(OWN)[:150],
            "backwards": reverse(coding(OWN)[20:170]),
            "genus": coding(SHARED)[:150],
            "anything": coding(EVERYWHERE)[:150],
            "yeast": coding(OF_YEAST)[:150].lower().replace(b"t", b"u"),
            "noise": NOISE,
        }
    )
    outputs = task.run()
    rows = rows_of(outputs)
    assert {name: (row[6], row[7]) for name, row in rows.items()} == {
        "own": ("Vibrio cholerae", "species"),
        "backwards": ("Vibrio cholerae", "species"),
        "genus": ("Vibrio", "genus"),
        "anything": ("root", "no rank"),
        "yeast": ("Saccharomyces cerevisiae", "species"),
        "noise": ("", ""),
    }
    assert rows["own"][3:5] == ["", "1"]
    assert int(rows["own"][8]) >= 2
    assert rows["noise"][9] == ""
    assert counts_of(outputs)["root"] == (1, 5)
    assert counts_of(outputs)["Unclassified"] == (1, 1)
    assert (task.notes["reads"], task.notes["classified"], task.notes["unclassified"]) == (6, 5, 1)


@pytest.mark.parametrize(
    ("name", "bases"),
    [("of N", b"N" * 150), ("without letters", b""), ("of one base", b"A"), ("shorter than a word", coding(OWN)[:35])],
)
def test_reads_without_a_word_are_unclassified_and_counted(
    name: str, bases: bytes, task_of: Callable[..., Any]
) -> None:
    for second in (None, {"odd": bases}):
        outputs = task_of({"odd": bases}, second).run()
        assert rows_of(outputs)["odd"][5:8] == ["", "", ""], name
        assert counts_of(outputs) == {"Unclassified": (1, 1)}


def test_a_mate_that_is_too_short_leaves_the_verdict_to_the_other(task_of: Callable[..., Any]) -> None:
    first = {"a/1": b"A", "b/1": coding(OF_ALPHA)[:150], "c/1": NOISE, "d/1": b""}
    second = {"a/2": reverse(coding(OWN)[:150]), "b/2": b"", "c/2": coding(OWN)[:150], "d/2": b"N"}
    rows = rows_of(task_of(first, second).run())
    assert {name: row[6] for name, row in rows.items()} == {
        "a": "Vibrio cholerae",
        "b": "Roseobacter litoralis",
        "c": "Vibrio cholerae",
        "d": "",
    }


def test_the_last_pair_of_a_file_is_judged_as_any_other(task_of: Callable[..., Any]) -> None:
    first, second = coding(OWN)[:150], reverse(coding(OWN)[20:170])
    other = {f"other{number}/1": NOISE for number in range(3)}
    others = {name.replace("/1", "/2"): bases for name, bases in other.items()}
    last = rows_of(task_of({**other, "own/1": first}, {**others, "own/2": second}).run())
    before = rows_of(task_of({"own/1": first, **other}, {"own/2": second, **others}).run())
    assert last["own"] == before["own"]


def test_one_read_is_enough(task_of: Callable[..., Any]) -> None:
    outputs = task_of({"only": coding(OWN)[:150]}).run()
    assert rows_of(outputs)["only"][6] == "Vibrio cholerae"
    assert "Unclassified" not in counts_of(outputs)


def test_no_read_at_all_gives_tables_of_nothing(task_of: Callable[..., Any]) -> None:
    assert counts_of(task_of({}).run()) == {}


def test_more_confidence_names_fewer_reads_and_drops_none(task_of: Callable[..., Any]) -> None:
    half = coding(OWN)[:75] + NOISE[:75]
    reads = {"half": half, "whole": coding(OWN)[:150]}
    assert {name: row[6] for name, row in rows_of(task_of(reads).run()).items()} == {
        "half": "Vibrio cholerae",
        "whole": "Vibrio cholerae",
    }
    strict = task_of(reads, confidence=0.9).run()
    assert rows_of(strict)["half"][6] == ""
    assert counts_of(strict)["Unclassified"][1] >= 1


def test_proteins_of_taxa_that_the_taxonomy_lacks_have_no_say_and_merged_ones_have(
    task_of: Callable[..., Any], tmp_path: Path, database: Database
) -> None:
    changed = tmp_path / "db"
    shutil.copytree(database.path, changed)
    taxonomy = (changed / "taxonomy.tsv").read_text().splitlines(keepends=True)
    yeast = next(line.split("\t") for line in taxonomy if "cerevisiae" in line)[0]
    (changed / "taxonomy.tsv").write_text("".join(line for line in taxonomy if "cholerae" not in line))
    fasta = (changed / "proteins.fasta").read_text()
    (changed / "proteins.fasta").write_text(fasta.replace(f">of_yeast_{yeast}", ">of_yeast_987654"))
    (changed / "merged.tsv").write_text(f"#taxid\tnow\n987654\t{yeast}\n")
    given = Database("own", "1", "taxonomy-reads", changed, "")
    reads = {"own": coding(OWN)[:150], "genus": coding(SHARED)[:150], "yeast": coding(OF_YEAST)[:150]}
    rows = rows_of(task_of(reads, given=given).run())
    assert {name: row[6] for name, row in rows.items()} == {
        "own": "",
        "genus": "Vibrio fischeri",
        "yeast": "Saccharomyces cerevisiae",
    }


def test_the_index_has_the_same_bytes_each_time_and_is_used_where_a_database_brings_it(
    task_of: Callable[..., Any], tmp_path: Path, database: Database
) -> None:
    reads = {"own": coding(OWN)[:150]}
    found = []
    for threads in (1, 2, 3):
        task = task_of(reads, threads=threads)
        task.run()
        found.append({name: (task.shared / FOLDER / name).read_bytes() for name in FILES})
        assert sorted(path.name for path in (task.shared / FOLDER).iterdir()) == sorted(FILES)
    assert found[0] == found[1] == found[2]
    own = tmp_path / "with-index"
    shutil.copytree(database.path, own)
    shutil.copytree(task.shared / FOLDER, own / FOLDER)
    task = task_of(reads, given=Database("own", "1", "taxonomy-reads", own, ""))
    assert rows_of(task.run())["own"][6] == "Vibrio cholerae"
    assert not list(task.shared.iterdir())


def test_more_threads_than_openmp_offers_are_not_asked_for(
    task_of: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    task = task_of({"own": coding(OWN)[:150]}, threads=100)
    assert kraken2.threads(task) == 1
    assert rows_of(task.run())["own"][6] == "Vibrio cholerae"


def test_a_database_whose_proteins_name_no_taxon_is_refused(
    task_of: Callable[..., Any], tmp_path: Path, database: Database
) -> None:
    broken = tmp_path / "db"
    shutil.copytree(database.path, broken)
    (broken / "proteins.fasta").write_text(f">nameless\n{OWN}\n")
    given = Database("own", "1", "taxonomy-reads", broken, "")
    with pytest.raises(MetapipeError, match=r"METAPIPE-E206 proteins\.fasta: .*expected a protein named NAME_TAXID"):
        task_of({"own": coding(OWN)[:150]}, given=given).run()


@pytest.mark.parametrize("text", ["C\t0\n", "C\tx\t1\t150\t1:3\n", "U\t0\t0\t150\t0:10\n"])
def test_a_table_that_is_none_of_kraken_2s_or_ends_too_early_is_refused(
    text: str, tmp_path: Path, database: Database
) -> None:
    (tmp_path / "words.tsv").write_text(text)
    with pytest.raises(MetapipeError, match="METAPIPE-E403"):
        list(kraken2.words_of_reads(tmp_path / "words.tsv", 2, read_ancestry(database.path)))
