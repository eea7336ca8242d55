"""Reads mapped back are counted where they come from: by contig, gene and taxon, and what lies nowhere is told."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from metapipe.errors import MetapipeError
from metapipe.formats.fasta_text import reverse_complement
from metapipe.formats.table_rows import Place
from metapipe.stages.abundance.counts import NOTHING, Counts, contig_table, gene_table, summed, taxa_counts, taxon_table
from metapipe.stages.abundance.map_reads import MapReads
from metapipe.taxa.abundance_rows import (
    CONTIG_ABUNDANCE,
    GENE_ABUNDANCE,
    TAXON_ABUNDANCE,
    ContigAbundance,
    GeneAbundance,
    TaxonAbundance,
)
from metapipe.taxa.rows import CONTIG_TAXA, TAXON_TABLE, ContigRow

READ = 100
TABLES = {"by-contig": contig_table, "by-gene": gene_table, "by-taxon": taxon_table, "taxa": taxa_counts}


def bases(count: int, seed: int) -> bytes:
    return bytes(random.Random(seed).choices(b"ACGT", k=count))


CONTIGS = {"one": bases(3000, 1), "two": bases(2000, 2), "lonely": bases(500, 3)}


def fasta(contigs: dict[str, bytes]) -> bytes:
    return b"".join(b">%b\n%b\n" % (name.encode(), letters) for name, letters in contigs.items())


def fastq(reads: Sequence[bytes], prefix: str = "r") -> bytes:
    rows = (b"@%b%d\n%b\n+\n%b\n" % (prefix.encode(), at, read, b"I" * len(read)) for at, read in enumerate(reads))
    return b"".join(rows)


def tiled(letters: bytes, step: int) -> list[bytes]:
    """Reads of 100 bases from every so many bases on, every other one from the other strand."""
    reads = [letters[at : at + READ] for at in range(0, len(letters) - READ + 1, step)]
    return [reverse_complement(read) if number % 2 else read for number, read in enumerate(reads)]


@pytest.fixture
def mapped(fake_task: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """Map single reads or pairs; return the rows of each table by name, and the notes."""

    def run(
        first: Sequence[bytes],
        second: Sequence[bytes] | None = None,
        contigs: dict[str, bytes] = CONTIGS,
        side: dict[str, bytes] | None = None,
        **options: Any,
    ) -> Any:
        paths = {}
        for name, content in ({"contigs": fasta(contigs)} | (side or {})).items():
            paths[name] = tmp_path / f"{name}.side"
            paths[name].write_bytes(content)
        reads = {"reads-1": fastq(first)} | ({} if second is None else {"reads-2": fastq(second)})
        task = fake_task(MapReads(), reads, side=paths, **options)
        tables = {}
        for name, part in task.run().items():
            path = tmp_path / f"{name}.part"
            path.write_bytes(part)
            counts = summed([path])
            assert counts is not None
            tables[name] = b"".join(TABLES[name](counts)).splitlines()[1:]
        return tables, task.notes

    return run


def of_contigs(tables: dict[str, list[bytes]]) -> dict[str, ContigAbundance]:
    rows = [CONTIG_ABUNDANCE.parse(line, Place("contigs", 1)) for line in tables["by-contig"]]
    return {row.contig: row for row in rows}


def of_genes(tables: dict[str, list[bytes]]) -> dict[str, GeneAbundance]:
    rows = [GENE_ABUNDANCE.parse(line, Place("genes", 1)) for line in tables["by-gene"]]
    return {row.gene: row for row in rows}


def gff(*genes: tuple[str, str, int, int]) -> bytes:
    rows = (f"{contig}\tp\tCDS\t{start}\t{end}\t.\t+\t0\tID={gene}\n" for gene, contig, start, end in genes)
    return ("##gff-version 3\n" + "".join(rows)).encode()


def test_depth_breadth_and_share_are_those_of_the_reads_cut_out(mapped: Callable[..., Any]) -> None:
    tables, notes = mapped([*tiled(CONTIGS["one"], 10), *tiled(CONTIGS["two"][:1100], 50)])
    rows = of_contigs(tables)
    assert list(rows) == ["one", "two", "lonely"]
    assert rows["one"][1:6] == (3000, 291, 3000, 1.0, 9.7)
    assert rows["two"][1:6] == (2000, 21, 1100, 0.55, 1.05)
    assert rows["lonely"][1:] == (500, 0, 0, 0.0, 0.0, 0.0)
    assert rows["one"].tpm == pytest.approx(1e6 * (291 / 3000) / (291 / 3000 + 21 / 2000), abs=1e-4)
    assert notes == {"reads": 312, "mapped_reads": 312, "unmapped_reads": 0, "reads_of_several_places": 0}


def test_reads_of_another_organism_lie_nowhere(mapped: Callable[..., Any]) -> None:
    tables, notes = mapped([*tiled(bases(1000, 9), 100), CONTIGS["two"][:READ]])
    assert [row.reads for row in of_contigs(tables).values()] == [0, 1, 0]
    assert notes["unmapped_reads"] == 10


def test_reads_without_a_base_to_go_by_lie_nowhere(mapped: Callable[..., Any]) -> None:
    tables, notes = mapped([b"N" * READ, b"", b"ACGT", CONTIGS["one"][:READ].lower()])
    assert [row.reads for row in of_contigs(tables).values()] == [1, 0, 0]
    assert (notes["reads"], notes["unmapped_reads"]) == (4, 3)


def test_no_reads_leave_zeros(mapped: Callable[..., Any]) -> None:
    tables, notes = mapped([], side={"genes": gff(("one_1", "one", 1, 300))})
    assert [row[2:] for row in of_contigs(tables).values()] == [(0, 0, 0.0, 0.0, 0.0)] * 3
    assert of_genes(tables)["one_1"][5:] == (300, 0, 0.0, 0.0)
    assert notes["reads"] == 0


def test_no_contigs_leave_empty_tables_and_every_read_unmapped(mapped: Callable[..., Any]) -> None:
    tables, notes = mapped(tiled(CONTIGS["one"], 100), contigs={}, side={"genes": gff()})
    assert tables == {"by-contig": [], "by-gene": [], "by-taxon": [], "taxa": [b"Unclassified\t\t\t30\t30\t"]}
    assert notes["unmapped_reads"] == 30


def test_a_contig_a_hundred_times_as_deep_as_its_neighbour_takes_nothing_from_it(mapped: Callable[..., Any]) -> None:
    tables, _ = mapped([*tiled(CONTIGS["one"], 100) * 100, *tiled(CONTIGS["two"], 100)])
    assert [row.reads for row in of_contigs(tables).values()] == [3000, 20, 0]
    assert [row.mean_depth for row in of_contigs(tables).values()] == [100.0, 1.0, 0.0]


def test_a_read_counts_for_the_gene_its_middle_lies_in_and_its_bases_for_all(mapped: Callable[..., Any]) -> None:
    genes = gff(("one_1", "one", 1, 250), ("one_2", "one", 251, 400), ("two_1", "two", 1001, 2000))
    reads = [CONTIGS["one"][at : at + READ] for at in (0, 190, 210, 600)]
    rows = of_genes(mapped(reads, side={"genes": genes})[0])
    # Bases 191 to 290 have their middle at 240, bases 211 to 310 at 260.
    assert [(row.reads, row.length) for row in rows.values()] == [(2, 250), (1, 150), (0, 1000)]
    assert rows["one_1"].mean_depth == pytest.approx((100 + 60 + 40) / 250)
    assert rows["one_2"].mean_depth == pytest.approx((40 + 60) / 150, abs=1e-4)
    assert sum(row.tpm for row in rows.values()) == pytest.approx(1e6)


def test_equally_good_places_share_the_reads_and_each_read_counts_once(mapped: Callable[..., Any]) -> None:
    twin = bases(2000, 5)
    tables, notes = mapped(tiled(twin, 5), contigs={"left": twin, "right": twin})
    left, right = (row.reads for row in of_contigs(tables).values())
    assert left + right == len(tiled(twin, 5)) == notes["reads_of_several_places"]
    assert 0.4 < left / (left + right) < 0.6


def test_mates_choose_a_contig_that_both_can_lie_on(mapped: Callable[..., Any]) -> None:
    repeat, own, other = bases(300, 6), bases(600, 7), bases(600, 8)
    contigs = {"own": own + repeat, "other": other + repeat}
    first, second = [own[at : at + READ] for at in range(0, 400, 10)], [repeat[100:200]] * 40
    tables, _ = mapped(first, second, contigs=contigs)
    assert [row.reads for row in of_contigs(tables).values()] == [80, 0]


def lineages(*rows: tuple[str, int, str, str, str, str]) -> bytes:
    made = (ContigRow(name, length, 3, taxid, taxon, rank, "90.00" * bool(taxid), text)
            for name, length, taxid, taxon, rank, text in rows)  # fmt: skip
    return CONTIG_TAXA.header + b"".join(map(CONTIG_TAXA.format, made))


VIBRIO = ("10", "Vibrio", "genus", "1:no rank:root;10:genus:Vibrio")
NONE = ("", "", "", "")


def test_taxa_get_the_reads_of_their_contigs(mapped: Callable[..., Any]) -> None:
    placed = lineages(("one", 3000, *VIBRIO), ("two", 2000, *NONE), ("lonely", 500, *VIBRIO))
    reads = [*tiled(CONTIGS["one"], 100), *tiled(CONTIGS["lonely"], 100), *tiled(CONTIGS["two"], 100), b"N" * 50]
    tables, _ = mapped(reads, side={"contig-taxonomy": placed})
    rows = [TAXON_ABUNDANCE.parse(line, Place("taxa", 1)) for line in tables["by-taxon"]]
    assert [row[:8] for row in rows] == [
        ("10", "genus", "Vibrio", VIBRIO[3], 2, 3500, 35, 1.0),
        ("", "", "", "", 1, 2000, 20, 1.0),
    ]
    assert sum(row.tpm for row in rows) == pytest.approx(1e6)
    assert isinstance(rows[0], TaxonAbundance)
    counted = [TAXON_TABLE.parse(line, Place("taxa", 1)) for line in tables["taxa"]]
    assert [(row.taxon, row.direct, row.total) for row in counted] == [
        ("root", 0, 35),
        ("Vibrio", 35, 35),
        ("Unclassified", 21, 21),
    ]


def test_single_reads_beside_pairs_count_once(mapped: Callable[..., Any]) -> None:
    reads = tiled(CONTIGS["one"], 100)
    single = {"single": fastq(tiled(CONTIGS["two"], 100), "s")}
    tables, notes = mapped(reads[:5], reads[5:10], side=single)
    assert [row.reads for row in of_contigs(tables).values()] == [10, 20, 0]
    assert notes["reads"] == 30
    tables, _ = mapped([], [], side=single)
    assert [row.reads for row in of_contigs(tables).values()] == [0, 20, 0]


def test_reads_less_alike_than_asked_for_lie_nowhere(mapped: Callable[..., Any]) -> None:
    read = bytearray(CONTIGS["one"][500:600])
    for at in (35, 65):
        read[at] = ord("A") if read[at] != ord("A") else ord("C")
    assert mapped([bytes(read)])[1]["mapped_reads"] == 1
    assert mapped([bytes(read)], min_identity=99.0)[1]["mapped_reads"] == 0


def test_a_read_may_hang_over_the_end_of_a_contig_as_far_as_allowed(mapped: Callable[..., Any]) -> None:
    over = CONTIGS["one"][-60:] + bases(40, 11)
    tables, _ = mapped([over])
    row = of_contigs(tables)["one"]
    assert row.reads == 1
    assert 58 <= row.covered_bases <= 64
    assert mapped([over], min_aligned=75.0)[1]["mapped_reads"] == 0


@pytest.mark.parametrize(
    ("side", "code", "words"),
    [
        ({"genes": gff(("x_1", "x", 1, 30))}, "E112", "x_1"),
        ({"genes": gff(("one_1", "one", 1, 3001))}, "E112", "one_1 up to 3001"),
        ({"contig-taxonomy": lineages(("two", 2000, *NONE))}, "E112", "two of 2000"),
        ({"contig-taxonomy": lineages(("one", 3000, *NONE), ("two", 2000, *NONE))}, "E112", "none for lonely"),
        ({"contig-taxonomy": b"#contig\tlength\n"}, "E111", "header"),
        ({"contigs": b">a\nACGT\n>a\nACGT\n"}, "E107", "a"),
        ({"contigs": b">a\nAC!T\n"}, "E109", "!"),
        ({"single": b"@r\nACGT\n+\nII\n"}, "E103", "r"),
    ],
)
def test_files_that_do_not_belong_together_are_refused(
    mapped: Callable[..., Any], side: dict[str, bytes], code: str, words: str
) -> None:
    with pytest.raises(MetapipeError, match=words) as fault:
        mapped([], side=side)
    assert fault.value.code == code


def test_single_reads_that_no_block_counted_are_missed(tmp_path: Path) -> None:
    nothing = Counts([], NOTHING, NOTHING, NOTHING, NOTHING, single=(1, 0))
    with (tmp_path / "part").open("wb") as part:
        nothing.write(part)
    with pytest.raises(MetapipeError, match="E403"):
        summed([tmp_path / "part"])
