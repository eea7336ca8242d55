"""Find the rRNA genes on contigs and cut them out; the contigs stay as they are."""

from __future__ import annotations

from collections.abc import Sequence

from metapipe.runner.declare.elements import Exact, Fasta
from metapipe.runner.declare.stage import Stage, Task
from metapipe.stages.rrna.extract_rrna import RrnaOptions
from metapipe.stages.rrna.models import RrnaModel, load_models, model_versions
from metapipe.stages.rrna.rrna_outputs import RRNA_OUTPUTS, RrnaOutputs
from metapipe.stages.rrna.search import find_rrna, in_batches


class ExtractContigRrna(Stage):
    """Genes and pieces of genes, also where a contig ends inside one."""

    name = "extract_contig_rrna"
    summary = "Find 16S, 23S, 5S, 18S and 28S rRNA on contigs and cut it out (HMMER)"
    example = "metapipe extract_contig_rrna --contigs contigs.fasta --out-ssu ssu.fasta --out-table rrna.tsv"
    records = Fasta("contigs")
    outputs = RRNA_OUTPUTS
    options = RrnaOptions
    invariance = Exact()
    rate = 4e5
    fixed_cost = 0.3
    memory_mb = 1024
    empty_ok = True

    def setup(self, task: Task) -> Sequence[RrnaModel]:  # noqa: ARG002
        """Load the models, once a worker."""
        return load_models()

    def run(self, task: Task, state: Sequence[RrnaModel]) -> None:
        """Write what is found on each contig of the block.

        :param state: the models.
        """
        cut = RrnaOutputs(task)
        contigs = with_rrna = 0
        for batch in in_batches(task.records(), lambda contig: len(contig.sequence)):
            found = find_rrna(state, [contig.sequence for contig in batch], task.options.evalue)
            for contig, regions in zip(batch, found, strict=True):
                cut.write(regions, contig.name, contig.sequence)
                with_rrna += bool(regions)
            contigs += len(batch)
        task.note("contigs", contigs)
        task.note("contigs_with_rrna", with_rrna)
        cut.leave_notes()

    def tool_versions(self) -> dict[str, str]:
        """The versions of PyHMMER, which has HMMER built in, and of the models."""
        return model_versions()
