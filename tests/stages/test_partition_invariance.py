"""Every stage gives the same bytes however its input is cut, in whatever order the blocks run, inline and on Spark."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from odd_records import BASES, GAPS, LONG, PEPTIDES, fasta_with, fastq_with

from metapipe.refdb.store import resolve
from metapipe.runner.attempt.attempt import load_stage
from metapipe.runner.blocks.block import Block
from metapipe.runner.blocks.resources import Resources, SessionKind
from metapipe.runner.declare.elements import WholeInput
from metapipe.runner.declare.given import Given
from metapipe.runner.run.engine import run_stage
from metapipe.runner.run.request import Places, Request
from metapipe.stages.registry import STAGES
from spark_in_turn import SparkInTurn

DATA = Path(__file__).parents[2] / "test-data"
DATABASES = {
    "proteins": "metapipe-tiny-proteins",
    "hmm": "metapipe-tiny-domains",
    "amplicon": "biomas-tiny-16s",
    "taxonomy": "metapipe-tiny-taxa",
    "markers": "metapipe-tiny-markers",
}


@dataclass(frozen=True)
class Case:
    """Inputs of one stage: files of the test data, or ``stage/output`` of another stage's run on one block."""

    inputs: Mapping[str, str]
    side: Mapping[str, Sequence[str]] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


#: Made of test data and odd records (:func:`odd_files`).
READS = {"reads-1": "odd/reads_1.fastq", "reads-2": "odd/reads_2.fastq"}
CONTIGS = "odd/contigs.fasta"
CASES = {
    "check_samplesheet": Case({}, {"sheet": ["samples/two.csv"], "elements": ["samples/list.tabular"]}),
    "check_reads": Case({"reads-1": "unusual/interleaved.fastq"}),
    "trim_reads": Case(READS),
    "trim_single_reads": Case({"reads-1": READS["reads-1"]}),
    "extract_rrna": Case({"reads-1": "odd/rrna_1.fastq", "reads-2": "odd/rrna_2.fastq"}),
    "extract_single_rrna": Case({"reads-1": "odd/rrna.fastq"}),
    "classify_rrna": Case({"rrna": "odd/ssu.fasta"}),
    "extract_contig_rrna": Case({"contigs": "odd/rrna.fasta"}),
    "assemble": Case(READS, {"merged": ["merge_pairs/merged"]}, {"k_list": "21,41"}),
    "filter_contigs": Case({"contigs": CONTIGS}, options={"min_length": 0}),
    "predict_genes": Case({"contigs": CONTIGS}),
    "search_proteins": Case({"proteins": "odd/proteins.fasta"}, options={"sensitivity": "fast"}),
    "search_domains": Case({"proteins": "odd/proteins.fasta"}),
    "classify_reads": Case(READS, options={"min_support": 12}),
    "classify_single_reads": Case({"reads-1": READS["reads-1"]}, options={"sensitivity": "sensitive", "top": 20.0}),
    "classify_reads_by_words": Case(READS, options={"engine": "kraken2", "confidence": 0.05}),
    "profile_markers": Case(READS, options={"min_markers": 2}),
    "contig_taxonomy": Case({"contigs": CONTIGS}, {"hits": ["hits_of_genes/hits"]}, {"support": 70.0}),
    "map_reads": Case(
        READS,
        {
            "contigs": [CONTIGS],
            "single": ["odd/unique.fastq"],
            "genes": ["predict_genes/genes"],
            "contig-taxonomy": ["contig_taxonomy/placed"],
        },
    ),
    "map_single_reads": Case({"reads-1": READS["reads-1"]}, {"contigs": [CONTIGS]}, {"min_aligned": 30.0}),
    "annotate": Case(
        {"contigs": CONTIGS},
        {
            "genes": ["predict_genes/genes"],
            "proteins": ["predict_genes/proteins"],
            "hits": ["hits_of_genes/hits"],
            "domains": ["domains_of_genes/domains"],
            "contig-taxonomy": ["contig_taxonomy/placed"],
            "contig-abundance": ["map_reads/by-contig"],
            "gene-abundance": ["map_reads/by-gene"],
        },
    ),
    "annotation_report": Case(
        {},
        {
            "summaries": ["filter_contigs/summary", "predict_genes/summary", "annotate/summary"],
            "table": ["annotate/table"],
            "read-taxa": ["taxa/taxa_bay.tabular"],
            "rrna-taxa": ["taxa/taxa_fjord.tabular"],
            "contig-taxa": ["contig_taxonomy/taxa"],
        },
    ),
    "quality_report": Case(READS),
    "merge_pairs": Case(READS),
    "merge_by_vsearch": Case(
        {"reads-1": "odd/short_1.fastq", "reads-2": "odd/short_2.fastq"}, options={"merger": "vsearch"}
    ),
    "dereplicate": Case({"reads": "odd/unique.fastq"}, options={"chimera_check": True, "min_length": 1}),
    "trim_unmerged": Case(READS, options={"min_length": 1}),
    "assign_taxa": Case({"matches": "kept/kept.tabular"}, options={"q": 0.3, "lower_q": 0.7}),
    "map_amplicons": Case({"reads": "odd/unique.fastq"}),
    "map_pairs": Case({"reads-1": "odd/pairs_1.fastq", "reads-2": "odd/pairs_2.fastq"}),
    "filter_matches": Case({"matches": "map_amplicons/matches"}),
    "summarise_taxa": Case(
        {},
        {"assignments": ["taxa/assignments_merged.tabular", "taxa/assignments_pairs.tabular"]},
        {"sample": "bay", "drawn_taxa": 7},
    ),
    "combine_samples": Case({}, {"taxa": ["taxa/taxa_bay.tabular", "taxa/taxa_fjord.tabular"]}),
    "amplicon_report": Case(
        {}, {"summaries": ["summarise_taxa/summary", "taxa/summary_merge.json"], "taxa": ["taxa/taxa_bay.tabular"]}
    ),
    # What is found in the predicted proteins: inputs of ``annotate`` only.
    "hits_of_genes": Case({"proteins": "predict_genes/proteins"}, options={"sensitivity": "fast"}),
    "domains_of_genes": Case({"proteins": "predict_genes/proteins"}),
}
ALIASES = {
    "hits_of_genes": "search_proteins",
    "domains_of_genes": "search_domains",
    "merge_by_vsearch": "merge_pairs",
    "classify_single_reads": "classify_reads",
    "classify_reads_by_words": "classify_reads",
    "extract_single_rrna": "extract_rrna",
    "map_single_reads": "map_reads",
    "trim_single_reads": "trim_reads",
}


def odd_files(folder: Path) -> None:
    """Write the inputs: records that have made some program's result depend on the cut among those of the test data."""
    (folder / "contigs.fasta").write_bytes(fasta_with(DATA / "contigs.fasta", BASES))
    (folder / "proteins.fasta").write_bytes(fasta_with(DATA / "proteins.fasta", PEPTIDES))
    (folder / "ssu.fasta").write_bytes(fasta_with(DATA / "rrna" / "ssu.fasta", BASES))
    (folder / "rrna.fasta").write_bytes(fasta_with(DATA / "rrna" / "contigs.fasta", BASES))
    reads = BASES | GAPS
    for mate in "12":  # some pairs are enough: a read of rRNA takes as long as a thousand others
        lines = gzip.decompress((DATA / "rrna" / f"reads_{mate}.fastq.gz").read_bytes()).splitlines(keepends=True)
        (folder / f"rrna_{mate}.fastq").write_bytes(b"".join(lines[:240]))
    (folder / "rrna.fastq").write_bytes(fastq_with(folder / "rrna_1.fastq", reads))
    short = {name: letters for name, letters in reads.items() if len(letters) < LONG}
    for mate in "12":
        for name, source in (("reads", f"reads_{mate}.fastq.gz"), ("pairs", f"mapping/pairs_{mate}.fastq")):
            (folder / f"{name}_{mate}.fastq").write_bytes(fastq_with(DATA / source, reads, f"/{mate}"))
        # vsearch takes minutes to compare two mates of 100,000 bases.
        (folder / f"short_{mate}.fastq").write_bytes(
            fastq_with(DATA / f"mapping/pairs_{mate}.fastq", short, f"/{mate}")
        )
    (folder / "unique.fastq").write_bytes(fastq_with(DATA / "mapping" / "unique.fastq", reads))


def shuffled(blocks: list[Block]) -> list[Block]:
    return random.Random(len(blocks)).sample(blocks, len(blocks))


class Runs:
    """Runs of stages; those on one block are made once and feed the others."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: dict[str, dict[str, Path]] = {}
        self.count = 0
        (folder / "odd").mkdir()
        odd_files(folder / "odd")

    def reference(self, name: str) -> dict[str, Path]:
        if name not in self.made:
            self.made[name] = self.run(name, blocks=1)
        return self.made[name]

    def find(self, place: str) -> Path:
        name, _, output = place.rpartition("/")
        if name == "odd":
            return self.folder / place
        return self.reference(name)[output] if name in CASES else DATA / place

    def run(self, name: str, **keywords: Any) -> dict[str, Path]:
        case = CASES[name]
        reference = STAGES[ALIASES.get(name, name)]
        stage = load_stage(reference)
        inputs = {key: self.find(place) for key, place in case.inputs.items()}
        side = {key: [self.find(place) for place in places] for key, places in case.side.items()}
        self.count += 1
        folder = self.folder / f"{name}-{self.count}"
        folder.mkdir()
        outputs = {key: folder / f"{key}.{output.suffix}" for key, output in stage.outputs.items()}
        databases = {
            key: resolve(str(DATA / "refdb" / DATABASES[key] / "1"), kind=declared.kind)
            for key, declared in stage.databases.items()
        }
        given = Given(inputs, side, databases, options=stage.options(**case.options))
        places = Places(outputs, folder / "work", folder / "summary.json")
        asked: dict[str, Any] = {"session": SessionKind.INLINE, "slots": 2, "memory_mb": 8192, **keywords}
        order = asked.pop("order", None)
        run_stage(Request(reference, given, places, Resources(**asked), order=order))
        return {**outputs, "summary": folder / "summary.json"}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    return Runs(tmp_path_factory.mktemp("invariance"))


def same(runs: Runs, name: str, other: Mapping[str, Path]) -> None:
    expected = runs.reference(name)
    assert set(expected) == set(other)
    for key in expected:
        assert other[key].read_bytes() == expected[key].read_bytes(), key


def test_every_stage_has_a_case() -> None:
    assert set(CASES) - set(ALIASES) == set(STAGES)


#: Second cases of stages that are cut as well as the first.
CUT_TOO = ("merge_by_vsearch", "extract_single_rrna", "classify_reads_by_words", "trim_single_reads")


def cut() -> list[Any]:
    """Each stage that is cut, in long blocks and in short ones: not as short where each block starts a program."""
    return [
        pytest.param(name, blocks, id=f"{name}-{blocks}")
        for name in (*STAGES, *CUT_TOO)
        for stage in [load_stage(STAGES[ALIASES.get(name, name)])]
        if not isinstance(stage.invariance, WholeInput)
        for blocks in (3, 20 if stage.programs else 64)
    ]


def whole() -> list[str]:
    return [name for name in STAGES if isinstance(load_stage(STAGES[name]).invariance, WholeInput)]


@pytest.mark.parametrize(("name", "blocks"), cut())
def test_a_stage_gives_the_same_bytes_on_any_cut_in_any_order(name: str, blocks: int, runs: Runs) -> None:
    same(runs, name, runs.run(name, blocks=blocks, order=shuffled))


@pytest.mark.parametrize("name", whole())
def test_a_stage_of_the_whole_input_gives_the_same_bytes_on_one_slot_and_on_two(name: str, runs: Runs) -> None:
    same(runs, name, runs.run(name, slots=1))


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkInTurn]:
    one = SparkInTurn(tmp_path_factory.mktemp("spark"))
    yield one
    one.end()


@pytest.mark.parametrize("name", ["predict_genes", "search_domains", "trim_reads", "merge_pairs"])
def test_a_stage_gives_the_same_bytes_on_spark(name: str, runs: Runs, spark: SparkInTurn) -> None:
    runs.reference(name)
    with spark.instead():
        same(runs, name, runs.run(name, blocks=5, session=SessionKind.LOCAL))


def test_the_reference_runs_find_something(runs: Runs, filled_outputs: Callable[[str], list[str]]) -> None:
    for name in STAGES:
        assert any(filled_outputs(name)), name


@pytest.fixture
def filled_outputs(runs: Runs) -> Callable[[str], list[str]]:
    """Outputs of a stage that hold more than a header line."""
    return lambda name: [
        key for key, path in runs.reference(name).items() if key != "summary" and path.read_bytes().count(b"\n") > 1
    ]
