"""Trim the pairs that did not merge, by Trim Galore's rules (cutadapt)."""

from __future__ import annotations

import json
from array import array
from dataclasses import dataclass
from typing import Any

from metapipe.errors import MetapipeError
from metapipe.formats.called_bases import called_bases
from metapipe.merging.numbered_reads import fastq_record, header_of, read_numbered, with_numbers
from metapipe.runner.declare.elements import Exact, FastqPairs, Output, option
from metapipe.runner.declare.stage import Stage, Task
from metapipe.runner.guard.program_version import program_version

#: What Trim Galore looks for in both mates when its look at the first reads finds Illumina's adapters.
ILLUMINA_UNIVERSAL = "AGATCGGAAGAGC"
_SHORTEST_ADAPTER = 8


@dataclass(frozen=True)
class TrimUnmergedOptions:
    """Options of :class:`TrimUnmerged`. Defaults: ``trim_galore -q 25 --length 50 --stringency 5``, as in BioMaS."""

    quality: int = option(25, "Bases worse than this are cut off at the 3' end (Phred)", minimum=0, maximum=93)
    min_length: int = option(50, "Shortest mate, in bases; a pair stays only when both are as long", minimum=1)
    stringency: int = option(5, "Bases at the end of a read that must match the adapter's beginning", minimum=1)
    adapter_1: str = option(ILLUMINA_UNIVERSAL, "Adapter at the end of the first mates")
    adapter_2: str = option(ILLUMINA_UNIVERSAL, "Adapter at the end of the second mates")


class TrimUnmerged(Stage):
    """Pairs stay in order and together; names stay as they are."""

    name = "trim_unmerged"
    summary = "Trim pairs that did not merge, by Trim Galore's rules (cutadapt)"
    example = "metapipe trim_unmerged --reads-1 unmerged_1.fastq --reads-2 unmerged_2.fastq --outdir trimmed"
    records = FastqPairs()
    outputs = {
        "trimmed-1": Output("fastq", "First mates of the pairs kept"),
        "trimmed-2": Output("fastq", "Second mates of the pairs kept"),
    }
    version = "2"
    options = TrimUnmergedOptions
    invariance = Exact()
    rate = 1e7
    fixed_cost = 0.3
    programs = {"cutadapt": "cutadapt"}
    empty_ok = True

    def check(self, options: TrimUnmergedOptions) -> None:
        """Refuse adapters that are no DNA, or too short to be told from chance or to reach the stringency (E701)."""
        for name, adapter in (("adapter-1", options.adapter_1), ("adapter-2", options.adapter_2)):
            if len(adapter) < max(_SHORTEST_ADAPTER, options.stringency) or set(adapter) - set("ACGT"):
                longest = max(_SHORTEST_ADAPTER, options.stringency)
                raise MetapipeError(
                    "E701", expected=f"at least {longest} letters A, C, G or T for --{name}", found=adapter or "nothing"
                )

    def run(self, task: Task, state: Any) -> None:  # noqa: ARG002
        """Write the pairs of which cutadapt keeps both mates, cut as it says, with the letters of the file.

        :raises MetapipeError: E403 when it keeps only one mate of a pair: it drops both or none.
        """
        lengths = write_pairs(task)
        pairs = len(lengths)
        adapters = run_cutadapt(task, pairs) if pairs else 0
        trimmed = [
            with_numbers(
                read_numbered(task.scratch / f"trimmed-{mate}.fastq", "cutadapt") if pairs else iter(()), pairs
            )
            for mate in (1, 2)
        ]
        streams = [task.output(name) for name in self.outputs]
        kept = cut = 0
        for mates, before, *after in zip(task.pairs(), lengths, *trimmed, strict=True):
            results = [read for read in after if read is not None]
            if not results:
                continue
            if len(results) != 2:
                raise MetapipeError("E403", f"cutadapt kept one mate of '{mates[0].name}'")
            kept += 1
            cut += before - sum(len(read.sequence) for read in results)
            for stream, mate, read in zip(streams, mates, results, strict=True):
                # cutadapt cuts ends off the bases as called; the letters stay those of the file.
                stream.write(fastq_record(header_of(mate), mate.sequence[: len(read.sequence)], read.qualities))
        task.note("pairs", {"before": pairs, "after": kept})
        task.note("adapters_removed", adapters)
        task.note("bases_trimmed", cut)

    def tool_versions(self) -> dict[str, str]:
        """The version of cutadapt, as it prints it."""
        return {"cutadapt": program_version("cutadapt", "--version")}


def write_pairs(task: Task) -> array[int]:
    """Write the block's pairs to ``1.fastq`` and ``2.fastq``, numbered from 1; return the bases of each pair."""
    lengths = array("q")
    with (task.scratch / "1.fastq").open("wb") as first, (task.scratch / "2.fastq").open("wb") as second:
        for number, mates in enumerate(task.pairs(), 1):
            for stream, mate in zip((first, second), mates, strict=True):
                stream.write(fastq_record(str(number), called_bases(mate.sequence), mate.qualities))
            lengths.append(sum(len(mate.sequence) for mate in mates))
    return lengths


def run_cutadapt(task: Task, pairs: int) -> int:
    """Trim the pairs written; return how many reads an adapter was found in.

    Trim Galore runs cutadapt with these options on each file alone and then drops the pairs with a short mate: together
    that is what ``--pair-filter any`` does. An adapter is always given: nothing is learnt from the first reads.

    :raises MetapipeError: E401 when cutadapt fails, E403 when it did not see every pair.
    """
    options = task.options
    report = task.scratch / "cutadapt.json"
    task.launch(
        [
            *("cutadapt", "--cores", "1", "--quality-cutoff", str(options.quality), "--quality-base", "33"),
            *("--error-rate", "0.1", "--overlap", str(options.stringency), "--times", "1"),
            *("-a", options.adapter_1, "-A", options.adapter_2),
            *("--minimum-length", str(options.min_length), "--pair-filter", "any", "--json", report),
            *("--output", task.scratch / "trimmed-1.fastq", "--paired-output", task.scratch / "trimmed-2.fastq"),
            *(task.scratch / "1.fastq", task.scratch / "2.fastq"),
        ],
        finished="Finished in",
    )
    counts = json.loads(report.read_bytes())["read_counts"]
    if counts["input"] != pairs:
        raise MetapipeError("E403", expected=f"cutadapt to read {pairs} pairs", found=str(counts["input"]))
    return int(counts["read1_with_adapter"] + counts["read2_with_adapter"])
