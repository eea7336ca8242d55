"""What is compared: four programs, each with its input, the command lines of all variants, and when outputs are equal.

A normaliser removes only what the program itself documents as depending on the file as a whole: comment lines, the
order of HMMER's hits (by model, then E-value), padding of its columns, and prodigal's running number of a contig.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import datasets
from benchmarks.bench_stages import WrappedDiamond, WrappedFastp, WrappedHmmsearch, WrappedProdigal
from benchmarks.competitors import programs
from benchmarks.place import Setting
from metapipe.runner.declare.elements import Totals
from metapipe.runner.declare.stage import Stage

Words = list[str]
#: What two tables of hits or genes can be compared by when their formats differ.
Keys = set[tuple[str, ...]]


@dataclass(frozen=True)
class Workload:
    """One program and its input.

    :param source: the input. :param native: input, target and totals to the program's own use of all cores.
    :param block: the same for one block on one core. :param inputs: our command's words for the input and databases.
    :param output: name of our stage's output. :param normalise: None when outputs must be equal as they are.
    :param real: our real stage's words; it is told by keys of its rows how far it agrees with the program.
    """

    name: str
    title: str
    stage: type[Stage]
    source: Path
    native_title: str
    native: Callable[[str, str, Totals], Words]
    block: Callable[[str, str, Totals], Words]
    inputs: Words
    output: str
    normalise: Callable[[bytes], bytes] | None
    program: str
    real: Words | None = None
    real_output: str = ""
    real_keys: Callable[[bytes], Keys] | None = None
    keys: Callable[[bytes], Keys] | None = None

    @property
    def stage_reference(self) -> str:
        return f"benchmarks.bench_stages:{self.stage.__name__}"


def hmm(setting: Setting) -> Workload:
    databases = datasets.databases(setting)
    models = databases.domains / "profiles.h3m"
    source = datasets.proteins(setting, int(setting.work * WrappedHmmsearch.rate))
    words = ["--proteins", str(source), "--db-hmm", str(databases.domains)]
    return Workload(
        name="hmm",
        title="HMM search (hmmsearch, Pfam models)",
        stage=WrappedHmmsearch,
        source=source,
        native_title="hmmsearch --cpu 2",
        native=lambda text, target, totals: programs.hmmsearch(models, text, target, totals.records, setting.slots),
        block=lambda text, target, totals: programs.hmmsearch(models, text, target, totals.records, 1),
        inputs=words,
        output="hits",
        normalise=_hmmer_rows,
        program="hmmsearch",
        real=["search_domains", *words],
        real_output="domains",
        real_keys=lambda text: _columns(text, 0, 1, 8, 9),
        keys=lambda text: {(row[0], row[4], row[19], row[20]) for row in _rows(text)},
    )


def genes(setting: Setting) -> Workload:
    source = datasets.contigs(setting, int(setting.work * WrappedProdigal.rate))
    return Workload(
        name="genes",
        title="Gene calling over skewed contigs (prodigal, meta mode)",
        stage=WrappedProdigal,
        source=source,
        native_title="prodigal (has no threads)",
        native=lambda text, target, totals: programs.prodigal(text, target),
        block=lambda text, target, totals: programs.prodigal(text, target),
        inputs=["--contigs", str(source)],
        output="genes",
        normalise=_prodigal_rows,
        program="prodigal",
        real=["predict_genes", "--contigs", str(source)],
        real_output="genes",
        real_keys=_gene_keys,
        keys=_gene_keys,
    )


def diamond(setting: Setting) -> Workload:
    databases = datasets.databases(setting)
    reference = databases.proteins / "proteins.dmnd"
    source = datasets.proteins(setting, int(setting.work * WrappedDiamond.rate), seed=5)
    words = ["--proteins", str(source), "--db-proteins", str(databases.proteins)]
    return Workload(
        name="diamond",
        title="Protein search (DIAMOND, very sensitive)",
        stage=WrappedDiamond,
        source=source,
        native_title="diamond --threads 2",
        native=lambda text, target, totals: programs.diamond(reference, text, target, setting.slots),
        block=lambda text, target, totals: programs.diamond(reference, text, target, 1),
        inputs=words,
        output="hits",
        normalise=None,
        program="diamond",
        real=["search_proteins", *words],
        real_output="hits",
        real_keys=lambda text: _columns(text, 0, 1),
        keys=lambda text: {(row[0], row[1]) for row in _rows(text)},
    )


def reads(setting: Setting) -> Workload:
    source = datasets.reads(setting, int(setting.reads_gb * 1e9), "gzip")
    return Workload(
        name="reads",
        title="Read filtering of gzip FASTQ (fastp)",
        stage=WrappedFastp,
        source=source,
        native_title="fastp --thread 2",
        native=lambda text, target, totals: programs.fastp(text, target, setting.slots),
        block=lambda text, target, totals: programs.fastp(text, target, 1),
        inputs=["--reads", str(source)],
        output="kept",
        normalise=None,
        program="fastp",
    )


WORKLOADS: dict[str, Callable[[Setting], Workload]] = {"hmm": hmm, "genes": genes, "diamond": diamond, "reads": reads}


def _rows(text: bytes) -> list[list[str]]:
    return [line.split() for line in text.decode().splitlines() if line and not line.startswith("#")]


def _hmmer_rows(text: bytes) -> bytes:
    return b"\n".join(sorted(b" ".join(line.split()) for line in text.splitlines() if not line.startswith(b"#")))


def _prodigal_rows(text: bytes) -> bytes:
    kept = b"\n".join(line for line in text.splitlines() if not line.startswith(b"#"))
    return re.sub(rb"\bID=\d+_", b"ID=", kept)


def _gene_keys(text: bytes) -> Keys:
    return {(row[0], row[3], row[4], row[6]) for row in _rows(text)}


def _columns(text: bytes, *wanted: int) -> Keys:
    lines = text.decode().splitlines()[1:]
    return {tuple(line.split("\t")[column] for column in wanted) for line in lines}
