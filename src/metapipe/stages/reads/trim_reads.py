"""Trim and filter reads, pairs or single ones, by META-pipe 2.x's rules: adapters, mean quality, window, length."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metapipe.errors import MetapipeError
from metapipe.formats.byte_rows import keep_freed_memory
from metapipe.formats.read_counts import ReadBatch, ReadCounts
from metapipe.runner.declare.elements import Exact, FastqPairs, Output, option
from metapipe.runner.declare.fastq_text import FastqText
from metapipe.runner.declare.stage import Stage, Task
from metapipe.stages.reads.adapter_removal import Adapters
from metapipe.stages.reads.quality_window import QualityRules

#: Most cells of one array of reads: reads of very different lengths side by side are mostly room.
BATCH_CELLS = 1 << 22

_SHORTEST_ADAPTER = 8

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class TrimReadsOptions:
    """Options of :class:`TrimReads`. Defaults: META-pipe 2.x and Illumina's TruSeq adapters."""

    mean_quality: int = option(20, "Lowest mean quality of a read (Phred), before the window cuts it", minimum=0)
    window_size: int = option(4, "Bases in the sliding window", minimum=1)
    window_quality: int = option(15, "Lowest mean quality in the window (Phred); a read is cut below", minimum=0)
    min_length: int = option(75, "Shortest read kept after trimming, in bases", minimum=1)
    adapter_1: str = option("AGATCGGAAGAGCACACGTCTGAACTCCAGTCA", "Adapter at the end of the first mates")
    adapter_2: str = option("AGATCGGAAGAGCGTCGTGTAGGGAAAGAGTGT", "Adapter at the end of the second mates")


class TrimReads(Stage):
    """A read whose mate is dropped is kept as a single read. Order and names stay as they are.

    Single reads lose the adapter of the first mates.
    """

    name = "trim_reads"
    summary = "Remove adapters and bad ends from pairs or single reads, drop bad and short ones"
    example = "metapipe trim_reads --reads-1 a_1.fastq.gz --reads-2 a_2.fastq.gz --outdir trimmed"
    records = FastqPairs(or_single=True)
    outputs = {
        "reads-1": Output("fastq", "First mates of the pairs kept"),
        "reads-2": Output("fastq", "Second mates of the pairs kept"),
        "single": Output("fastq", "Reads kept whose mate was dropped, or that had none"),
    }
    version = "3"
    options = TrimReadsOptions
    invariance = Exact()
    rate = 5e7

    def check(self, options: TrimReadsOptions) -> None:
        """Refuse adapters that are no DNA or too short to be told from chance (E701)."""
        for name, adapter in (("adapter-1", options.adapter_1), ("adapter-2", options.adapter_2)):
            if len(adapter) < _SHORTEST_ADAPTER or set(adapter) - set("ACGT"):
                expected = f"at least {_SHORTEST_ADAPTER} letters A, C, G or T for --{name}"
                raise MetapipeError("E701", expected=expected, found=adapter)

    def run(self, task: Task, state: Any) -> None:  # noqa: ARG002
        """Write pairs and single reads of the block that are left by the rules, cut, with the letters of the file."""
        keep_freed_memory()
        options = task.options
        rules = QualityRules(options.mean_quality, options.window_size, options.window_quality, options.min_length)
        trimming = Trimming(Adapters(options.adapter_1, options.adapter_2), rules)
        streams = [task.output(name) for name in self.outputs]
        for mates in task.pair_texts() if task.paired else ((text,) for text in task.texts("reads-1")):
            for some in batches(mates[0], mates[-1]):
                for stream, text in zip(streams, trimming.trim(*(mate.some(some) for mate in mates)), strict=True):
                    stream.write(text)
        for key, value in trimming.notes().items():
            task.note(key, value)


def batches(first: FastqText, second: FastqText) -> Iterator[slice]:
    """Cut a run of pairs so that arrays of them stay small."""
    longest = np.maximum(first.lengths, second.lengths)
    waiting = [slice(0, len(first))]
    while waiting:
        some = waiting.pop()
        count = some.stop - some.start
        if count > 1 and count * int(longest[some].max()) > BATCH_CELLS:
            half = some.start + count // 2
            waiting += [slice(half, some.stop), slice(some.start, half)]
        else:
            yield some


class Trimming:
    """Decides about pairs and counts what becomes of them."""

    def __init__(self, adapters: Adapters, rules: QualityRules) -> None:
        self.adapters, self.rules = adapters, rules
        self.before = {name: ReadCounts() for name in ("reads-1", "reads-2")}
        self.alone = ReadCounts()
        self.after = {name: ReadCounts() for name in ("reads-1", "reads-2", "single")}
        self.removed: Counter[str] = Counter(reads=0, bases=0)
        self.trimmed: Counter[str] = Counter(reads=0, bases=0)
        self.dropped: Counter[str] = Counter(mean_quality=0, too_short=0)

    def trim(self, *mates: FastqText) -> tuple[bytes, bytes, bytes]:
        """Return the FASTQ records of reads-1, reads-2 and single that are left.

        :param mates: first and second, or single reads.
        """
        given = [ReadBatch.at(text.buffer, text.bases, text.qualities, text.lengths) for text in mates]
        for counts, reads in zip(self.before.values() if len(mates) == 2 else [self.alone], given, strict=True):
            counts.add(reads)
        found = self.adapters.remove(*given)
        self.removed.update(reads=found.reads, bases=found.bases)
        kept = [self._kept(reads.cut(lengths)) for reads, lengths in zip(given, found.lengths, strict=True)]
        if len(mates) == 1:
            self.after["single"].add(given[0].cut(kept[0], kept[0] > 0))
            left = np.flatnonzero(kept[0])
            return b"", b"", mates[0].some(left).cut(kept[0][left])
        stays = (kept[0] > 0) & (kept[1] > 0)
        for counts, reads, lengths in zip(self.after.values(), given, kept, strict=False):
            counts.add(reads.cut(lengths, stays))
            self.after["single"].add(reads.cut(lengths, (lengths > 0) & ~stays))
        first, second = (
            text.some(np.flatnonzero(stays)).cut(lengths[stays]) for text, lengths in zip(mates, kept, strict=True)
        )
        return first, second, _single(mates, [np.where(stays, 0, lengths) for lengths in kept])

    def _kept(self, reads: ReadBatch) -> Ints:
        """How many bases of each read stay; 0 for a dropped one."""
        lengths, low_mean = self.rules.kept_lengths(reads)
        stays = lengths > 0
        cut = stays & (lengths < reads.lengths)
        self.trimmed.update(reads=int(cut.sum()), bases=int((reads.lengths - lengths)[cut].sum()))
        low = int((low_mean & (reads.lengths > 0)).sum())
        self.dropped.update(mean_quality=low, too_short=int((~stays).sum()) - low)
        return lengths

    def notes(self) -> dict[str, Any]:
        """Return what the summary says."""
        before, after = self.before, {name: counts.as_note() for name, counts in self.after.items()}
        return {
            **{name: {"before": counts.as_note(), "after": after[name]} for name, counts in before.items()},
            "single": {**({"before": self.alone.as_note()} if self.alone.reads else {}), "after": after["single"]},
            "pairs_kept": self.after["reads-1"].reads,
            "single_reads": self.after["single"].reads,
            "pairs": {"before": before["reads-1"].reads, "after": self.after["reads-1"].reads},
            "dropped_reads": dict(self.dropped),
            "adapters_removed": dict(self.removed),
            "quality_trimmed": dict(self.trimmed),
        }


def _single(mates: Sequence[FastqText], kept: Sequence[Ints]) -> bytes:
    """The records of first and second mates of which bases are kept, in the order of the pairs."""
    which = [np.flatnonzero(lengths) for lengths in kept]
    if not any(map(len, which)):
        return b""
    reads = mates[0].some(which[0]).joined(mates[1].some(which[1]))
    order = np.argsort(np.concatenate(which), kind="stable")
    lengths = np.concatenate([lengths[some] for lengths, some in zip(kept, which, strict=True)])
    return reads.some(order).cut(lengths[order])
