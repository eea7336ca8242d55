"""Stage ``contig_taxonomy``: a lineage for every contig, by what its genes' proteins resemble."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from metapipe.errors import MetapipeError
from metapipe.formats.table_rows import Place, check_header
from metapipe.proteins.protein_hits import HIT_TABLE, ProteinHit
from metapipe.runner.declare.elements import Fasta, Output, RefDB, SideFile, WholeInput, option
from metapipe.runner.declare.stage import Stage, Task
from metapipe.stages.taxonomy.contig_votes import elect, gene_vote
from metapipe.stages.taxonomy.read_verdicts import IDENTITIES, LIMITED_RANKS
from metapipe.taxa.ancestry import Ancestry, read_ancestry
from metapipe.taxa.rank_identities import RankIdentities, read_thresholds
from metapipe.taxa.rows import CONTIG_TAXA, ContigRow
from metapipe.taxa.taxon_counts import at_ranks, taxa_table


@dataclass(frozen=True)
class ContigTaxonomyOptions:
    """Options of :class:`ContigTaxonomy`."""

    top: float = option(
        10.0, "of a gene, look at hits that score at most this many per cent below its best", minimum=0, maximum=50
    )
    rank_identities: str = option(
        IDENTITIES,
        "lowest identity (per cent of amino acids) of the best hit for a name at each rank, or none",
    )
    support: float = option(
        50.0,
        "votes that a taxon must have, in per cent of all votes of the contig",
        minimum=50,
        maximum=100,
    )


class ContigTaxonomy(Stage):
    """Hits are those of ``search_proteins``; genes are called ``<contig>_<n>``, as ``predict_genes`` calls them."""

    name = "contig_taxonomy"
    summary = "Find out which taxon each contig comes from, by a weighted majority of its genes' hits"
    example = (
        "metapipe contig_taxonomy --contigs contigs.fasta --hits hits.tsv --db-taxonomy marine-reads:1 --outdir who"
    )
    records = Fasta("contigs")
    side = {"hits": SideFile("tabular", "hits of the contigs' proteins, with taxids (search_proteins)")}
    databases = {"taxonomy": RefDB(kind="taxonomy-reads", help="whose taxonomy the contigs are placed in")}
    outputs = {
        "placed": Output("tabular", "the taxon of each contig, in the order given", label="Taxa of contigs"),
        "taxa": Output("tabular", "bases of contigs by taxon, directly and in total, from the root down", label="Taxa"),
    }
    options = ContigTaxonomyOptions
    invariance = WholeInput()
    rate = 5e7
    empty_ok = True

    def check(self, options: ContigTaxonomyOptions) -> None:
        """Refuse what is no list of ranks and identities (E701)."""
        read_thresholds(options.rank_identities, LIMITED_RANKS)

    def run(self, task: Task, state: Any) -> None:  # noqa: ARG002  (no state)
        """Write the row of each contig, and the bases of all by taxon.

        :raises MetapipeError: E111 for a malformed table, E112 for hits of a gene of no contig, E206.
        """
        ancestry = read_ancestry(task.databases["taxonomy"].path)
        votes, genes = _votes(task, ancestry)
        output, bases = task.output("placed"), Counter[int]()
        output.write(CONTIG_TAXA.header)
        contigs, nowhere = 0, 0
        for record in task.records():
            length = len(record.sequence)
            found = elect(votes.pop(record.name, {}), ancestry, task.options.support)
            row = ContigRow(record.name, length, genes.pop(record.name, 0), "", "", "", "", "")
            if found is None:
                nowhere += length
            else:
                bases[found.taxon] += length
                contigs += 1
                row = row._replace(
                    taxid=str(ancestry.taxids[found.taxon]),
                    taxon=ancestry.names[found.taxon],
                    rank=ancestry.ranks[found.taxon],
                    support=found.per_cent,
                    lineage=ancestry.lineage_text(found.taxon),
                )
            output.write(CONTIG_TAXA.format(row))
        if votes:
            contig = next(iter(votes))
            expected = f"genes of the contigs in {task.labels['contigs']}"
            raise MetapipeError("E112", file=task.labels["hits"], expected=expected, found=f"one of {contig}")
        lineages = {ancestry.lineage_text(taxon): count for taxon, count in bases.items()}
        task.output("taxa").write(taxa_table({"lineages": lineages, "unclassified": nowhere}))
        task.note("contigs", task.totals.records)
        task.note("classified", contigs)
        task.note("unclassified", task.totals.records - contigs)
        task.note("bases", task.totals.residues)
        task.note("bases_at_rank", at_ranks(bases, ancestry))


def _votes(task: Task, ancestry: Ancestry) -> tuple[dict[str, dict[int, int]], dict[str, int]]:
    """Contig → taxon → tenths of bits, and contig → genes with a vote; what has no say is noted for the summary."""
    votes: dict[str, dict[int, int]] = {}
    genes, silent = Counter[str](), Counter[str](genes_with_hits=0, genes_with_a_vote=0, hits_of_unknown_taxa=0)
    limits = RankIdentities(ancestry, read_thresholds(task.options.rank_identities, LIMITED_RANKS))
    for gene, group in groupby(_hits(task), key=lambda hit: hit.query):
        hits = list(group)
        contig = gene.rpartition("_")[0]
        of_contig = votes.setdefault(contig, {})
        silent["genes_with_hits"] += 1
        silent["hits_of_unknown_taxa"] += sum(
            bool(hit.taxid) and int(hit.taxid) not in ancestry.numbers for hit in hits
        )
        vote = gene_vote(hits, ancestry, task.options.top, limits)
        if vote is not None:
            taxon, bits = vote
            of_contig[taxon] = of_contig.get(taxon, 0) + bits
            genes[contig] += 1
            silent["genes_with_a_vote"] += 1
    for key, count in silent.items():
        task.note(key, count)
    return votes, dict(genes)


def _hits(task: Task) -> Iterator[ProteinHit]:
    label = task.labels["hits"]
    with task.side["hits"].open("rb") as lines:
        check_header(lines.readline(), HIT_TABLE.columns, Place(label, 1))
        for number, line in enumerate(lines, 2):
            hit = HIT_TABLE.parse(line, Place(label, number))
            if hit.taxid and not (hit.taxid.isascii() and hit.taxid.isdigit()):
                raise MetapipeError("E111", file=label, line=number, expected="a taxid or nothing", found=hit.taxid)
            yield hit
