"""Each rule of what to check speaks where its limit is passed, and is silent where it is not."""

from __future__ import annotations

import pytest
import taxa_samples as samples

from metapipe.biomas.report.facts import Facts
from metapipe.biomas.report.hints import hints
from metapipe.biomas.report.page import verdict
from metapipe.biomas.report.story import funnel, sentence
from metapipe.taxa.taxon_table import count_assignments
from metapipe.taxa.taxon_tree import TaxonTree


def tree_of(*rows: samples.Row) -> TaxonTree:
    return count_assignments([(samples.assignments(list(rows)).splitlines(keepends=True), "table")])


def read(lineage: str, size: int) -> samples.Row:
    return (f"r{size}{lineage[-9:]}", size, "upper", "99.00", 1, lineage)


CHLOROPLAST = f"{samples.BACTERIA};9:phylum:Cyanobacteriota;10:order:Chloroplast;11:genus:Chloroplast of an alga"


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (Facts(pairs=0), "There were no reads in the input."),
        (Facts(pairs=9, kept_reads=0, trimmed_kept=0), "No read was left before the classification."),
        (Facts(to_map=5, matched=0), "No read resembles anything in the database."),
        (Facts(classified=0, unclassified=5), "Nothing was classified."),
        (Facts(pairs=9, merged=0), "No pair could be merged."),
        (Facts(pairs=100, merged=69), "Only 69 % of the pairs could be merged."),
        (Facts(counted=100, too_short=11, min_length=50), "11 % of the merged reads are shorter than 50 bases"),
        (Facts(counted=100, rare=3), "3 % of the merged reads were left out as too rare."),
        (Facts(counted=100, chimeras=11, chimera_check=True), "11 % of the merged reads look like chimeras"),
        (Facts(classified=5, unclassified=0, chimera_check=False), "Chimeras were not looked for."),
        (Facts(to_map=100, matched=79), "21 % of the reads resemble nothing in the database."),
        (Facts(matched=100, tiers={1: 79, 2: 0, 3: 21}), "21 % of the reads with a match were not used."),
        (Facts(tiers={1: 69, 2: 31, 3: 0}), "31 % of the similar reads have distant relatives only."),
        (Facts(tiers={1: 5}, classified=4, unclassified=0), "5 reads were filtered, but 4 were counted by taxon."),
        (Facts(classified=999, unclassified=0), "Only 999 reads were classified."),
        (Facts(databases=[{"name": "biomas-tiny-16s"}]), "The database biomas-tiny-16s is a small one"),
        (Facts(databases=[{"name": "ssu-heldout"}]), "The database ssu-heldout is a held-out one."),
        (Facts(quarantined={"map_amplicons": 1}), "Mapping of merged reads set 1 record aside."),
    ],
)
def test_a_rule_speaks_beyond_its_limit(facts: Facts, words: str) -> None:
    assert any(hint.what.startswith(words) for hint in hints(facts)), [hint.what for hint in hints(facts)]


@pytest.mark.parametrize(
    "facts",
    [
        Facts(),
        Facts(pairs=100, merged=70),
        Facts(counted=100, too_short=10, chimeras=10, chimera_check=True),
        Facts(to_map=100, matched=80),
        Facts(matched=100, tiers={1: 60, 2: 20, 3: 20}),
        Facts(classified=990, unclassified=10, tiers={1: 980, 2: 10, 3: 10}),
        Facts(databases=[{"name": "ssu-refseq"}]),
    ],
)
def test_within_the_limits_nothing_is_said(facts: Facts) -> None:
    assert hints(facts) == []


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([read(samples.VIBRIO, 81), read(samples.KODAK, 19)], "81 % of the classified reads are Vibrio."),
        ([read(samples.VIBRIO, 94), read(CHLOROPLAST, 6)], "6 % of the classified reads are from chloroplasts"),
        ([read(samples.VIBRIO, 49), read(samples.PROTEO, 51)], "Only 49 % of the classified reads have a genus."),
        ([read(samples.CHOLERAE, 99), read(samples.KODAK, 2)], "1 of 2 species rest on one or two reads."),
    ],
)
def test_taxa_that_strike_are_pointed_at(rows: list[samples.Row], words: str) -> None:
    tree = tree_of(*rows)
    facts = Facts(tree=tree, classified=tree.classified_reads, unclassified=0)
    assert any(hint.what.startswith(words) for hint in hints(facts)), [hint.what for hint in hints(facts)]


def test_a_contradiction_is_no_verdict_that_nothing_was_found() -> None:
    facts = Facts(tiers={1: 5}, classified=4, unclassified=0)
    advice = hints(facts)
    assert advice[0].level == "stop"
    assert verdict(facts, advice) is None
    nothing = Facts(classified=0, unclassified=5)
    assert verdict(nothing, hints(nothing)) == hints(nothing)[0]


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (Facts(), "The steps in this report left no counts."),
        (Facts(pairs=1), "1 read pair."),
        (Facts(to_map=7), "7 reads to be classified."),
        (Facts(classified=0, unclassified=0), "There were no reads to classify."),
        (Facts(classified=5, unclassified=5), "5 of 10 reads could be classified (50 %)."),
    ],
)
def test_the_sentence_says_what_is_known(facts: Facts, words: str) -> None:
    assert sentence(facts).striptags() == words


def test_the_steps_are_shares_of_the_pairs_that_went_in() -> None:
    facts = Facts(pairs=200, merged=150, to_map=180, tiers={1: 100, 2: 20, 3: 60}, classified=110, unclassified=70)
    assert [(step.value, step.share) for step in funnel(facts)] == [
        ("200", 1.0),
        ("150", 0.75),
        ("180", 0.9),
        ("120", 0.6),
        ("110", 0.55),
    ]
