"""Reads are placed by the proteins they code for; every read is counted."""

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
    protein,
    reverse,
)

from metapipe.errors import MetapipeError
from metapipe.refdb.builders.diamond import index_proteins
from metapipe.runner.declare.elements import Database
from metapipe.stages.taxonomy.classify_reads import ClassifyReads
from metapipe.taxa.taxon_counts import taxa_table


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    return made_database(tmp_path_factory.mktemp("taxa"), PROTEINS)


@pytest.fixture
def classify(fake_task: Callable[..., Any], database: Database) -> Callable[..., Any]:
    """Classify reads; return name → (taxon, rank), the counts by taxon (direct, total), and the notes."""

    def run(first: dict[str, bytes], second: dict[str, bytes] | None = None, **options: Any) -> Any:
        inputs = {"reads-1": fastq(first)} | ({"reads-2": fastq(second)} if second is not None else {})
        task = fake_task(ClassifyReads(), inputs, databases={"taxonomy": database}, **options)
        outputs = task.run()
        rows = [line.split("\t") for line in outputs["assignments"].decode().splitlines()[1:]]
        table = [line.split("\t") for line in taxa_table(json.loads(outputs["taxa"])).decode().splitlines()[1:]]
        counts = {row[0]: (int(row[3]), int(row[4])) for row in table}
        return {row[0]: (row[6], row[7]) for row in rows}, counts, task.notes

    return run


def test_a_read_is_placed_at_what_its_best_hits_have_in_common(classify: Callable[..., Any]) -> None:
    reads = {
        "own": coding(OWN)[:150],
        "backwards": reverse(coding(OWN)[20:170]),
        "genus": coding(SHARED)[:150],
        "anything": coding(EVERYWHERE)[:150],
        "noise": NOISE,
    }
    placed, counts, notes = classify(reads)
    assert placed == {
        "own": ("Vibrio cholerae", "species"),
        "backwards": ("Vibrio cholerae", "species"),
        "genus": ("Vibrio", "genus"),
        "anything": ("root", "no rank"),
        "noise": ("", ""),
    }
    assert counts["root"] == (1, 4)
    assert counts["Vibrio"] == (1, 3)
    assert counts["Unclassified"] == (1, 1)
    assert (notes["reads"], notes["classified"], notes["unclassified"]) == (5, 4, 1)
    assert notes["database_domains"] == "bacteria, eukaryota"
    assert notes["at_rank"] == dict.fromkeys(("domain", "phylum", "class", "order", "family", "genus"), 3) | {
        "species": 2
    }


def test_a_eukaryote_is_placed_where_the_database_has_it_and_counted_as_unclassified_where_not(
    classify: Callable[..., Any],
) -> None:
    placed, counts, _ = classify({"yeast": coding(OF_YEAST)[:150], "unknown eukaryote": coding(protein(77))[:150]})
    assert placed == {"yeast": ("Saccharomyces cerevisiae", "species"), "unknown": ("", "")}
    assert counts["Eukaryota"] == (0, 1)
    assert counts["Unclassified"] == (1, 1)


def test_one_read_is_enough(classify: Callable[..., Any]) -> None:
    placed, counts, _ = classify({"only": coding(OWN)[:150]})
    assert placed == {"only": ("Vibrio cholerae", "species")}
    assert "Unclassified" not in counts


def test_no_read_at_all_gives_tables_of_nothing(classify: Callable[..., Any]) -> None:
    assert classify({})[:2] == ({}, {})


@pytest.mark.parametrize(
    ("name", "bases"),
    [("of N", b"N" * 150), ("without letters", b""), ("of one base", b"A"), ("short", coding(OWN)[:29])],
)
def test_reads_that_hold_no_protein_are_unclassified_and_counted(
    name: str, bases: bytes, classify: Callable[..., Any]
) -> None:
    placed, counts, _ = classify({"odd": bases})
    assert placed == {"odd": ("", "")}, name
    assert counts == {"Unclassified": (1, 1)}


def test_lower_case_and_rna_are_read_as_dna(classify: Callable[..., Any]) -> None:
    bases = coding(OWN)[:150]
    placed, _, _ = classify({"lower": bases.lower(), "rna": bases.replace(b"T", b"U")})
    assert set(placed.values()) == {("Vibrio cholerae", "species")}


def test_a_pair_has_one_verdict_for_which_both_mates_speak(classify: Callable[..., Any]) -> None:
    own, shared, alpha = coding(OWN)[:150], coding(SHARED)[:150], reverse(coding(OF_ALPHA)[:150])
    first = {"a/1": shared, "b/1": NOISE, "c/1": NOISE, "d/1": own}
    second = {"a/2": own, "b/2": alpha, "c/2": NOISE[::-1], "d/2": alpha}
    placed, counts, _ = classify(first, second)
    assert placed["a"] == ("Vibrio cholerae", "species"), "one mate fits the genus, the other one species of it"
    assert placed["b"] == ("Roseobacter litoralis", "species"), "one mate alone says it"
    assert placed["c"] == ("", "")
    assert placed["d"] == ("Pseudomonadota", "phylum"), "the mates disagree, and neither is much better"
    assert counts["Unclassified"] == (1, 1)
    assert counts["root"][1] == 3


def test_rare_taxa_are_counted_for_the_one_above_and_no_read_is_lost(classify: Callable[..., Any]) -> None:
    reads = {f"own{n}": coding(OWN)[n : n + 150] for n in range(3)} | {"alpha": coding(OF_ALPHA)[:150]}
    placed, counts, _ = classify(reads, min_support=2)
    assert placed["alpha"] == ("Roseobacter litoralis", "species")
    assert "Roseobacter litoralis" not in counts
    assert counts["Pseudomonadota"] == (1, 4)
    assert counts["Vibrio cholerae"] == (3, 3)
    assert counts["root"] == (0, 4)


def test_a_read_of_a_relative_that_the_database_lacks_is_named_at_the_rank_that_it_reaches(
    classify: Callable[..., Any],
) -> None:
    changed = OWN[:4] + "".join("A" if place % 8 == 3 else residue for place, residue in enumerate(OWN[4:]))
    reads = {"relative": coding(changed)[:150]}
    assert classify(reads)[0] == {"relative": ("Vibrio", "genus")}
    assert classify(reads, rank_identities="none")[0] == {"relative": ("Vibrio cholerae", "species")}


@pytest.mark.parametrize("text", ["genus", "genus=0.75", "kingdom=50", "genus=60,species=50", "genus=75,genus=70"])
def test_a_text_that_is_no_list_of_ranks_and_identities_is_refused(text: str, classify: Callable[..., Any]) -> None:
    with pytest.raises(MetapipeError, match="METAPIPE-E701"):
        classify({"own": coding(OWN)[:150]}, rank_identities=text)


def test_hits_of_taxa_that_the_taxonomy_lacks_have_no_say(
    fake_task: Callable[..., Any], tmp_path: Path, database: Database
) -> None:
    broken = tmp_path / "db"
    shutil.copytree(database.path, broken)
    lines = (broken / "taxonomy.tsv").read_text().splitlines(keepends=True)
    (broken / "taxonomy.tsv").write_text("".join(line for line in lines if "cholerae" not in line))
    given = Database("own", "1", "taxonomy-reads", broken, "")
    reads = fastq({"own": coding(OWN)[:150], "genus": coding(SHARED)[:150]})
    task = fake_task(ClassifyReads(), {"reads-1": reads}, databases={"taxonomy": given})
    rows = [line.split("\t") for line in task.run()["assignments"].decode().splitlines()[1:]]
    assert [row[6] for row in rows] == ["", "Vibrio fischeri"]
    assert (task.notes["with_hits"], task.notes["classified"], task.notes["unclassified"]) == (2, 1, 1)


def test_a_merged_taxid_speaks_for_the_one_it_was_merged_into(
    fake_task: Callable[..., Any], tmp_path: Path, database: Database
) -> None:
    changed = tmp_path / "db"
    shutil.copytree(database.path, changed)
    fasta = (changed / "proteins.fasta").read_text()
    taxid = fasta.partition(">of_yeast_")[2].partition("\n")[0]
    (changed / "proteins.fasta").write_text(fasta.replace(f">of_yeast_{taxid}", ">of_yeast_987654"))
    index_proteins(changed, fasta.count(">"))
    given = Database("own", "1", "taxonomy-reads", changed, "")

    def row() -> list[str]:
        reads = {"reads-1": fastq({"yeast": coding(OF_YEAST)[:150]})}
        outputs = fake_task(ClassifyReads(), reads, databases={"taxonomy": given}).run()
        return outputs["assignments"].decode().splitlines()[1].split("\t")

    assert row()[5:7] == ["", ""], "a number that was deleted, or never was"
    (changed / "merged.tsv").write_text(f"#taxid\tnow\n987654\t{taxid}\n")
    assert row()[5:7] == [taxid, "Saccharomyces cerevisiae"]


def test_few_large_blocks_are_planned_for_what_takes_long_to_begin_with(tmp_path: Path) -> None:
    def planned(megabytes: int, **options: str) -> tuple[float, float]:
        folder = tmp_path / str(megabytes)
        folder.mkdir(exist_ok=True)
        with (folder / "proteins.fasta").open("wb") as proteins:
            proteins.truncate(megabytes * 1_000_000)
        stage, given = ClassifyReads(), {"taxonomy": Database("own", "1", "taxonomy-reads", folder, "")}
        return stage.rate_for(given, stage.options(**options)), stage.fixed_cost_for(given, stage.options(**options))

    assert planned(1) == planned(21) == (1.2e6, 5.0), "the smallest and ours"
    assert planned(63) == (4e5, pytest.approx(9.45))
    assert planned(10_000) == (2e5, pytest.approx(1500))
    assert planned(10_000, engine="kraken2") == (4e6, 5.0)


def test_a_database_whose_proteins_name_no_taxon_is_refused(
    fake_task: Callable[..., Any], tmp_path: Path, database: Database
) -> None:
    broken = tmp_path / "db"
    shutil.copytree(database.path, broken)
    (broken / "proteins.fasta").write_text(f">nameless\n{OWN}\n")
    index_proteins(broken, 1)
    given = Database("own", "1", "taxonomy-reads", broken, "")
    task = fake_task(ClassifyReads(), {"reads-1": fastq({"own": coding(OWN)[:150]})}, databases={"taxonomy": given})
    with pytest.raises(MetapipeError, match=r"METAPIPE-E206 proteins\.dmnd: .*expected a protein named NAME_TAXID"):
        task.run()
