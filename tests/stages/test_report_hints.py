"""Each rule of 'What to check' speaks when its limit is crossed and is silent otherwise."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metapipe.stages.reporting import hints as rules
from metapipe.stages.reporting.facts import Facts
from metapipe.stages.reporting.hints import hints
from metapipe.stages.reporting.story import funnel, sentence

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
        ({"tiers": {1: 1_000, 2: 1_499, 3: 2_501}}, "Only 50 % of the genes have a supported function"),
        ({"domain_search": False}, "Only the protein search was used"),
        ({"protein_search": False}, "Only the domain search was used"),
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
        "From 1,000,000 read pairs: 800 contigs and 5,000 genes; 70 % of the genes have a well-supported function, "
        "another 18 % are supported by one source."
    )
    assert sentence(Facts(contigs=1, genes=1)).striptags() == "1 contig and 1 gene."


def test_every_limit_is_a_share_or_a_count() -> None:
    limits = (rules.KEPT_SHARE, rules.SINGLES_SHARE, rules.PARTIAL_SHARE, rules.SUPPORTED_SHARE, rules.CODING_SHARE)
    assert all(0 < limit < 1 for limit in limits)
