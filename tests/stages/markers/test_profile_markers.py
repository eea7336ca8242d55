"""Taxa are there when reads of enough different markers are of them; cells are counted, not reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from taxonomy.protein_reads import coding, fastq, made_database, protein, reverse

from metapipe.errors import MetapipeError
from metapipe.runner.declare.elements import Database
from metapipe.runner.declare.merge import add_counts
from metapipe.stages.markers.marker_profile import profile_table, profile_taxa
from metapipe.stages.markers.profile_markers import ProfileMarkers

MARKERS = [f"COG{number:04}" for number in range(1, 6)]
#: organism → marker → residues; of the first, the last gene is twice as long as the others.
GENES = {
    organism: {marker: protein(100 * n + m, 120 if marker == MARKERS[-1] else 60) for m, marker in enumerate(MARKERS)}
    for n, organism in enumerate(("vibrio", "sister", "alpha"))
}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    proteins = {
        f"{marker}.{organism}": (organism, residues)
        for organism, genes in GENES.items()
        for marker, residues in genes.items()
    }
    return made_database(tmp_path_factory.mktemp("markers"), proteins)


Profile = dict[str, dict[str, str]]


def read(table: bytes) -> Profile:
    header, *rows = [line.split("\t") for line in table.decode().splitlines()]
    return {row[0]: dict(zip(header, row, strict=True)) for row in rows}


@pytest.fixture
def profile(fake_task: Callable[..., Any], database: Database) -> Callable[..., Any]:
    """Profile reads; return the two tables by taxon, and the notes."""

    def run(first: dict[str, bytes], second: dict[str, bytes] | None = None, **options: Any) -> Any:
        inputs = {"reads-1": fastq(first)} | ({"reads-2": fastq(second)} if second is not None else {})
        task = fake_task(ProfileMarkers(), inputs, databases={"markers": database}, **options)
        counts = json.loads(task.run()["profile"])
        return read(profile_table(counts)), read(profile_taxa(counts)), task.notes

    return run


def reads_of(organism: str, markers: list[str] | None = None, depth: int = 1) -> dict[str, bytes]:
    """Reads that cover whole genes, named so that no two are of one name."""
    return {
        f"{organism}-{marker}-{copy}": coding(GENES[organism][marker])
        for marker in markers or MARKERS
        for copy in range(depth)
    }


def test_a_taxon_is_there_by_reads_of_several_markers_and_not_by_many_of_one(profile: Callable[..., Any]) -> None:
    table, taxa, notes = profile(reads_of("vibrio", MARKERS[:3]) | reads_of("alpha", MARKERS[:1], depth=50))
    assert table["Vibrio cholerae"]["markers"] == "3"
    assert table["Vibrio cholerae"]["expected"] == "5"
    assert "Roseobacter litoralis" not in table
    assert "Roseobacter" not in table
    # No read is lost: those of one gene are counted for what all of them have in common.
    assert table["Pseudomonadota"]["reads"] == "53"
    assert taxa["Pseudomonadota"]["direct"] == "50"
    assert (notes["reads"], notes["of_markers"], notes["of_unknown_taxa"]) == (53, 53, 0)
    assert notes["markers"] == {"COG0001": 51, "COG0002": 1, "COG0003": 1}
    assert notes["database_domains"] == "bacteria"
    assert "Roseobacter litoralis" in profile(reads_of("alpha", MARKERS[:1]), min_markers=1)[0]


def test_the_share_of_a_taxon_is_of_cells_whatever_the_length_of_its_genes(profile: Callable[..., Any]) -> None:
    table, _, _ = profile(reads_of("vibrio", depth=3) | reads_of("alpha"))
    assert float(table["Vibrio cholerae"]["cells"]) == 3
    assert float(table["Roseobacter litoralis"]["cells"]) == 1
    assert table["Vibrio cholerae"]["share"] == "0.750000"
    assert table["Roseobacter litoralis"]["share"] == "0.250000"
    assert table["root"]["share"] == "1.000000"


def test_half_a_gene_counts_half_a_copy(profile: Callable[..., Any]) -> None:
    half = {name: bases[: len(bases) // 2] for name, bases in reads_of("alpha").items()}
    assert float(profile(half)[0]["Roseobacter litoralis"]["cells"]) == 0.5


def test_each_mate_is_looked_at_by_itself_on_either_strand(profile: Callable[..., Any]) -> None:
    first = reads_of("vibrio", MARKERS[:3])
    second = {name: reverse(bases) for name, bases in zip(first, reads_of("alpha", MARKERS[:3]).values(), strict=True)}
    table, _, notes = profile(first, second)
    assert notes["reads"] == 6
    assert {"Vibrio cholerae", "Roseobacter litoralis"} <= table.keys()


def test_what_a_rank_asks_for_is_not_given_to_a_distant_relative(profile: Callable[..., Any]) -> None:
    changed = {
        name: coding("".join("A" if place % 9 == 4 else one for place, one in enumerate(GENES["alpha"][marker])))
        for marker, name in zip(MARKERS, reads_of("alpha"), strict=True)
    }
    table, _, _ = profile(changed)
    assert "Roseobacter" in table
    assert "Roseobacter litoralis" not in table
    assert "Roseobacter litoralis" in profile(changed, rank_identities="none")[0]


@pytest.mark.parametrize(
    "reads",
    [{}, {"of N": b"N" * 150}, {"short": b"ACGT"}, {"nothing": b"ACGT" * 30}, {"eukaryote": coding(protein(999))}],
    ids=["none", "N", "short", "noise", "a protein of nobody"],
)
def test_reads_of_no_marker_give_tables_of_nothing(reads: dict[str, bytes], profile: Callable[..., Any]) -> None:
    table, taxa, notes = profile(reads)
    assert (table, taxa) == ({}, {})
    assert (notes["reads"], notes["of_markers"]) == (len(reads), 0)


def test_one_read_is_of_one_marker_and_names_no_species(profile: Callable[..., Any]) -> None:
    table, taxa, notes = profile({"only": coding(GENES["vibrio"]["COG0001"])})
    assert list(table) == ["root"]
    assert taxa["root"]["direct"] == "1"
    assert notes["of_markers"] == 1


def test_a_taxon_with_few_markers_in_the_database_is_asked_for_no_more(
    fake_task: Callable[..., Any], tmp_path: Path
) -> None:
    genes = {f"{marker}.alpha": ("alpha", GENES["alpha"][marker]) for marker in MARKERS}
    given = made_database(tmp_path, {**genes, "COG0001.vibrio": ("vibrio", GENES["vibrio"]["COG0001"])})
    task = fake_task(
        ProfileMarkers(), {"reads-1": fastq(reads_of("vibrio", MARKERS[:1]))}, databases={"markers": given}
    )
    table = read(profile_table(json.loads(task.run()["profile"])))
    assert (table["Vibrio cholerae"]["markers"], table["Vibrio cholerae"]["expected"]) == ("1", "1")
    # What it is below is there with it.
    assert table["Pseudomonadota"]["markers"] == "1"


def test_parts_add_up_to_the_whole_in_any_grouping(fake_task: Callable[..., Any], database: Database) -> None:
    reads = reads_of("vibrio", depth=2) | reads_of("alpha", MARKERS[:2]) | reads_of("sister", MARKERS[:4])

    def counts(some: dict[str, bytes]) -> Any:
        task = fake_task(ProfileMarkers(), {"reads-1": fastq(some)}, databases={"markers": database})
        return json.loads(task.run()["profile"])

    parts = [counts({name: bases}) for name, bases in reads.items()]
    total: Any = {}
    for part in parts:
        total = add_counts(total, part)
    assert profile_table(total) == profile_table(counts(reads))
    assert profile_taxa(total) == profile_taxa(counts(reads))
    assert profile_table({}).startswith(b"#taxon\t")


@pytest.mark.parametrize("name", ["nameless", "COG0001", "COG0001.a", "COG0001.a_x"])
def test_a_database_whose_proteins_are_no_markers_is_refused(
    name: str, fake_task: Callable[..., Any], tmp_path: Path, database: Database
) -> None:
    (tmp_path / "proteins.fasta").write_text(f">{name}\n{GENES['alpha']['COG0001']}\n")
    (tmp_path / "taxonomy.tsv").write_bytes((database.path / "taxonomy.tsv").read_bytes())
    given = Database("own", "1", "markers", tmp_path, "")
    task = fake_task(ProfileMarkers(), {"reads-1": fastq({})}, databases={"markers": given})
    with pytest.raises(MetapipeError, match=r"METAPIPE-E206 proteins\.fasta: .*expected a protein named MARKER\.NAME"):
        task.run()


def test_a_text_that_is_no_list_of_ranks_is_refused(profile: Callable[..., Any]) -> None:
    with pytest.raises(MetapipeError, match="METAPIPE-E701"):
        profile(reads_of("alpha"), rank_identities="genus=0.5")
