"""What to check: plain rules over the facts, each with its limit, its reason and what can be done.

The limits are rules of thumb for Illumina metagenomes, meant to make a reader look, not to judge a sample.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from metapipe.reporting.axis import bases, percent, whole_number
from metapipe.reporting.hint import Hint, set_aside, small_databases
from metapipe.stages.report.facts import Facts
from metapipe.stages.report.steps import STEPS
from metapipe.stages.report.tiers import Sources

FEW_PAIRS = 100_000
KEPT_SHARE = 0.70
SINGLES_SHARE = 0.15
ADAPTER_SHARE = 0.30
SHORT_N50 = 2_000
PARTIAL_SHARE = 0.50
SUPPORTED_SHARE = 0.50
CODING_SHARE = 0.65


def hints(facts: Facts) -> list[Hint]:
    """Return what to check, gravest first; in pipeline order within a level."""
    found = [hint for rule in RULES for hint in rule(facts)]
    return sorted(found, key=lambda hint: ("stop", "look", "note").index(hint.level))


def nothing_found(facts: Facts) -> Iterator[Hint]:
    """Name the first step after which nothing was left; the steps after it are empty for that reason alone."""
    if facts.pairs_in == 0:
        yield Hint(
            "stop", "There were no reads in the input.", "Nothing can be assembled or annotated.", "Check the files."
        )
    elif facts.pairs_kept == 0 and not facts.singles:
        yield Hint(
            "stop",
            "No read survived trimming.",
            "All reads were shorter or of lower quality than the limits.",
            "Look at the read quality below; lower the minimum length or the quality limits if the reads are short.",
        )
    elif facts.contigs == 0 and facts.pairs_assembled == 0:
        yield Hint(
            "stop",
            "No read pair was left to assemble.",
            "A step before the assembly took all of them out: where everything is rRNA, nothing else remains.",
            "Look at what trimming and the extraction of rRNA removed; the rRNA itself says who is there.",
        )
    elif facts.contigs == 0:
        limit = f" of at least {whole_number(facts.min_contig)} bp" if facts.min_contig else ""
        yield Hint(
            "stop",
            f"No contig{limit} was found.",
            "Too few reads cover the same genome for an assembly, or the length limit is too high for this sample.",
            "Lower the minimum contig length, or sequence deeper.",
        )
    elif facts.gene_count == 0:
        yield Hint(
            "stop",
            "No gene was found on the contigs.",
            "The contigs are too short to hold a gene, or are not from bacteria, archaea or their viruses.",
            "Leave ‘complete genes only’ off, or lower the minimum gene length.",
        )
    elif facts.gene_count and facts.tiers and facts.sources is Sources.NONE:
        yield Hint(
            "stop",
            "Neither proteins nor domains were searched.",
            "Without a search nothing can be said of what the genes do.",
            "Run the protein search and the domain search, and give their tables to the annotation.",
        )
    elif facts.gene_count and facts.tiers and facts.supported == 0:
        yield Hint(
            "stop",
            "No gene has a significant hit.",
            "The databases hold nothing similar to these genes.",
            "Choose a larger database.",
        )


def few_reads(facts: Facts) -> Iterator[Hint]:
    """Yield a note when less than ``FEW_PAIRS`` read pairs went in: only the most abundant members can be assembled."""
    if facts.pairs_in is not None and 0 < facts.pairs_in < FEW_PAIRS:
        yield Hint(
            "note",
            f"Only {whole_number(facts.pairs_in)} read pairs went in.",
            f"Below {whole_number(FEW_PAIRS)} pairs only the most abundant members of a community can be assembled.",
        )


def trimming_losses(facts: Facts) -> Iterator[Hint]:
    """Yield a look for what trimming took: pairs (kept less than ``KEPT_SHARE``), adapters, mates.

    Adapters from ``ADAPTER_SHARE`` of the reads on; mates when more than ``SINGLES_SHARE`` of the pairs lost one.
    """
    if not facts.pairs_in or facts.pairs_kept is None:
        return
    if 0 < facts.pairs_kept < KEPT_SHARE * facts.pairs_in:
        yield Hint(
            "look",
            f"Only {percent(facts.pairs_kept, facts.pairs_in)} of the read pairs survived trimming.",
            f"Usually more than {100 * KEPT_SHARE:.0f} % do. Common reasons: low quality, adapters of another kit.",
            "Check the adapter sequences, and the read quality below.",
        )
    if facts.reads_in and facts.reads_with_adapter and facts.reads_with_adapter > ADAPTER_SHARE * facts.reads_in:
        yield Hint(
            "look",
            f"Adapter was cut from {percent(facts.reads_with_adapter, facts.reads_in)} of the reads.",
            "Many DNA fragments were shorter than the reads; mates then read the same bases twice.",
            "The next library may need longer fragments.",
        )
    if facts.singles is not None and facts.singles > SINGLES_SHARE * facts.pairs_in:
        yield Hint(
            "look",
            f"{percent(facts.singles, facts.pairs_in)} of the pairs lost one mate.",
            "One of the two read files is of much lower quality, often the second.",
            "Nothing is lost: single reads take part in the assembly.",
        )


def assembly_quality(facts: Facts) -> Iterator[Hint]:
    """Yield a look when half of the assembled bases lie in contigs shorter than ``SHORT_N50`` bases."""
    if facts.contigs and facts.n50 is not None and facts.n50 < SHORT_N50:
        yield Hint(
            "look",
            f"The contigs are short: N50 is {bases(facts.n50)}.",
            f"Half of the assembled bases lie in contigs shorter than this. Below {bases(SHORT_N50)} many genes are "
            "cut at contig ends and neighbouring genes are separated.",
            "More reads, or fewer species per sample, give longer contigs.",
        )


def gene_quality(facts: Facts) -> Iterator[Hint]:
    """Yield looks for genes cut at contig ends and for few bases in genes; a note when only complete genes were kept.

    Limits: ``PARTIAL_SHARE`` of the genes, ``CODING_SHARE`` of the bases.
    """
    if facts.genes and facts.partial_genes is not None and facts.partial_genes > PARTIAL_SHARE * facts.genes:
        yield Hint(
            "look",
            f"{percent(facts.partial_genes, facts.genes)} of the genes are cut at a contig end.",
            "A cut gene may miss the part that tells its function, and counts may hold one gene twice.",
            "Switch on ‘complete genes only’ to leave them out.",
        )
    if facts.complete_only:
        left_out = f": {whole_number(facts.genes_left_out)}" if facts.genes_left_out is not None else ""
        yield Hint("note", "Only complete genes were kept.", f"Genes cut at a contig end were left out{left_out}.")
    if facts.contigs and facts.genes and facts.coding_share is not None and facts.coding_share < CODING_SHARE:
        yield Hint(
            "look",
            f"Only {percent(facts.coding_share, 1)} of the assembled bases lie in genes.",
            "Genes of bacteria and archaea fill 80 to 95 % of their genomes. Less speaks for DNA of eukaryotes, for "
            "which this gene finder is not made, or for assembly errors.",
        )


def annotation_depth(facts: Facts) -> Iterator[Hint]:
    """Say how much the annotation rests on: few genes with evidence, one search only, distant relatives."""
    total = sum(facts.tiers.values())
    if total and 0 < facts.supported < SUPPORTED_SHARE * total:
        yield Hint(
            "look",
            f"Only {percent(facts.supported, total)} of the genes have a significant hit or domain.",
            "The sample holds organisms that the databases do not know well, or the databases are small.",
            "Compare with a larger database before you conclude that a function is absent.",
        )
    if total and facts.sources in (Sources.PROTEINS, Sources.DOMAINS):
        used, unused = ("protein", "domain") if facts.sources is Sources.PROTEINS else ("domain", "protein")
        yield Hint(
            "look",
            f"Only the {used} search was used.",
            f"Tier 1 here means {'a significant protein hit' if facts.protein_search else 'a significant domain'}; it "
            "does not mean that two sources agree.",
            f"Run the {unused} search too for tiers that rest on two sources.",
        )


def distant_relatives(facts: Facts) -> Iterator[Hint]:
    """Say what rests on hits that META-pipe 1.0's rule calls significant for their similarity alone."""
    count = facts.distant.get("genes", 0)
    if not count:
        return
    stated = [
        f"{whole_number(number)} {noun if number == 1 else f'{noun}s'}"
        for key, noun in (("products", "product name"), ("gene_names", "gene name"), ("ec", "EC number"))
        if (number := facts.distant.get(key, 0))
    ]
    first = facts.distant.get("tier_1", 0)
    share = "all" if first == count else f"{whole_number(first)} of them"
    in_tier_1 = f", {share} in tier 1" if first and count > 1 else ""
    yield Hint(
        "look",
        f"{_genes(count)} on a protein hit with less than 30 % identity{in_tier_1}.",
        "The rule takes a hit with 40 % similarity, too. Proteins so distant often do something else: "
        f"{', '.join(stated) or 'nothing stated'} {'rests' if len(stated) == 1 else 'rest'} on such hits.",
        "Look at the hit's identity in the table before you quote one, and whether a domain supports it.",
    )


def _genes(count: int) -> str:
    return "1 gene rests" if count == 1 else f"{whole_number(count)} genes rest"


#: What a family's domains are held against, in the words of HMMER's files.
_RULES = {
    "GA": "its own gathering cut-off",
    "TC": "its trusted cut-off, for want of a gathering cut-off",
    "E-value": "a domain E-value of 1e-4, for want of cut-offs",
}


def domain_rules(facts: Facts) -> Iterator[Hint]:
    """Say by which rule the domains were judged where it was not the gathering cut-off of every family."""
    if set(facts.judged_by) - {"GA"}:
        parts = [
            f"{whole_number(facts.judged_by[rule])} by {words}"
            for rule, words in _RULES.items()
            if facts.judged_by.get(rule)
        ]
        yield Hint(
            "note",
            "Not every domain was judged by its family's gathering cut-off.",
            f"Significant domains: {'; '.join(parts)}. An E-value says less than a cut-off that the family's curators "
            "have set. The domain database's table of families says which rule each has.",
        )


def database_size(facts: Facts) -> Iterator[Hint]:
    """Yield what there is to say of small databases and of one that leaves the sample's own organisms out."""
    yield from small_databases(
        facts.databases,
        held_out="Known proteins of the sample's own organisms were left out on purpose, to judge the annotation "
        "fairly. It finds less than a full database would.",
        trial="Most genes of a real sample have no relative in it; that a gene has no hit says little.",
    )


def records_set_aside(facts: Facts) -> Iterator[Hint]:
    """Yield a look for each step that quarantined records, with their number."""
    yield from set_aside(facts.quarantined, STEPS)


def numbers_disagree(facts: Facts) -> Iterator[Hint]:
    """Yield a stop when not as many genes were annotated as predicted: the files are of different analyses."""
    if facts.genes is not None and facts.annotated is not None and facts.genes != facts.annotated:
        yield Hint(
            "stop",
            f"{whole_number(facts.genes)} genes were predicted, but {whole_number(facts.annotated)} were annotated.",
            "The summaries may come from different analyses.",
            "Make the report again from the files of one history.",
        )


RULES: tuple[Callable[[Facts], Iterator[Hint]], ...] = (
    nothing_found,
    numbers_disagree,
    few_reads,
    trimming_losses,
    assembly_quality,
    gene_quality,
    annotation_depth,
    distant_relatives,
    domain_rules,
    database_size,
    records_set_aside,
)
