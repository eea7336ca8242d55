"""What to check: plain rules over the facts, each with its limit, its reason and what can be done.

The limits are rules of thumb for Illumina amplicons of rRNA genes, meant to make a reader look, not to judge a sample.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from metapipe.biomas.report.facts import Facts
from metapipe.biomas.report.steps import STEPS
from metapipe.reporting.axis import percent, whole_number
from metapipe.reporting.hint import Hint, set_aside, small_databases

MERGED_SHARE = 0.70
SHORT_SHARE = 0.10
CHIMERA_SHARE = 0.10
UNMATCHED_SHARE = 0.20
FILTERED_SHARE = 0.20
LOWER_TIER_SHARE = 0.30
GENUS_SHARE = 0.50
DOMINANT_SHARE = 0.80
ORGANELLE_SHARE = 0.05
FEW_READS = 1_000
#: Species seen so often or less may be errors of sequencing.
RARE_READS = 2

_ORGANELLE = re.compile(r"chloroplast|mitochondri|plastid|streptophyta", re.IGNORECASE)


def hints(facts: Facts) -> list[Hint]:
    """Return what to check, gravest first; in pipeline order within a level."""
    found = [hint for rule in RULES for hint in rule(facts)]
    return sorted(found, key=lambda hint: ("stop", "look", "note").index(hint.level))


def nothing_classified(facts: Facts) -> Iterator[Hint]:
    """Name the first step after which nothing was left; the steps after it are empty for that reason alone."""
    kept = [count for count in (facts.kept_reads, facts.trimmed_kept) if count is not None]
    if facts.pairs == 0:
        yield Hint("stop", "There were no reads in the input.", "Nothing can be classified.", "Check the files.")
    elif kept and sum(kept) == 0:
        yield Hint(
            "stop",
            "No read was left before the classification.",
            "All were too short, too rare or of too low quality for the limits that were set.",
            "Look at the quality report, and lower the minimum length or the minimum size.",
        )
    elif facts.reads == 0:
        yield Hint("stop", "There were no reads to classify.", "The steps before left none.", "Check their results.")
    elif facts.matched == 0 and facts.to_map:
        yield Hint(
            "stop",
            "No read resembles anything in the database.",
            "The database may be for another gene (16S, ITS, 18S …), or the reads are from something else.",
            "Check that the database fits your primers.",
        )
    elif facts.reads and facts.classified == 0:
        yield Hint(
            "stop",
            "Nothing was classified.",
            f"No read has a relative of at least {facts.limits[1]:g} % identity in the database.",
            "Choose a larger database, or one for another gene.",
        )


def numbers_disagree(facts: Facts) -> Iterator[Hint]:
    """Yield a stop when as many reads were not counted by taxon as were filtered: files of different samples."""
    filtered = sum(facts.tiers.values())
    if facts.tiers and facts.reads is not None and facts.classified is not None and filtered != facts.reads:
        yield Hint(
            "stop",
            f"{whole_number(filtered)} reads were filtered, but {whole_number(facts.reads)} were counted by taxon.",
            "The files may come from different samples, or the merged reads or the unmerged pairs are missing.",
            "Make the report again from all files of one sample.",
        )


def merging(facts: Facts) -> Iterator[Hint]:
    """Yield a look when no pair was merged, or less than ``MERGED_SHARE`` of them."""
    if not facts.pairs or facts.merged is None:
        return
    if facts.merged == 0:
        yield Hint(
            "look",
            "No pair could be merged.",
            "The amplicon is longer than both reads together, or the files are not the two mates of the same reads. "
            "The pairs are classified unmerged, which tells fewer relatives apart.",
            "Give the length of the amplicon when you merge, or look at the quality at the ends of the reads.",
        )
    elif facts.merged < MERGED_SHARE * facts.pairs:
        yield Hint(
            "look",
            f"Only {percent(facts.merged, facts.pairs)} of the pairs could be merged.",
            f"With overlapping reads usually more than {100 * MERGED_SHARE:.0f} % can. Common reasons: low quality at "
            "the ends, an amplicon almost as long as both reads together.",
            "Give the length of the amplicon when you merge, or try the other merger.",
        )


def losses(facts: Facts) -> Iterator[Hint]:
    """Say what dereplication left out, as shares of the merged reads: too short, too rare, chimeras.

    Too short and chimeras from ``SHORT_SHARE`` and ``CHIMERA_SHARE`` on, rare ones always; and a note when chimeras
    were not looked for.
    """
    if facts.counted and facts.too_short and facts.too_short > SHORT_SHARE * facts.counted:
        limit = f" than {facts.min_length} bases" if facts.min_length else ""
        yield Hint(
            "look",
            f"{percent(facts.too_short, facts.counted)} of the merged reads are shorter{limit} and were left out.",
            "Primer dimers are so short.",
            "Lower the minimum length if your amplicon is short.",
        )
    if facts.counted and facts.rare:
        yield Hint(
            "note",
            f"{percent(facts.rare, facts.counted)} of the merged reads were left out as too rare.",
            "Sequences seen less often than the minimum size are mostly errors of sequencing; so are some rare taxa.",
        )
    if facts.counted and facts.chimeras and facts.chimeras > CHIMERA_SHARE * facts.counted:
        yield Hint(
            "look",
            f"{percent(facts.chimeras, facts.counted)} of the merged reads look like chimeras and were left out.",
            "Chimeras form in the PCR when a piece of one molecule goes on as another.",
            "Fewer cycles of PCR make fewer of them.",
        )
    elif facts.chimera_check is False and facts.classified:
        yield Hint(
            "note",
            "Chimeras were not looked for.",
            "Reads joined in the PCR from two molecules may look like species of their own.",
            "Switch on the chimera check when you dereplicate.",
        )


def unlike_the_database(facts: Facts) -> Iterator[Hint]:
    """Yield a look for reads unlike anything in the database, for matches not used, for distant relatives only.

    Limits: ``UNMATCHED_SHARE`` of the reads to map, ``FILTERED_SHARE`` of those matched, ``LOWER_TIER_SHARE`` of those
    in a tier.
    """
    total = sum(facts.tiers.values())
    if facts.to_map and facts.matched and facts.to_map - facts.matched > UNMATCHED_SHARE * facts.to_map:
        yield Hint(
            "look",
            f"{percent(facts.to_map - facts.matched, facts.to_map)} of the reads resemble nothing in the database.",
            "They may be from organisms that it lacks, or not from the gene that was amplified.",
            "Compare some of them with a larger collection, for example by BLAST.",
        )
    if facts.matched and facts.in_a_tier and facts.matched - facts.in_a_tier > FILTERED_SHARE * facts.matched:
        yield Hint(
            "look",
            f"{percent(facts.matched - facts.in_a_tier, facts.matched)} of the reads with a match were not used.",
            f"Their matches cover less than {facts.min_coverage:g} % of the read or are less than "
            f"{facts.limits[1]:g} % identical, or the mates match different references.",
            "Primers still on the reads, or a database for another gene, do this.",
        )
    if total and facts.in_a_tier and facts.tiers.get(2, 0) > LOWER_TIER_SHARE * facts.in_a_tier:
        yield Hint(
            "look",
            f"{percent(facts.tiers[2], facts.in_a_tier)} of the similar reads have distant relatives only.",
            f"Their best match is {facts.limits[1]:g} to {facts.limits[0]:g} % identical: the family or genus is "
            "a good guess, the species is not in the database.",
        )


def depth(facts: Facts) -> Iterator[Hint]:
    """Say how far down it reaches: few reads with a genus, few reads at all, species rarely seen."""
    if facts.classified and facts.ranks and facts.named_at("genus") < GENUS_SHARE * facts.classified:
        yield Hint(
            "look",
            f"Only {percent(facts.named_at('genus'), facts.classified)} of the classified reads have a genus.",
            "The amplified region is the same in several genera, or relatives in the database are distant.",
            "Report such results by family or order.",
        )
    if facts.reads and facts.classified and facts.reads < FEW_READS:
        yield Hint(
            "note",
            f"Only {whole_number(facts.reads)} reads were classified.",
            f"With fewer than {whole_number(FEW_READS)} reads, taxa below 1 % of the community are easily missed.",
        )
    species = facts.at_rank("species")
    rare = sum(taxon.total_reads <= RARE_READS for taxon in species)
    if rare:
        yield Hint(
            "note",
            f"{whole_number(rare)} of {whole_number(len(species))} species rest on one or two reads.",
            "So few reads may be errors of sequencing or come from a neighbouring sample.",
            "Do not build on them without a second observation.",
        )


def striking_taxa(facts: Facts) -> Iterator[Hint]:
    """Yield a note for a genus of more than ``DOMINANT_SHARE`` of the reads, a look for many organelles.

    An organelle is a taxon with such a word in its name (chloroplast, mitochondri…, plastid, Streptophyta), counted
    once with all below it.
    """
    genera = facts.at_rank("genus")
    if genera and facts.classified and genera[0].total_reads > DOMINANT_SHARE * facts.classified:
        yield Hint(
            "note",
            f"{percent(genera[0].total_reads, facts.classified)} of the classified reads are {genera[0].name}.",
            "One genus fills the sample, as in a culture, an infection or a contaminated blank.",
        )
    if facts.tree is not None and facts.classified:
        named = [taxon for taxon in facts.tree if _ORGANELLE.search(taxon.name)]
        inside = {id(taxon) for taxon in named}
        top = [taxon for taxon in named if not any(id(above) in inside for above in taxon.ancestors()[:-1])]
        reads = sum(taxon.total_reads for taxon in top)
        if reads > ORGANELLE_SHARE * facts.classified:
            yield Hint(
                "look",
                f"{percent(reads, facts.classified)} of the classified reads are from chloroplasts or mitochondria.",
                "16S primers amplify the rRNA of organelles of plants, algae and animals, too.",
                "Leave these taxa out before you compare communities of bacteria.",
            )


def database_size(facts: Facts) -> Iterator[Hint]:
    """Yield what there is to say of small databases and of one that leaves the sample's own organisms out."""
    yield from small_databases(
        facts.databases,
        held_out="The sample's own organisms were left out of it on purpose, to judge the classification fairly.",
        trial="Most organisms of a real sample are not in it, and reads are placed at the relatives that are.",
    )


def records_set_aside(facts: Facts) -> Iterator[Hint]:
    """Yield a look for each step that quarantined records, with their number."""
    yield from set_aside(facts.quarantined, STEPS)


RULES: tuple[Callable[[Facts], Iterator[Hint]], ...] = (
    nothing_classified,
    numbers_disagree,
    merging,
    losses,
    unlike_the_database,
    depth,
    striking_taxa,
    database_size,
    records_set_aside,
)
