"""rRNA is found where genomes have it, named and cut out; every read goes to exactly one place, whatever it holds."""

from __future__ import annotations

import gzip
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from metapipe.formats.fasta_text import reverse_complement
from metapipe.formats.table_rows import Place
from metapipe.stages.rrna.extract_contig_rrna import ExtractContigRrna
from metapipe.stages.rrna.extract_rrna import ExtractRrna
from metapipe.stages.rrna.regions import RRNA_TABLE, Region, RrnaRow, best_regions

DATA = Path(__file__).parents[3] / "test-data" / "rrna"
CHANCE = random.Random(12)
PLAIN = "".join(CHANCE.choices("ACGT", k=150)).encode()


def contigs() -> dict[str, bytes]:
    records = (DATA / "contigs.fasta").read_bytes().removeprefix(b">").split(b"\n>")
    return {record.split()[0].decode(): record.partition(b"\n")[2].replace(b"\n", b"") for record in records}


#: A read of a bacterium's 16S.
RRNA = contigs()["roseobacter-denitrificans"][741:891]


def fastq(**reads: bytes) -> bytes:
    return b"".join(b"@%b\n%b\n+\n%b\n" % (name.encode(), bases, b"I" * len(bases)) for name, bases in reads.items())


def rows(made: dict[str, bytes]) -> list[RrnaRow]:
    header, *lines = made["table"].splitlines(keepends=True)
    assert header == RRNA_TABLE.header
    return [RRNA_TABLE.parse(line, Place("table", 1)) for line in lines]


def names(fasta_or_fastq: bytes) -> list[str]:
    first = fasta_or_fastq[:1].decode()
    step = 4 if first == "@" else 1
    lines = fasta_or_fastq.decode().splitlines()[::step]
    return [line[1:].split()[0] for line in lines if line.startswith(first)]


@pytest.fixture
def extracted(fake_task: Callable[..., Any]) -> Callable[..., tuple[dict[str, bytes], dict[str, Any]]]:
    def run(first: bytes, second: bytes | None = None, **options: Any) -> tuple[dict[str, bytes], dict[str, Any]]:
        reads = {"reads-1": first} | ({} if second is None else {"reads-2": second})
        task = fake_task(ExtractRrna(), reads, **options)
        return task.run(), task.notes

    return run


@pytest.fixture(scope="module")
def on_contigs(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], dict[str, Any]]:
    from fake_task import FakeTask

    task = FakeTask(ExtractContigRrna(), tmp_path_factory.mktemp("contigs"), {"contigs": content("contigs.fasta")})
    return task.run(), task.notes


def content(name: str) -> bytes:
    raw = (DATA / name).read_bytes()
    return gzip.decompress(raw) if name.endswith(".gz") else raw


def truth() -> Iterator[list[str]]:
    yield from (line.split("\t") for line in (DATA / "truth.tsv").read_text().splitlines()[1:])


@pytest.mark.parametrize("gene", list(truth()), ids=lambda gene: " ".join(gene))
def test_every_annotated_gene_of_a_contig_is_found_on_its_strand(on_contigs: Any, gene: list[str]) -> None:
    contig, start, end, strand, size = gene
    (row,) = [row for row in rows(on_contigs[0]) if row.sequence == contig and row.gene == size]
    shared = min(row.end, int(end)) - max(row.start, int(start)) + 1
    assert row.strand == strand
    assert shared >= 0.95 * (int(end) - int(start) + 1)


def test_each_gene_has_its_domain_of_life_and_a_contig_without_any_has_none(on_contigs: Any) -> None:
    made, notes = on_contigs
    found = {(row.sequence.partition("-")[0], row.gene, row.domain) for row in rows(made)}
    assert found == {
        ("roseobacter", "16S", "bacteria"),
        ("roseobacter", "23S", "bacteria"),
        ("roseobacter", "5S", "any"),
        ("thermococcus", "16S", "archaea"),
        ("thermococcus", "23S", "archaea"),
        ("saccharomyces", "28S", "eukarya"),
        ("saccharomyces", "5.8S", "eukarya"),
        ("saccharomyces", "18S", "eukarya"),
        ("saccharomyces", "5S", "any"),
    }
    assert notes["contigs"] == 4
    assert notes["contigs_with_rrna"] == 3
    assert notes["genes"] == dict(Counter(f"{row.gene} {row.domain}" for row in rows(made)))


def test_what_is_cut_out_reads_in_the_direction_of_the_rna(on_contigs: Any) -> None:
    made, _ = on_contigs
    assert names(made["ssu"]) == [row.rrna for row in rows(made) if row.gene in ("16S", "18S")]
    assert names(made["other"]) == [row.rrna for row in rows(made) if row.gene not in ("16S", "18S")]
    for record in made["ssu"].removeprefix(b">").split(b"\n>"):
        # The 530 loop, where primer 519F binds in all three domains of life.
        assert re.search(b"CAGC[AC]GCCGCGGTAA", record.partition(b"\n")[2].replace(b"\n", b""))


def test_every_read_goes_to_one_place_with_its_letters(extracted: Callable[..., Any]) -> None:
    first, second = content("reads_1.fastq.gz"), content("reads_2.fastq.gz")
    made, notes = extracted(first, second)
    with_rrna = {(row.sequence, row.mate) for row in rows(made)}
    pairs, orphans = names(made["reads-1"]), names(made["orphans"])
    assert [name[:-1] for name in pairs] == [name[:-1] for name in names(made["reads-2"])]
    everything = Counter(pairs + names(made["reads-2"]) + orphans + [f"{name}/{mate}" for name, mate in with_rrna])
    assert everything == Counter(names(first) + names(second))
    assert not any((name[:-2], 3 - int(name[-1])) not in with_rrna for name in orphans)
    assert made["single"] == b""
    assert first.startswith(made["reads-1"][:300]) or made["reads-1"][:300] in first
    assert notes["rrna_reads"] == len(with_rrna) > 100
    assert notes["pairs_kept"] == len(pairs)
    assert notes["orphan_reads"] == len(orphans) > 0


def test_reads_are_found_where_the_genes_are_and_nowhere_else(extracted: Callable[..., Any]) -> None:
    made, _ = extracted(content("reads_1.fastq.gz"))
    genomes = Counter(row.sequence.rpartition("-")[0] for row in rows(made))
    assert "methanococcus-maripaludis" not in genomes
    assert {"16S", "23S", "18S", "28S"} <= {row.gene for row in rows(made)}
    domains = {(row.sequence.partition("-")[0], row.domain) for row in rows(made) if row.score > 60}
    assert domains <= {
        ("roseobacter", "bacteria"),
        ("roseobacter", "any"),
        ("thermococcus", "archaea"),
        ("saccharomyces", "eukarya"),
        ("saccharomyces", "any"),
    }


def test_a_mate_without_rrna_leaves_its_pair_to_the_orphans(extracted: Callable[..., Any]) -> None:
    first = fastq(**{"a/1": RRNA, "b/1": PLAIN, "c/1": PLAIN, "d/1": RRNA})
    second = fastq(**{"a/2": PLAIN, "b/2": RRNA, "c/2": PLAIN, "d/2": reverse_complement(RRNA)})
    made, notes = extracted(first, second)
    assert names(made["reads-1"]) == ["c/1"]
    assert names(made["reads-2"]) == ["c/2"]
    assert names(made["orphans"]) == ["a/2", "b/1"]
    assert [(row.sequence, row.mate, row.strand) for row in rows(made)] == [
        ("a", 1, "+"),
        ("b", 2, "+"),
        ("d", 1, "+"),
        ("d", 2, "-"),
    ]
    assert notes["pairs_kept"] == 1
    assert notes["orphan_reads"] == 2
    assert notes["reads"] == 8


def test_the_envelope_is_cut_out_and_not_what_stands_beside_it(extracted: Callable[..., Any]) -> None:
    made, _ = extracted(fastq(a=PLAIN[:70] + RRNA[:80], b=reverse_complement(PLAIN[:70] + RRNA[:80])))
    forward, backward = rows(made)
    assert 41 < forward.start <= 71  # an envelope is generous
    assert forward.end == 150
    assert (backward.start, backward.end) == (151 - forward.end, 151 - forward.start)
    records = [record.partition("\n")[2] for record in made["ssu"].decode().split(">")[1:]]
    assert records[0] == records[1]


def test_only_rrna_is_a_result_with_nothing_left_to_assemble(extracted: Callable[..., Any]) -> None:
    made, notes = extracted(fastq(a=RRNA, b=reverse_complement(RRNA)))
    assert made["single"] == made["reads-1"] == made["orphans"] == b""
    assert names(made["ssu"]) == ["a:1-150", "b:1-150"]
    assert (notes["reads"], notes["rrna_reads"], notes["single_reads"]) == (2, 2, 0)


@pytest.mark.parametrize(
    "bases",
    [b"", b"A", b"ACGTACG", b"N" * 150, b"A" * 150, b"." * 50, PLAIN * 20],
    ids=["no base", "one base", "shorter than a word", "no base called", "one letter", "gaps", "long"],
)
def test_reads_that_tell_nothing_go_on_as_they_are(extracted: Callable[..., Any], bases: bytes) -> None:
    reads = fastq(a=PLAIN, odd=bases, b=PLAIN)
    made, notes = extracted(reads)
    assert made["single"] == reads
    assert made["table"] == RRNA_TABLE.header
    assert (notes["rrna"], notes["genes"]) == (0, {})


def test_no_reads_give_tables_and_files_without_rows(extracted: Callable[..., Any]) -> None:
    made, notes = extracted(b"")
    assert made["table"] == RRNA_TABLE.header
    assert notes["reads"] == 0


def test_rna_lower_case_and_uncalled_bases_are_found_and_keep_their_letters(extracted: Callable[..., Any]) -> None:
    written = RRNA.lower().replace(b"t", b"u")[:75] + b"N" + RRNA[76:]
    made, _ = extracted(fastq(a=RRNA, b=written))
    expected, other = rows(made)
    assert (other.start, other.end, other.gene) == (expected.start, expected.end, "16S")
    assert written in made["ssu"].replace(b"\n", b"")


def test_the_verdict_on_a_read_does_not_depend_on_the_reads_beside_it(extracted: Callable[..., Any]) -> None:
    every, _ = extracted(content("reads_1.fastq.gz"))
    lines = content("reads_1.fastq.gz").split(b"\n")
    one_by_one = []
    for number in range(0, 60 * 4, 4):
        made, _ = extracted(b"\n".join(lines[number : number + 4]) + b"\n")
        one_by_one += rows(made)
    assert one_by_one == rows(every)[: len(one_by_one)] != []


def test_a_long_read_is_searched_as_a_contig_is(extracted: Callable[..., Any], on_contigs: Any) -> None:
    contig = contigs()["roseobacter-denitrificans"]
    made, _ = extracted(fastq(**{"roseobacter-denitrificans": contig}))
    assert rows(made) == [row for row in rows(on_contigs[0]) if row.sequence == "roseobacter-denitrificans"]


def test_a_lower_limit_keeps_weaker_hits_out(extracted: Callable[..., Any]) -> None:
    reads = fastq(whole=RRNA, short=RRNA[:45])
    assert [row.sequence for row in rows(extracted(reads)[0])] == ["whole", "short"]
    assert [row.sequence for row in rows(extracted(reads, evalue=1e-20)[0])] == ["whole"]


def region(start: int, end: int, score: float, gene: str = "16S") -> Region:
    return Region(start, end, "+", gene, "bacteria", score, 1e-9, 1, 100, 1500)


def test_of_models_that_see_the_same_bases_the_best_stays_and_neighbours_stay_beside_it() -> None:
    best, weaker, beside = region(10, 100, 80), region(5, 90, 70, "18S"), region(95, 200, 60, "23S")
    assert best_regions([weaker, beside, best]) == [best, beside]
    assert best_regions([]) == []


def test_of_equal_scores_the_first_model_counts() -> None:
    assert best_regions([region(1, 50, 9, "16S"), region(1, 50, 9, "18S")]) == [region(1, 50, 9, "16S")]
