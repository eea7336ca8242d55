"""Each rule of 'What to check' speaks when its limit is crossed and is silent otherwise."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metapipe.stages.report import hints as rules
from metapipe.stages.report.facts import Facts
from metapipe.stages.report.hints import hints
from metapipe.stages.report.story import funnel, sentence
from metapipe.stages.report.tiers import Sources, tiers_of

GOOD: dict[str, Any] = {
    "ran": {"trim_reads", "predict_genes", "search_proteins", "search_domains", "annotate"},
    "pairs_in": 1_000_000,
    "pairs_kept": 950_000,
    "singles": 20_000,
    "contigs": 800,
    "n50": 9_000,
    "genes": 5_000,
    "annotated": 5_000,
    "partial_genes": 600,
    "coding_share": 0.88,
    "tiers": {1: 3_500, 2: 900, 3: 600},
    "protein_search": True,
    "domain_search": True,
}


def texts(**changes: Any) -> list[str]:
    return [hint.what for hint in hints(Facts(**{**GOOD, **changes}))]


def test_a_good_result_leaves_nothing_to_check() -> None:
    assert texts() == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"pairs_in": 0, "pairs_kept": 0}, "no reads in the input"),
        ({"pairs_kept": 0, "singles": 0}, "No read survived"),
        ({"pairs_in": 99_999, "pairs_kept": 90_000}, "Only 99,999 read pairs"),
        ({"pairs_kept": 699_999}, "Only 70 % of the read pairs"),
        ({"singles": 150_001}, "lost one mate"),
        ({"reads_in": 100, "reads_with_adapter": 31}, "Adapter was cut from 31 %"),
        ({"contigs": 0, "genes": 0, "annotated": 0, "tiers": {}, "min_contig": 1000}, "No contig of at least 1,000 bp"),
        ({"n50": 1_999}, "N50 is 2.00 kb"),
        ({"genes": 0, "annotated": 0, "tiers": {}}, "No gene was found"),
        ({"partial_genes": 2_501}, "cut at a contig end"),
        ({"complete_only": True, "genes_left_out": 12}, "Only complete genes"),
        ({"coding_share": 0.64}, "of the assembled bases lie in genes"),
        ({"tiers": {3: 5_000}}, "No gene has a significant hit"),
        ({"tiers": {1: 1_000, 2: 1_499, 3: 2_501}}, "Only 50 % of the genes have a significant hit or domain"),
        ({"domain_search": False}, "Only the protein search was used"),
        ({"protein_search": False}, "Only the domain search was used"),
        ({"protein_search": False, "domain_search": False, "tiers": {3: 5_000}}, "Neither proteins nor domains were"),
        (
            {"distant": {"genes": 12, "tier_1": 5}},
            "12 genes rest on a protein hit with less than 30 % identity, 5 of them",
        ),
        ({"distant": {"genes": 1}}, "1 gene rests on a protein hit with less than 30 % identity."),
        ({"judged_by": {"GA": 900, "TC": 3, "E-value": 1}}, "Not every domain was judged by its family's gathering"),
        ({"annotated": 4_999}, "5,000 genes were predicted, but 4,999"),
        ({"quarantined": {"predict_genes": 1}}, "Gene prediction set 1 record aside"),
        ({"databases": [{"name": "tiny-proteins"}]}, "small one for trying things out"),
        ({"databases": [{"name": "marine-heldout"}]}, "held-out one"),
    ],
)
def test_a_crossed_limit_is_named_once_with_its_reason(changes: dict[str, Any], words: str) -> None:
    found = [hint for hint in hints(Facts(**{**GOOD, **changes})) if words in hint.what]
    assert len(found) == 1
    assert found[0].why


@pytest.mark.parametrize("name", ["swissprot-go", "pfam-gecco", "contest", "minimal-set", "ec-proteins"])
def test_an_ordinary_database_is_not_called_small(name: str) -> None:
    assert texts(databases=[{"name": name}]) == []


def test_only_the_first_empty_step_is_blamed() -> None:
    empty = {"pairs_kept": 0, "singles": 0, "contigs": 0, "genes": 0, "annotated": 0, "tiers": {}}
    assert [hint.level for hint in hints(Facts(**{**GOOD, **empty}))] == ["stop"]


def test_where_no_pair_reached_the_assembly_it_is_not_blamed_on_the_depth() -> None:
    empty = {"pairs_assembled": 0, "contigs": 0, "genes": 0, "annotated": 0, "tiers": {}}
    assert [hint.what for hint in hints(Facts(**{**GOOD, **empty}))] == ["No read pair was left to assemble."]


counts = st.one_of(st.none(), st.integers(0, 10**7))


@given(counts, counts, counts, counts, counts, st.dictionaries(st.integers(1, 3), st.integers(0, 10**6)))
def test_any_numbers_make_hints_a_sentence_and_a_funnel(
    pairs_in: int | None,
    pairs_kept: int | None,
    contigs: int | None,
    n50: int | None,
    genes: int | None,
    tiers: dict[int, int],
) -> None:
    facts = Facts(pairs_in=pairs_in, pairs_kept=pairs_kept, contigs=contigs, n50=n50, genes=genes, tiers=tiers)
    levels = [hint.level for hint in hints(facts)]
    assert levels == sorted(levels, key=("stop", "look", "note").index)
    assert str(sentence(facts)).endswith(".")
    assert all(step.share is None or 0 <= step.share <= 1 for step in funnel(facts))


def test_the_sentence_says_the_result_in_plain_words() -> None:
    assert sentence(Facts(**GOOD)).striptags() == (
        "From 1,000,000 read pairs: 800 contigs and 5,000 genes; for 70 % of the genes two sources, a protein hit and "
        "a domain, support a function, for another 18 % one of them does."
    )
    assert sentence(Facts(contigs=1, genes=1)).striptags() == "1 contig and 1 gene."


@pytest.mark.parametrize(
    ("proteins", "domains", "words"),
    [
        (True, False, "100 % of the genes have a significant protein hit (domains were not searched)."),
        (False, True, "100 % of the genes have a significant domain (proteins were not searched)."),
        (False, False, "neither proteins nor domains were searched, so their functions are unknown."),
    ],
)
def test_with_one_search_alone_nothing_on_the_page_speaks_of_two_sources(
    proteins: bool, domains: bool, words: str
) -> None:
    """Tier 1 of one search is one source; tier 2 of one search is below significance."""
    facts = Facts(genes=9, annotated=9, tiers={1: 9}, protein_search=proteins, domain_search=domains)
    assert str(sentence(facts).striptags()).endswith(words)
    weak = dataclasses.replace(facts, tiers={1: 4, 2: 5})
    assert weak.supported == 4
    told = [tier.meaning for tier in tiers_of(facts.sources)]
    assert not any("two" in text or "significant domain" in text for text in told if not domains)
    assert all("supported" not in step.name or facts.sources is Sources.NONE for step in funnel(facts))


def test_what_rests_on_distant_hits_and_the_rules_of_domains_are_told_in_numbers() -> None:
    distant = {"genes": 12, "tier_1": 5, "products": 9, "gene_names": 1, "ec": 4}
    (hint,) = hints(Facts(**{**GOOD, "distant": distant}))
    assert "9 product names, 1 gene name, 4 EC numbers rest on such hits" in hint.why
    (note,) = hints(Facts(**{**GOOD, "judged_by": {"GA": 900, "E-value": 1}}))
    assert "900 by its own gathering cut-off; 1 by a domain E-value of 1e-4" in note.why
    assert hints(Facts(**{**GOOD, "judged_by": {"GA": 900}})) == []


def test_every_limit_is_a_share_or_a_count() -> None:
    limits = (rules.KEPT_SHARE, rules.SINGLES_SHARE, rules.PARTIAL_SHARE, rules.SUPPORTED_SHARE, rules.CODING_SHARE)
    assert all(0 < limit < 1 for limit in limits)
