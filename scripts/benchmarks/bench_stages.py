"""Stages that wrap the very programs the competitors run, for a comparison of like with like.

Imported by workers through PYTHONPATH. ``METAPIPE_BENCH_RATE`` (residues a second) makes the planner cut tiny inputs
into several blocks, too.
"""

from __future__ import annotations

import os
from typing import Any

from benchmarks.competitors import programs
from metapipe.errors import MetapipeError
from metapipe.runner.declare.elements import Exact, Fasta, Fastq, Output, PinnedGlobals, RefDB
from metapipe.runner.declare.merge import Concat
from metapipe.runner.declare.stage import Stage, Task


def _rate(measured: float) -> float:
    return float(os.environ.get("METAPIPE_BENCH_RATE") or measured)


class WrappedHmmsearch(Stage):
    name, summary = "wrapped_hmmsearch", "hmmsearch of Debian"
    records = Fasta("proteins", alphabet="aa")
    databases = {"hmm": RefDB(kind="hmm", help="models")}
    outputs = {"hits": Output("domtbl", "hits", Concat())}
    invariance = PinnedGlobals(("records",))
    rate, fixed_cost = _rate(15_000.0), 1.0
    programs = {"hmmsearch": "hmmer"}

    def run(self, task: Task, state: Any) -> None:
        target = task.output_path("hits")
        models = task.databases["hmm"].path / "profiles.h3m"
        source = task.input_file("proteins")
        task.launch(programs.hmmsearch(models, str(source), str(target), task.totals.records, 1))
        if not target.read_bytes().endswith(b"# [ok]\n"):
            raise MetapipeError("E403", "hmmsearch ended without saying '[ok]'")


class WrappedProdigal(Stage):
    name, summary = "wrapped_prodigal", "prodigal of Debian"
    records = Fasta("contigs")
    outputs = {"genes": Output("gff", "genes", Concat())}
    invariance = Exact()
    rate = _rate(146_000.0)
    programs = {"prodigal": "prodigal"}

    def run(self, task: Task, state: Any) -> None:
        task.launch(programs.prodigal(str(task.input_file("contigs")), str(task.output_path("genes"))))


class CarefulProdigal(WrappedProdigal):
    """Fails at the very end of a block that holds a contig named ``poison``: the dearest moment."""

    name = "careful_prodigal"

    def run(self, task: Task, state: Any) -> None:
        source, genes = task.input_file("contigs"), task.scratch / "genes"
        task.launch(programs.prodigal(str(source), str(genes)))
        task.launch(["grep", "-q", "^>poison", source], accept=(1,))
        # Numbers of contigs in the block would differ from those of the undisturbed run's blocks.
        task.launch(["sed", "-E", "/^#/d; s/ID=[0-9]+_/ID=/", genes], stdout=task.output_path("genes"))


class WrappedDiamond(Stage):
    name, summary = "wrapped_diamond", "diamond of Debian, one thread a block"
    records = Fasta("proteins", alphabet="aa")
    databases = {"proteins": RefDB(kind="diamond", help="proteins")}
    outputs = {"hits": Output("tsv", "hits", Concat())}
    invariance = Exact()
    rate, fixed_cost = _rate(60_000.0), 7.0
    programs = {"diamond": "diamond-aligner"}

    def run(self, task: Task, state: Any) -> None:
        database = task.databases["proteins"].path / "proteins.dmnd"
        source, target = task.input_file("proteins"), task.output_path("hits")
        task.launch(programs.diamond(database, str(source), str(target), 1))


class WrappedFastp(Stage):
    name, summary = "wrapped_fastp", "fastp of Debian, one worker thread a block"
    records = Fastq("reads")
    outputs = {"kept": Output("fastq", "reads kept", Concat())}
    invariance = Exact()
    # Low on purpose: 8 blocks a slot of a gigabyte.
    rate = _rate(6e6)
    programs = {"fastp": "fastp"}

    def run(self, task: Task, state: Any) -> None:
        task.launch(programs.fastp(str(task.input_file("reads")), str(task.output_path("kept")), 1))


class CountLines(Stage):
    """``wc -l``: as little work as a program can do with its input, so what is measured is the feeding."""

    name, summary = "count_lines", "wc -l"
    records = Fastq("reads")
    outputs = {"lines": Output("txt", "lines in each block", Concat())}
    invariance = Exact()
    rate = _rate(2e6)

    def run(self, task: Task, state: Any) -> None:
        task.launch(["wc", "-l"], stdin=task.input_file("reads"), stdout=task.output_path("lines"))


STAGES = {
    stage.name: f"benchmarks.bench_stages:{stage.__name__}"
    for stage in (WrappedHmmsearch, WrappedProdigal, CarefulProdigal, WrappedDiamond, WrappedFastp, CountLines)
}
