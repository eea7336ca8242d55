"""Who is in the sample: the most abundant taxa of every main rank, and how far down the reads have a name."""

from __future__ import annotations

from metapipe.biomas.report.facts import Facts
from metapipe.reporting.axis import percent, whole_number
from metapipe.reporting.page_parts import Bar, BarList
from metapipe.taxa.main_ranks import MAIN_RANKS, PLURALS
from metapipe.taxa.taxon_tree import Taxon

#: Bars in a list.
TOP = 10

#: Ranks with a list of their own. The few domains are in the tree.
_LISTED = ("phylum", "class", "order", "family", "genus", "species")
_A = {rank: f"{'an' if rank == 'order' else 'a'} {rank}" for rank in MAIN_RANKS}


def rank_lists(facts: Facts) -> list[BarList]:
    """Return a list for every main rank below the domain that occurs."""
    return [_rank_list(facts, rank) for rank in _LISTED if facts.at_rank(rank)]


def reach(facts: Facts) -> BarList | None:
    """Return the share of all reads that have a name at each rank."""
    reads = facts.reads
    if not reads or not facts.ranks:
        return None
    known = [(rank, facts.named_at(rank)) for rank in MAIN_RANKS if rank in facts.ranks]
    return BarList(
        "Reads with a name at each rank",
        "A read that fits several relatives equally well is placed at the taxon they share. "
        f"The bars are shares of all {whole_number(reads)} reads.",
        "share of the reads",
        tuple(
            Bar(
                rank.capitalize(),
                f"{whole_number(count)} reads, {_taxa(len(facts.at_rank(rank)), rank)}",
                percent(count, reads),
                100 * count / reads,
            )
            for rank, count in known
        ),
    )


def _rank_list(facts: Facts, rank: str) -> BarList:
    taxa = facts.at_rank(rank)
    reads = facts.reads or 1
    shown, hidden = taxa[:TOP], taxa[TOP:]
    highest = shown[0].total_reads
    rest = []
    if hidden:
        fewer = " or fewer" if hidden[0].total_reads > hidden[-1].total_reads else ""
        each = " each" if hidden[1:] else ""
        count = hidden[0].total_reads
        reads_each = f"{whole_number(count)} read{'' if count == 1 else 's'}{fewer}{each}"
        rest.append(f"{_taxa(len(hidden), rank)} more, with {reads_each}.")
    nameless = (facts.classified or 0) - facts.named_at(rank)
    if nameless > 0:
        rest.append(f"Classified, but without {_A[rank]}: {percent(nameless, reads)} of the reads.")
    return BarList(
        PLURALS[rank].capitalize(),
        f"{_taxa(len(taxa), rank)} with {percent(facts.named_at(rank), reads)} of the reads.",
        "share of the reads",
        tuple(
            Bar(
                taxon.name,
                _note(taxon, rank, facts),
                percent(taxon.total_reads, reads).replace("less than ", "< "),
                100 * taxon.total_reads / highest,
            )
            for taxon in shown
        ),
        " ".join(rest),
    )


def _note(taxon: Taxon, rank: str, facts: Facts) -> str:
    """Its reads, and for a narrow rank the wider taxon it belongs to."""
    reads = f"{whole_number(taxon.total_reads)} read{'' if taxon.total_reads == 1 else 's'}"
    wider = {"species": "family", "genus": "family", "family": "class", "order": "phylum", "class": "phylum"}.get(rank)
    if wider is None:
        return reads
    named = {one.taxid for one in facts.at_rank(wider)}
    above = [one.name for one in taxon.ancestors()[:-1] if one.taxid in named]
    return f"{reads} · {above[-1]}" if above else reads


def _taxa(count: int, rank: str) -> str:
    return f"{whole_number(count)} {rank if count == 1 else PLURALS[rank]}"
