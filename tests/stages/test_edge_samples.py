"""Samples at the edge of what there is, through all stages one after the other as a user types them: right, or said."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from metapipe import cli

DATA = Path(__file__).parents[2] / "test-data"
REFDB = DATA / "refdb"
LONG_N = [("n1", b"N" * 150), ("n2", b"N" * 150)]


class Sample:
    """A folder in which stages are run one after the other, each into a folder of its name."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys
        self.said = ""
        folder.mkdir(parents=True, exist_ok=True)

    def __call__(self, stage: str, *words: str | Path) -> Path:
        """Run a stage, which must succeed; return the folder of its results. What it printed is :attr:`said`."""
        made = self.folder / stage
        code = cli.main([stage, *map(str, words), "--outdir", str(made)])
        printed = self._capsys.readouterr()
        self.said = printed.out + printed.err
        assert code == 0, self.said
        return made

    def summary(self, stage: str) -> dict[str, object]:
        found: dict[str, object] = json.loads((self.folder / stage / "summary.json").read_text())["results"]
        return found

    def rows(self, file: str) -> list[dict[str, str]]:
        header, *lines = (self.folder / file).read_text().removeprefix("#").splitlines()
        return [dict(zip(header.split("\t"), line.split("\t"), strict=True)) for line in lines]


@pytest.fixture
def sample(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Sample]:
    monkeypatch.setattr(cli.signal, "signal", lambda *_: None)
    monkeypatch.setenv("METAPIPE_REFDB", str(REFDB))
    return lambda name: Sample(tmp_path / name, capsys)


def fastq(reads: Sequence[tuple[str, bytes]]) -> bytes:
    return b"".join(b"@%s\n%s\n+\n%s\n" % (name.encode(), bases, b"I" * len(bases)) for name, bases in reads)


def paired(folder: Path, reads: Sequence[tuple[str, bytes]]) -> tuple[str | Path, ...]:
    """Write the same bases as both mates; return the options that name the files."""
    words: list[str | Path] = []
    for mate in "12":
        path = folder / f"given_{mate}.fastq"
        path.write_bytes(fastq([(f"{name}/{mate}", bases) for name, bases in reads]))
        words += [f"--reads-{mate}", path]
    return tuple(words)


def known_reads(mate: str, count: int, skip: int = 0) -> bytes:
    """Some reads of the small community."""
    lines = gzip.decompress((DATA / f"reads_{mate}.fastq.gz").read_bytes()).splitlines(keepends=True)
    return b"".join(lines[4 * skip : 4 * (skip + count)])


def trimmed(run: Sample, *given: str | Path) -> tuple[str | Path, ...]:
    """Check and trim pairs; return the options that name what is left."""
    checked = run("check_reads", *given)
    left = run(
        "trim_reads", "--reads-1", checked / "reads-1.fastq", "--reads-2", checked / "reads-2.fastq", "--min-length", 1
    )
    return ("--reads-1", left / "reads-1.fastq", "--reads-2", left / "reads-2.fastq")


def classified(run: Sample, *reads: str | Path) -> Path:
    """Classify reads; return the table of taxa."""
    return run("classify_reads", *reads, "--db-taxonomy", "metapipe-tiny-taxa:1") / "taxa.tsv"


def combined(run: Sample, tables: dict[str, Path]) -> list[dict[str, str]]:
    """Compare samples; return the table of samples."""
    words: list[str | Path] = []
    for name, table in tables.items():
        words += ["--taxa", table, "--taxa-name", name]
    run("combine_samples", *words)
    return run.rows("combine_samples/samples-compared.tsv")


def annotated(run: Sample, contigs: Path) -> None:
    """From contigs to the report."""
    kept = run("filter_contigs", "--contigs", contigs) / "contigs.fasta"
    genes = run("predict_genes", "--contigs", kept)
    proteins = genes / "proteins.fasta"
    hits = run("search_proteins", "--proteins", proteins, "--db-proteins", "metapipe-tiny-proteins:1")
    domains = run("search_domains", "--proteins", proteins, "--db-hmm", "metapipe-tiny-domains:1")
    given = ("--genes", genes / "genes.gff3", "--proteins", proteins)
    found = ("--hits", hits / "protein-hits.tsv", "--domains", domains / "domains.tsv")
    annotation = run("annotate", "--contigs", kept, *given, *found)
    made = ("assemble", "filter_contigs", "predict_genes", "annotate")
    summaries = [word for stage in made for word in ("--summaries", run.folder / stage / "summary.json")]
    run("annotation_report", *summaries, "--table", annotation / "annotation-table.tsv")


def test_one_read_is_a_sample(sample: Callable[[str], Sample]) -> None:
    run = sample("one")
    (run.folder / "one.fastq").write_bytes(known_reads("1", 1))
    checked = run("check_reads", "--reads-1", run.folder / "one.fastq")
    left = run("trim_reads", "--reads-1", checked / "single.fastq")
    taxa = classified(run, "--reads-1", left / "single.fastq")
    extracted = run("extract_rrna", "--reads-1", left / "single.fastq")
    assert (extracted / "single.fastq").read_bytes() == (run.folder / "one.fastq").read_bytes()
    ssu = run("classify_rrna", "--rrna", extracted / "small-subunit-rrna.fasta", "--db-amplicon", "biomas-tiny-16s:1")
    assert [row["reads"] for row in combined(run, {"one": taxa})] == ["1"]
    assert combined(run, {"one": ssu / "taxa.tsv"}) == [
        {"sample": "one", "reads": "0", "classified": "0", "left_out": ""}
    ], "there is no other sample, so it stays"


def test_reads_of_n_tell_nothing_are_counted_and_assemble_to_nothing(sample: Callable[[str], Sample]) -> None:
    run = sample("n")
    given = paired(run.folder, LONG_N)
    taxa = classified(run, *given)
    assert combined(run, {"n": taxa}) == [{"sample": "n", "reads": "2", "classified": "0", "left_out": ""}]
    extracted = run("extract_rrna", *given)
    assert (extracted / "reads-1.fastq").read_bytes() == fastq([(f"{name}/1", bases) for name, bases in LONG_N])
    assert run.summary("extract_rrna")["rrna"] == 0
    merged = run("merge_pairs", *given, "--merger", "vsearch")
    assert (merged / "merged.fastq").read_bytes() == b""
    assert (run("assemble", *given) / "contigs.fasta").read_bytes() == b""
    left = trimmed(run, *given)
    assert run.summary("trim_reads")["pairs"] == {"before": 2, "after": 0}
    assert combined(run, {"n": classified(run, *left)})[0]["reads"] == "0"


@pytest.mark.parametrize("length", [4, 20])
def test_reads_shorter_than_a_word_are_reads_that_resemble_nothing(
    sample: Callable[[str], Sample], length: int
) -> None:
    run = sample("short")
    reads = [(f"s{number}", b"ACGTTGCAACGGTTACCGATTGCA"[number : number + length]) for number in range(3)]
    left = trimmed(run, *paired(run.folder, reads))
    assert combined(run, {"short": classified(run, *left)}) == [
        {"sample": "short", "reads": "3", "classified": "0", "left_out": ""}
    ]
    run("extract_rrna", *left)
    assert run.summary("extract_rrna")["pairs_kept"] == 3
    assert (run("assemble", *left) / "contigs.fasta").read_bytes() == b""
    assert "nothing_found" in run.summary("assemble")


def test_a_sample_without_rrna_is_left_out_of_its_comparison_and_named(sample: Callable[[str], Sample]) -> None:
    tables = {}
    for name, reads in (("bay", "reads"), ("reef", "rrna/reads")):
        run = sample(name)
        lines = gzip.decompress((DATA / f"{reads}_1.fastq.gz").read_bytes()).splitlines(keepends=True)
        (run.folder / "given.fastq").write_bytes(b"".join(lines[:200]))
        ssu = run("extract_rrna", "--reads-1", run.folder / "given.fastq") / "small-subunit-rrna.fasta"
        tables[name] = run("classify_rrna", "--rrna", ssu, "--db-amplicon", "biomas-tiny-16s:1") / "taxa.tsv"
    assert [row["left_out"] for row in combined(sample("both"), tables)] == ["no reads", ""]


def test_where_all_is_rrna_nothing_is_left_to_assemble_and_every_step_after_says_so(
    sample: Callable[[str], Sample],
) -> None:
    """A read cut out of the middle of a 16S, both mates of it."""
    run = sample("all")
    first = (DATA / "rrna" / "ssu.fasta").read_bytes().split(b">")[1].partition(b"\n")
    bases = first[2].replace(b"\n", b"")[:150]
    extracted = run("extract_rrna", *paired(run.folder, [("a", bases), ("b", bases)]))
    assert run.summary("extract_rrna")["rrna_reads"] == 4
    for file in ("reads-1.fastq", "reads-2.fastq", "single.fastq", "orphans.fastq"):
        assert (extracted / file).read_bytes() == b""
    reads = ("--reads-1", extracted / "reads-1.fastq", "--reads-2", extracted / "reads-2.fastq")
    contigs = run("assemble", *reads) / "contigs.fasta"
    assert "nothing found there were no reads to assemble" in run.said
    assert contigs.read_bytes() == b""
    annotated(run, contigs)
    page = (run.folder / "annotation_report" / "report.html").read_text()
    assert "No read pair was left to assemble." in page
    assert "sequence deeper" not in page


def test_eukaryotes_and_archaea_are_unplaced_and_said_where_the_database_has_bacteria_alone(
    sample: Callable[[str], Sample],
) -> None:
    run = sample("mixed")
    lines = gzip.decompress((DATA / "rrna/reads_1.fastq.gz").read_bytes()).splitlines(keepends=True)
    names = [line.partition(b"-")[0] for line in lines[::4]]
    some = [at for name in set(names) for at in [at for at, other in enumerate(names) if other == name][:24]]
    (run.folder / "given.fastq").write_bytes(b"".join(b"".join(lines[4 * at : 4 * at + 4]) for at in sorted(some)))
    extracted = run("extract_rrna", "--reads-1", run.folder / "given.fastq")
    domains = [row["domain"] for row in run.rows("extract_rrna/rrna-table.tsv") if row["gene"] in ("16S", "18S")]
    counts = {domain: domains.count(domain) for domain in ("archaea", "bacteria", "eukarya")}
    assert min(counts.values()) > 0
    rrna = extracted / "small-subunit-rrna.fasta"
    taxa = run("classify_rrna", "--rrna", rrna, "--db-amplicon", "biomas-tiny-16s:1") / "taxa.tsv"
    lacking = {domain: counts[domain] for domain in ("archaea", "eukarya")}
    assert run.summary("classify_rrna")["lacking_domains"] == lacking
    assert f"of a domain the database lacks {sum(lacking.values())}" in run.said
    by_sequence = {row["read"]: row for row in run.rows("classify_rrna/taxa-of-rrna.tsv")}
    headers = [line[1:].split() for line in rrna.read_text().splitlines() if line.startswith(">")]
    assert {by_sequence[name]["lineage"] for name, _, domain, *_ in headers if domain != "bacteria"} == {""}
    assert int(combined(run, {"mixed": taxa})[0]["classified"]) <= counts["bacteria"]


def test_a_sample_a_hundred_times_as_large_as_its_neighbour_changes_nothing_of_it(
    sample: Callable[[str], Sample],
) -> None:
    tables = {}
    for name, count in (("drop", 5), ("ocean", 500)):
        run = sample(name)
        (run.folder / "given.fastq").write_bytes(known_reads("1", count))
        tables[name] = classified(run, "--reads-1", run.folder / "given.fastq")
    both = sample("both")
    assert [row["reads"] for row in combined(both, tables)] == ["5", "500"]
    across = both.rows("combine_samples/taxa-of-all-samples.tsv")
    combined(alone := sample("alone"), {"drop": tables["drop"]})
    of_drop = alone.rows("combine_samples/taxa-of-all-samples.tsv")
    assert {(row["taxon"], row["drop"]) for row in across if row["drop"] != "0"} == {
        (row["taxon"], row["drop"]) for row in of_drop if row["drop"] != "0"
    }


def test_two_hundred_samples_of_ten_reads_stand_side_by_side(sample: Callable[[str], Sample]) -> None:
    kinds = []
    for part in range(4):
        run = sample(f"kind {part}")
        (run.folder / "given.fastq").write_bytes(known_reads("1", 10, skip=700 * part))
        kinds.append(classified(run, "--reads-1", run.folder / "given.fastq"))
    names = [f"station {number}" for number in range(200)]
    run = sample("all")
    compared = combined(run, {name: kinds[number % 4] for number, name in enumerate(names)})
    assert [row["sample"] for row in compared] == names
    assert {row["reads"] for row in compared} == {"10"}
    across = run.rows("combine_samples/taxa-of-all-samples.tsv")
    assert list(across[0])[3:-1] == names
    for row in across:
        assert [row[name] for name in names] == [row[name] for name in names[:4]] * 50
    biom = json.loads((run.folder / "combine_samples/counts.biom").read_text())
    assert biom["shape"][1] == 200


def test_two_samples_of_one_name_are_refused_with_the_name(
    sample: Callable[[str], Sample], capsys: pytest.CaptureFixture[str]
) -> None:
    run = sample("bay")
    (run.folder / "given.fastq").write_bytes(known_reads("1", 3))
    table = classified(run, "--reads-1", run.folder / "given.fastq")
    twice = [word for _ in "12" for word in ("--taxa", str(table), "--taxa-name", "bay")]
    assert cli.main(["combine_samples", *twice, "--outdir", str(run.folder / "twice")]) == 65
    assert "METAPIPE-E124 bay: sample 'bay' is also in bay" in capsys.readouterr().err
