"""Take the rRNA out of reads: what HMMER finds is cut out, reads without any go on to the assembly, re-paired."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from metapipe.merging.numbered_reads import fastq_record, header_of
from metapipe.runner.declare.elements import Exact, FastqPairs, Output, Record, option
from metapipe.runner.declare.stage import Stage, Task
from metapipe.stages.rrna.models import RrnaModel, load_models, model_versions
from metapipe.stages.rrna.rrna_outputs import RRNA_OUTPUTS, RrnaOutputs
from metapipe.stages.rrna.search import find_rrna, in_batches


@dataclass(frozen=True)
class RrnaOptions:
    """Options of both stages. Default: META-pipe 2.x's."""

    evalue: float = option(
        1e-4,
        "Highest E-value of an rRNA: chance hits in 10,000 reads (of up to 1,000 bases; else in 100 Mb)",
        minimum=0,
        maximum=10,
    )


class ExtractRrna(Stage):
    """A read with an rRNA in it leaves the reads. Its mate leaves the pairs, too, as in META-pipe, to the orphans."""

    name = "extract_rrna"
    summary = "Cut 16S, 23S, 5S, 18S and 28S rRNA out of reads and hand on the reads without any (HMMER)"
    example = "metapipe extract_rrna --reads-1 a_1.fastq.gz --reads-2 a_2.fastq.gz --outdir without_rrna"
    records = FastqPairs(or_single=True)
    outputs = {
        "reads-1": Output("fastq", "First mates of the pairs without rRNA"),
        "reads-2": Output("fastq", "Second mates of the pairs without rRNA"),
        "single": Output("fastq", "Single reads without rRNA"),
        "orphans": Output("fastq", "Mates without rRNA of reads with one"),
        **RRNA_OUTPUTS,
    }
    options = RrnaOptions
    version = "2"
    invariance = Exact()
    rate = 8e5
    fixed_cost = 0.3
    empty_ok = True

    def setup(self, task: Task) -> Sequence[RrnaModel]:  # noqa: ARG002
        """Load the models, once a worker."""
        return load_models()

    def run(self, task: Task, state: Sequence[RrnaModel]) -> None:
        """Write each read of the block to where it belongs, and what is cut out of it.

        :param state: the models.
        """
        cut, left = RrnaOutputs(task), _Left(task)
        reads = rrna_reads = 0
        for batch in in_batches(_fragments(task), _bases):
            found = iter(find_rrna(state, [mate.sequence for _, mates in batch for mate in mates], task.options.evalue))
            for name, mates in batch:
                without = []
                for number, mate in enumerate(mates, 1):
                    regions = next(found)
                    cut.write(regions, name, mate.sequence, number if task.paired else 0)
                    without.append(not regions)
                left.write(mates, without)
                reads += len(mates)
                rrna_reads += without.count(False)
        task.note("reads", reads)
        task.note("rrna_reads", rrna_reads)
        for key, count in left.counts.items():
            task.note(key, count)
        cut.leave_notes()

    def tool_versions(self) -> dict[str, str]:
        """The versions of PyHMMER, which has HMMER built in, and of the models."""
        return model_versions()


class _Left:
    """Writes the reads without rRNA, and counts them."""

    def __init__(self, task: Task) -> None:
        self._pairs = [task.output("reads-1"), task.output("reads-2")]
        self._single, self._orphans = task.output("single"), task.output("orphans")
        self.counts = {"pairs_kept": 0, "single_reads": 0, "orphan_reads": 0}

    def write(self, mates: Sequence[Record], without: Sequence[bool]) -> None:
        """Write what stays of a pair or single read. :param without: of each mate, whether it holds no rRNA."""
        if len(mates) == 2 and all(without):
            self.counts["pairs_kept"] += 1
            for stream, mate in zip(self._pairs, mates, strict=True):
                stream.write(fastq_record(header_of(mate), mate.sequence, mate.qualities))
            return
        stream, counted = (self._single, "single_reads") if len(mates) == 1 else (self._orphans, "orphan_reads")
        for mate, stays in zip(mates, without, strict=True):
            if stays:
                stream.write(fastq_record(header_of(mate), mate.sequence, mate.qualities))
                self.counts[counted] += 1


#: A pair under its name, or a single read.
_Fragment = tuple[str, tuple[Record, ...]]


def _fragments(task: Task) -> Iterator[_Fragment]:
    if task.paired:
        yield from ((task.pair_name(mates[0]), mates) for mates in task.pairs())
    else:
        yield from ((read.name, (read,)) for read in task.records())


def _bases(fragment: _Fragment) -> int:
    return sum(len(mate.sequence) for mate in fragment[1])
