"""DIAMOND as a stage: hits, odd proteins, no proteins, and the same answer however the proteins are cut."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from metapipe.errors import MetapipeError
from metapipe.formats.table_rows import Place
from metapipe.proteins.protein_hits import HIT_TABLE
from metapipe.refdb.builders.diamond import build_diamond
from metapipe.refdb.readers.proteins import Protein
from metapipe.runner.declare.elements import Database
from metapipe.stages.evidence.search_proteins import FINISHED, SearchProteins, read_alignments

LETTERS = "ACDEFGHIKLMNPQRSTVWY"
CHANCE = random.Random(7)
PROTEINS = {f"P{number:03d}": "".join(CHANCE.choices(LETTERS, k=220)) for number in range(60)}
TITLES = {"P000": "1.1.1.1~~~adhA~~~alcohol dehydrogenase~~~GO:0004022~~~375451~~~Roseobacter denitrificans"}


def changed(protein: str, share: float, seed: int = 1) -> str:
    """Return the protein with this share of its residues drawn anew."""
    chance = random.Random(seed)
    return "".join(chance.choice(LETTERS) if chance.random() < share else letter for letter in protein)


QUERIES = {f"gene_{number}": changed(PROTEINS[f"P{number:03d}"], number / 60, number) for number in range(50)}


def fasta(proteins: dict[str, str]) -> bytes:
    return "".join(f">{name}\n{letters}\n" for name, letters in proteins.items()).encode()


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    folder = tmp_path_factory.mktemp("proteins")
    text = "".join(f">{name} {TITLES.get(name, f'protein {name}')}\n{seq}\n" for name, seq in PROTEINS.items())
    (folder / "proteins.fasta").write_text(text)
    subprocess.run(
        ["diamond", "makedb", "--in", folder / "proteins.fasta", "--db", folder / "proteins.dmnd", "--quiet"],
        check=True,
    )
    return Database("few", "1", "diamond", folder, "")


@pytest.fixture
def search(fake_task: Callable[..., Any], database: Database) -> Callable[..., Any]:
    def run(proteins: bytes, database: Database = database, **options: Any) -> Any:
        task = fake_task(SearchProteins(), {"proteins": proteins}, databases={"proteins": database}, **options)
        return task.run()["hits"], task.notes

    return run


def test_the_best_hit_comes_with_everything_the_database_says_of_it(search: Callable[..., Any]) -> None:
    table, notes = search(fasta({"gene_0": PROTEINS["P000"]}))
    header, first, *_ = table.splitlines(keepends=True)
    assert header == HIT_TABLE.header
    hit = HIT_TABLE.parse(first, Place("hits", 2))
    assert (hit.query, hit.subject, hit.database, hit.identity, hit.significant) == (
        "gene_0",
        "P000",
        "few:1",
        100,
        True,
    )
    assert (hit.product, hit.gene, hit.ec, hit.go) == (
        "alcohol dehydrogenase", "adhA", ("1.1.1.1",), ("GO:0004022",)
    )  # fmt: skip
    assert (hit.taxid, hit.organism) == ("375451", "Roseobacter denitrificans")
    assert notes["queries_significant"] == notes["queries_with_hits"] == notes["proteins"] == 1


def test_hits_are_the_same_for_one_block_and_many_and_for_one_thread_and_two(search: Callable[..., Any]) -> None:
    whole, _ = search(fasta(QUERIES))
    assert whole.count(b"\n") > 25
    assert search(fasta(QUERIES), threads=2)[0] == whole
    names = list(QUERIES)
    for blocks in (2, 7):
        rows = b""
        for start in range(blocks):
            size = -(-len(names) // blocks)
            part, _ = search(fasta({name: QUERIES[name] for name in names[start * size : (start + 1) * size]}))
            rows += part.split(b"\n", 1)[1]
        assert HIT_TABLE.header + rows == whole


def test_odd_letters_and_odd_names_are_searched_and_keep_their_names(search: Callable[..., Any]) -> None:
    protein = PROTEINS["P001"]
    odd = {
        "stop*": protein[:100] + "*" + protein[101:] + "*",
        "gap;'\"$(x)": "-" + protein[1:],
        "U|O": "UOJBZX" + protein.lower(),
        "empty": "",
        "only_stop": "*",
        "short": "MK",
    }
    table, notes = search(fasta(odd))
    rows = [HIT_TABLE.parse(line, Place("hits", 2)) for line in table.splitlines()[1:]]
    assert [row.query for row in rows if row.subject == "P001"] == ["stop*", "gap;'\"$(x)", "U|O"]
    assert notes["proteins"] == 6
    assert notes["queries_with_hits"] == 3


def test_a_peptide_of_the_letters_of_dna_is_searched_like_any_other_wherever_it_stands(
    search: Callable[..., Any], tmp_path: Path
) -> None:
    repeat = "".join(random.Random(11).choices("GGGAACTN", k=120))
    few = {"P000": PROTEINS["P000"], "repeat": repeat}
    build_diamond([Protein(name, letters) for name, letters in few.items()], tmp_path)
    own = Database("few", "1", "diamond", tmp_path, "")
    peptides = {f"made_{number}": repeat for number in range(14)}
    alone, notes = search(fasta(peptides), database=own)
    assert notes["queries_significant"] == 14
    last, _ = search(fasta({**QUERIES, **peptides}), database=own)
    assert last.endswith(alone.split(b"\n", 1)[1])


def test_the_evalue_option_lets_weak_hits_in_but_does_not_make_them_significant(search: Callable[..., Any]) -> None:
    query = fasta({"weak": PROTEINS["P002"][40:50] + PROTEINS["P003"][:30][::-1]})
    strict, _ = search(query)
    loose, notes = search(query, evalue=10.0)
    assert strict.count(b"\n") < loose.count(b"\n")
    assert b"\tno\n" in loose
    assert notes["queries_significant"] <= notes["queries_with_hits"]


def test_no_protein_and_no_hit_are_results(search: Callable[..., Any]) -> None:
    for proteins in (b"", fasta({"a": "W" * 50})):
        table, notes = search(proteins)
        assert table == HIT_TABLE.header
        assert notes["hits"] == 0


def test_a_line_cut_short_by_a_full_disk_fails_the_block(tmp_path: Path) -> None:
    table = tmp_path / "alignments.tsv"
    table.write_bytes(b"0\tP001\t40\t60")
    with pytest.raises(MetapipeError, match="E403"):
        list(read_alignments(table))


def test_diamond_says_that_it_came_to_its_end(database: Database, tmp_path: Path) -> None:
    (tmp_path / "q.fasta").write_bytes(fasta({"0": PROTEINS["P000"]}))
    done = subprocess.run(
        ["diamond", "blastp", "-d", database.path / "proteins.dmnd", "-q", tmp_path / "q.fasta", "-o", "/dev/null"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert FINISHED in done.stderr


def test_the_version_of_diamond_is_told() -> None:
    assert SearchProteins().tool_versions()["diamond"][0].isdigit()
