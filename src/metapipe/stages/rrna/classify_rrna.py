"""A taxon for each 16S or 18S that was cut out, by SINTAX against marker genes with their taxonomy (MAPseq's job).

The table ``assignments`` has the columns of BioMaS's, one row a sequence in the order given, so that trees, charts and
BIOM tables are made of it in the same way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from metapipe.formats.fasta_text import reverse_complement
from metapipe.runner.declare.elements import Database, Exact, Fasta, Output, RefDB, bytes_of, option
from metapipe.runner.declare.merge import HeaderOnce, Reduce, add_counts
from metapipe.runner.declare.stage import Stage, Task
from metapipe.stages.rrna.models import ARCHAEA, BACTERIA, EUKARYA
from metapipe.stages.rrna.sintax import classify
from metapipe.stages.rrna.word_index import FASTA, WordIndex, read_word_index, words_of, write_word_index
from metapipe.taxa import domains
from metapipe.taxa.assignments import assigned, counts_of_block, unassigned
from metapipe.taxa.rows import ASSIGNMENT_TABLE
from metapipe.taxa.taxon_counts import at_ranks, taxa_table
from metapipe.taxa.taxonomy import Taxonomy, read_taxonomy

#: A domain of life as databases call it → as models do.
_MODELS = {domains.BACTERIA: BACTERIA, domains.ARCHAEA: ARCHAEA, domains.EUKARYOTA: EUKARYA}


@dataclass(frozen=True)
class ClassifyRrnaOptions:
    """Options of :class:`ClassifyRrna`. Default: SINTAX's usual cut-off."""

    cutoff: float = option(0.8, "Lowest support of a taxon, as a share of 100 draws", minimum=0.51, maximum=1)


class References(NamedTuple):
    """A database at work. :param domains: those it has references of; empty where its taxonomy does not tell."""

    taxonomy: Taxonomy
    words: WordIndex
    domains: frozenset[str]


class ClassifyRrna(Stage):
    """Each sequence by itself: the draws are pinned by its own bases (:mod:`.sintax`)."""

    name = "classify_rrna"
    summary = "Find out which taxon each 16S or 18S comes from, by the words it shares with references (SINTAX)"
    example = (
        "metapipe classify_rrna --rrna small-subunit-rrna.fasta --db-amplicon ssu-prokaryotes:2026-09 --outdir who"
    )
    records = Fasta("rrna", help="FASTA file of 16S or 18S, from extract_rrna or of your own, plain or gzip")
    databases = {"amplicon": RefDB(kind="amplicon", help="reference sequences with their taxonomy")}
    outputs = {
        "assignments": Output("tabular", "the taxon of each sequence, in their order", HeaderOnce(), "Taxa of rRNA"),
        "taxa": Output(
            "tabular",
            "sequences by taxon, directly and in total, from the root downwards; unclassified ones last",
            Reduce(add_counts, write=taxa_table),
            label="Taxa",
        ),
    }
    options = ClassifyRrnaOptions
    invariance = Exact()
    rate = 4_000.0
    fixed_cost = 1.0
    memory_mb = 1024
    empty_ok = True

    def fixed_cost_for(self, databases: Mapping[str, Database], options: ClassifyRrnaOptions) -> float:  # noqa: ARG002
        """Seconds to read the taxonomy, by the size of the references."""
        size = bytes_of(databases, "amplicon", FASTA)
        return self.fixed_cost if size is None else 0.2 + size * 3e-8

    def prepare(self, task: Task, folder: Path) -> None:
        """Leave the index of the references' words. Raises E206 for a damaged database."""
        database = task.databases["amplicon"].path
        write_word_index(database, read_taxonomy(database), folder)

    def setup(self, task: Task) -> References:
        """Read taxonomy and index, once a worker."""
        taxonomy = read_taxonomy(task.databases["amplicon"].path)
        return References(taxonomy, read_word_index(task.shared), domains_of(taxonomy))

    def run(self, task: Task, state: References) -> None:
        """Write the row of each sequence of the block, and what the block adds to the counts."""
        output, taxa, missing, read = task.output("assignments"), Counter[int](), Counter[str](), 0
        output.write(ASSIGNMENT_TABLE.header)
        for record in task.records():
            read += 1
            domain = _domain_said(record.description)
            found = None
            if domain and state.domains and domain not in state.domains:
                missing[domain] += 1
            else:
                strands = [words_of(record.sequence), words_of(reverse_complement(record.sequence))]
                found = classify(strands, state.words, state.taxonomy, task.options.cutoff)
            row = unassigned(record.name)
            if found is not None:
                taxa[found.taxon] += 1
                score = f"{found.support:.2f}"
                row = assigned(record.name, found.taxon, state.taxonomy, matches=found.taxa, score=score)
            output.write(ASSIGNMENT_TABLE.format(row))
        task.output("taxa").write(counts_of_block(taxa, state.taxonomy, read - taxa.total()))
        task.note("sequences", read)
        task.note("classified", taxa.total())
        task.note("unclassified", read - taxa.total())
        task.note("of_a_domain_the_database_lacks", missing.total())
        task.note("lacking_domains", dict(sorted(missing.items())))
        task.note("at_rank", at_ranks(taxa, state.taxonomy))
        task.note("database_domains", domains.domains_noted(state.taxonomy.names, state.taxonomy.ranks))


def domains_of(taxonomy: Taxonomy) -> frozenset[str]:
    """The domains of life that a taxonomy names, as models name them; none where it names none."""
    return frozenset(_MODELS[one] for one in domains.domains_of_life(taxonomy.names, taxonomy.ranks))


def _domain_said(description: str) -> str:
    """The domain of life that the header of ``extract_rrna`` names, else nothing."""
    words = description.split()
    return words[1] if len(words) > 2 and words[2].startswith("strand=") and words[1] in _MODELS.values() else ""
