"""Assemble reads to contigs with MEGAHIT 1.2.9, as META-pipe 2.x does."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from metapipe.errors import MetapipeError
from metapipe.formats.contig_statistics import ContigCounts, lx, nx
from metapipe.formats.fasta_text import format_fasta
from metapipe.runner.declare.elements import PER_NODE, FastqPairs, Output, SideFile, WholeInput, option
from metapipe.runner.declare.stage import Stage, Task
from metapipe.runner.guard.program_version import program_version
from metapipe.runner.scan.scan import scan_file
from metapipe.stages.assembly.assembled_contigs import named, parse_megahit
from metapipe.stages.assembly.assembly_reads import reads_for_megahit

#: What each preset adds to MEGAHIT's command. ``quick`` stops at k = 81: for tests and small, well covered samples.
PRESETS = {
    "default": [],
    "quick": ["--k-list", "21,41,61,81"],
    "sensitive": ["--presets", "meta-sensitive"],
}

# MEGAHIT 1.2.9's limits for k-mer sizes.
_SMALLEST_K, _LARGEST_K, _LARGEST_STEP = 15, 255, 28

_NO_MEMORY = re.compile(rb"std::bad_alloc|Cannot allocate memory|Exit code (-9|137)\b")

# MEGAHIT's k-mer tables fill what they are given; the rest is for its Python parent and what it does not count.
_MEMORY_SHARE = 0.9


@dataclass(frozen=True)
class AssembleOptions:
    """Options of :class:`Assemble`."""

    min_length: int = option(1000, "Shortest contig written, in bases", minimum=0)
    k_list: str = option("", "k-mer sizes, e.g. 21,41,61,81; odd, 15 to 255, steps of 28 at most; empty = the preset's")
    preset: str = option(
        "default", "How thorough: sensitive keeps rare k-mers and takes more steps", choices=[*PRESETS]
    )


class Assemble(Stage):
    """Contigs are named ``contig_000001`` … from the longest on, each on one strand; circles lose their repeated end.

    ``coverage=`` in a contig's description is MEGAHIT's multiplicity: how often its k-mers occur on average.
    """

    name = "assemble"
    version = "2"
    summary = "Assemble read pairs, merged and single reads to contigs"
    example = "metapipe assemble --reads-1 a_1.fastq --reads-2 a_2.fastq --single a_single.fastq --out-contigs c.fasta"
    records = FastqPairs()
    side = {
        "single": SideFile("fastq", "Single reads, e.g. those whose mate was dropped", optional=True),
        "merged": SideFile("fastq", "Reads merged from pairs (merge_pairs)", optional=True),
    }
    outputs = {"contigs": Output("fasta", "Contigs, longest first")}
    options = AssembleOptions
    invariance = WholeInput()
    threads = PER_NODE
    memory_mb = 2048
    rate = 1.5e5
    programs = {"megahit": "megahit"}
    empty_ok = True

    def check(self, options: AssembleOptions) -> None:
        """Refuse ``--k-list`` beside a preset, and a list that MEGAHIT would not take (E701)."""
        if not options.k_list:
            return
        if options.preset != "default":
            raise MetapipeError("E701", expected="either --k-list or --preset", found=f"both ({options.preset})")
        check_k_list(options.k_list)

    def run(self, task: Task, state: Any) -> None:  # noqa: ARG002
        """Write the contigs that MEGAHIT makes of all reads, longest first; none without reads.

        :raises MetapipeError: E102 to E105 for single reads that are not FASTQ, E401 or E403 when MEGAHIT fails, E802
            when it had too little memory.
        """
        reads: list[str | Path] = []
        if task.totals.records:
            for flag, name in (("-1", "reads-1"), ("-2", "reads-2")):
                reads += [flag, reads_for_megahit(task.input_file(name), task.scratch, name)]
        for name in self.side:
            if name in task.side and has_reads(task.side[name], task.labels[name]):
                reads += ["-r", reads_for_megahit(task.side[name], task.scratch, name)]
        counts, circular = ContigCounts(), 0
        contigs = task.output("contigs")
        if reads:
            folder = task.scratch / "megahit"
            try:
                task.launch(megahit_command(task, reads, folder), finished="ALL DONE")
            except MetapipeError as fault:
                raise explained(fault, folder / "log", task.memory_mb) from fault
            with (folder / "final.contigs.fa").open("rb") as lines:
                for name, description, contig in named(parse_megahit(lines), task.options.min_length):
                    contigs.write(format_fasta(name, description, contig.sequence))
                    counts.add(contig.sequence)
                    circular += contig.circular
        for key, value in counts.as_note().items():
            task.note(key, value)
        task.note("circular", circular)
        task.note("n50", nx(counts.lengths))
        task.note("l50", lx(counts.lengths))
        task.note("longest", max(counts.lengths, default=0))
        if not counts.contigs:
            shortest = f"no contig of {task.options.min_length} bases or more could be assembled"
            task.note("nothing_found", shortest if reads else "there were no reads to assemble")

    def tool_versions(self) -> dict[str, str]:
        """The version of MEGAHIT, as it prints it."""
        return {"megahit": program_version("megahit", "--version")}


def check_k_list(k_list: str) -> None:
    """Refuse k-mer sizes that MEGAHIT would refuse after it has started.

    :raises MetapipeError: E701.
    """
    words = k_list.split(",")
    sizes = [int(word) for word in words if word.isascii() and word.isdigit()]
    odd = len(sizes) == len(words) and all(k % 2 and _SMALLEST_K <= k <= _LARGEST_K for k in sizes)
    if not odd:
        expected = f"odd numbers from {_SMALLEST_K} to {_LARGEST_K} with commas for --k-list"
        raise MetapipeError("E701", expected=expected, found=k_list)
    for smaller, larger in pairwise(sizes):
        if not 0 < larger - smaller <= _LARGEST_STEP:
            expected = f"ascending steps of {_LARGEST_STEP} at most for --k-list"
            raise MetapipeError("E701", expected=expected, found=f"{smaller},{larger}")


def megahit_command(task: Task, reads: list[str | Path], folder: Path) -> list[str | Path]:
    """Return the command; ``folder`` must not exist yet."""
    k_mers = ["--k-list", task.options.k_list] if task.options.k_list else PRESETS[task.options.preset]
    memory = int(task.memory_mb * _MEMORY_SHARE) << 20
    # The length limit is applied to what we write: MEGAHIT counts the repeated end of a circle.
    # Beside pairs, reads of other lengths are assembled otherwise by one thread than by any higher number of them.
    threads = max(task.threads, 2) if "-r" in reads else task.threads
    limits = ["--min-contig-len", str(task.options.min_length), "--num-cpu-threads", str(threads)]
    places = ["--memory", str(memory), "--tmp-dir", task.scratch, "--out-dir", folder]
    return ["megahit", *reads, *k_mers, *limits, *places]


def explained(fault: MetapipeError, log: Path, memory_mb: int) -> MetapipeError:
    """Return E802 when MEGAHIT's log says that memory ran out, else ``fault``.

    MEGAHIT's last words name a log file nobody can see and an exit code of its inner program; that one's own end,
    killed by the kernel or refused memory, stands in the log only.
    """
    if fault.code != "E401" or not log.is_file():
        return fault
    if _NO_MEMORY.search(log.read_bytes()):
        return MetapipeError("E802", f"MEGAHIT needs more than the {memory_mb} MB it was given")
    return fault


def has_reads(path: Path, label: str) -> bool:
    """Say whether a file of single reads holds any.

    MEGAHIT stops reading, without a word, where a file is damaged; so it is checked as the mates are.

    :raises MetapipeError: E102 to E105 for what is not FASTQ, plain or gzip.
    """
    return scan_file(path, label, "fastq").total_records > 0
