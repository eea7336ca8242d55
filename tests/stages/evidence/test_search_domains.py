"""HMMER as a stage: curated cut-offs, pinned E-values, odd proteins, and the same answer however they are cut."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyhmmer.easel import Alphabet, DigitalMSA, TextMSA, TextSequence
from pyhmmer.plan7 import HMM, Background, Builder

from metapipe.errors import MetapipeError
from metapipe.formats.table_rows import Place
from metapipe.proteins.domain_hits import DOMAIN_TABLE, DomainHit
from metapipe.proteins.hmm_families import Family, family_of, read_families
from metapipe.runner.declare.elements import Database, Totals
from metapipe.stages.evidence.search_domains import SearchDomains

LETTERS = "ACDEFGHIKLMNPQRSTVWY"
CHANCE = random.Random(11)
FAMILIES = {name: "".join(CHANCE.choices(LETTERS, k=90)) for name in ("gathered", "trusted", "plain")}
FILLER = "".join(CHANCE.choices(LETTERS, k=60))
TABLE = (
    "accession\tname\tdescription\tinterpro\tinterpro_name\tgo\tec\n"
    "PF00001\tGathered\tGathered domain\tIPR000001\tThe gathered\tGO:0000001;GO:0000002\t1.1.1.1\n"
)


def relatives(letters: str, share: float, seed: int) -> str:
    chance = random.Random(seed)
    return "".join(chance.choice(LETTERS) if chance.random() < share else letter for letter in letters)


def model(name: str, accession: str) -> HMM:
    abc = Alphabet.amino()
    rows = [TextSequence(name=f"s{n}", sequence=relatives(FAMILIES[name], 0.2, n)) for n in range(8)]
    msa: DigitalMSA = TextMSA(name=name, sequences=rows).digitize(abc)
    hmm, _, _ = Builder(abc, seed=42).build_msa(msa, Background(abc))
    hmm.accession, hmm.description = accession, f"Domain {name}"
    if name == "gathered":
        hmm.cutoffs.gathering = (25.0, 25.0)
    elif name == "trusted":
        hmm.cutoffs.trusted = (30.0, 30.0)
    return hmm


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    folder = tmp_path_factory.mktemp("domains")
    with (folder / "profiles.h3m").open("wb") as file:
        for name, accession in (("gathered", "PF00001.7"), ("trusted", "PF00002.1"), ("plain", "X3")):
            model(name, accession).write(file, binary=True)
    (folder / "families.tsv").write_text(TABLE)
    return Database("few", "2", "hmm", folder, "")


PROTEINS = {
    "gene_1": FILLER + relatives(FAMILIES["gathered"], 0.1, 50) + FILLER + relatives(FAMILIES["trusted"], 0.1, 51),
    "gene_2": FILLER,
    "gene_3": "-" + relatives(FAMILIES["plain"], 0.1, 52) + "*",
    "gene_4": relatives(FAMILIES["gathered"], 0.1, 53) * 2,
    "gene_5": relatives(FAMILIES["plain"], 0.66, 4),
    "odd;'name": "UOJBZX" + relatives(FAMILIES["gathered"], 0.1, 54).lower(),
    "empty": "*",
}


def fasta(proteins: dict[str, str]) -> bytes:
    return "".join(f">{name} text\n{letters}\n" for name, letters in proteins.items()).encode()


@pytest.fixture
def search(fake_task: Callable[..., Any], database: Database) -> Callable[..., Any]:
    def run(proteins: dict[str, str], total: int | None = None) -> tuple[bytes, dict[str, Any]]:
        totals = None if total is None else Totals(records=total, residues=0)
        task = fake_task(SearchDomains(), {"proteins": fasta(proteins)}, databases={"hmm": database}, totals=totals)
        return task.run()["domains"], task.notes

    return run


def rows(table: bytes) -> list[DomainHit]:
    return [DOMAIN_TABLE.parse(line, Place("domains", number)) for number, line in enumerate(table.splitlines()[1:], 2)]


def test_domains_come_along_the_protein_with_what_their_family_stands_for(search: Callable[..., Any]) -> None:
    table, notes = search(PROTEINS)
    assert table.startswith(DOMAIN_TABLE.header)
    found = rows(table)
    assert [(hit.query, hit.family) for hit in found if hit.significant] == [
        ("gene_1", "PF00001"),
        ("gene_1", "PF00002.1"),
        ("gene_3", "X3"),
        ("gene_4", "PF00001"),
        ("gene_4", "PF00001"),
        ("gene_5", "X3"),
        ("odd;'name", "PF00001"),
    ]
    first, second = found[:2]
    assert 55 <= first.envelope_start <= 65 <= 145 <= first.envelope_end <= 155
    assert (first.name, first.interpro, first.go, first.ec) == (
        "Gathered", "IPR000001", ("GO:0000001", "GO:0000002"), ("1.1.1.1",)
    )  # fmt: skip
    assert (second.name, second.description, second.interpro) == ("trusted", "Domain trusted", "")
    assert notes["proteins"] == 7
    assert notes["proteins_not_searched"] == 1
    assert notes["families"] == {"PF00001": 4, "PF00002.1": 1, "X3": 2}


def test_significant_domains_are_counted_by_the_rule_of_their_family(search: Callable[..., Any]) -> None:
    table, notes = search(PROTEINS)
    families = [row.family for row in rows(table) if row.significant]
    rules = {"PF00001": "GA", "PF00001.7": "GA", "PF00002.1": "TC", "X3": "E-value"}
    assert notes["judged_by"] == {rule: sum(rules[one] == rule for one in families) for rule in ("E-value", "GA", "TC")}
    assert min(notes["judged_by"].values()) > 0


def test_a_model_without_cutoffs_is_significant_by_its_evalue(search: Callable[..., Any]) -> None:
    found = [hit for hit in rows(search(PROTEINS, total=100_000)[0]) if hit.family == "X3"]
    assert [(hit.query, hit.significant) for hit in found] == [("gene_3", True), ("gene_5", False)]
    for hit in found:
        assert hit.significant is (hit.domain_evalue <= 1e-4)


def test_evalues_count_the_proteins_of_the_whole_input(search: Callable[..., Any]) -> None:
    one, hundred = (rows(search({"gene_1": PROTEINS["gene_1"]}, total=total)[0])[0] for total in (1, 100))
    assert hundred.evalue == pytest.approx(100 * one.evalue, rel=0.01)
    assert hundred.domain_evalue == pytest.approx(100 * one.domain_evalue, rel=0.01)


def test_domains_are_the_same_for_one_block_and_many(search: Callable[..., Any]) -> None:
    whole, _ = search(PROTEINS)
    for size in (1, 3):
        names = list(PROTEINS)
        parts = [{name: PROTEINS[name] for name in names[at : at + size]} for at in range(0, len(names), size)]
        assert whole == DOMAIN_TABLE.header + b"".join(
            search(part, total=len(names))[0].split(b"\n", 1)[1] for part in parts
        )


def test_a_protein_too_long_for_hmmer_is_counted_and_left_out(search: Callable[..., Any]) -> None:
    table, notes = search({"titin": "M" * 100_001, "gene_1": PROTEINS["gene_1"]})
    assert {hit.query for hit in rows(table)} == {"gene_1"}
    assert notes["proteins_not_searched"] == 1


def test_no_protein_and_no_domain_are_results(search: Callable[..., Any]) -> None:
    for proteins in ({}, {"gene_2": FILLER}):
        table, notes = search(proteins)
        assert table == DOMAIN_TABLE.header
        assert notes["queries_significant"] == 0


def test_a_cut_table_of_families_is_a_damaged_database(tmp_path: Path) -> None:
    path = tmp_path / "families.tsv"
    for text in ("accession\tname\n", TABLE + "PF00002\tcut\n"):
        path.write_text(text)
        with pytest.raises(MetapipeError, match="E203"):
            read_families(path)


def test_a_family_is_found_with_and_without_the_version_of_its_accession() -> None:
    versioned, bare = Family("PF00001.7"), Family("PF00002")
    families = {"PF00001.7": versioned, "PF00002": bare}
    assert family_of(families, "PF00001.7", "a", "") is versioned
    assert family_of(families, "PF00002.9", "b", "") is bare
    assert family_of(families, "", "c", "Some  text") == Family("c", "c", "Some text")
