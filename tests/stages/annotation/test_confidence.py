"""META-pipe 1.0's confidence rules, row by row."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metapipe.proteins.domain_hits import DomainHit
from metapipe.proteins.protein_hits import ProteinHit, is_significant
from metapipe.stages.annotation.confidence import (
    Functional,
    Tier,
    Transferred,
    best_domain,
    best_hit,
    functional_level,
    tier,
    transferred_level,
)

DOMAIN = DomainHit("q", "PF00001.1", "one", "pfam:1", "First", 50.0, 1e-10, 1e-9, 11, 110, 1, 100)


def hit(identity: float, similarity: float, evalue: float = 1e-20, subject: str = "s") -> ProteinHit:
    significant = is_significant(evalue, identity, similarity)
    return ProteinHit(
        "q", subject, "db:1", identity, similarity, 90, 90, 1, 90, 1, 90, evalue, 80, significant=significant
    )


@pytest.mark.parametrize(
    ("best", "level"),
    [
        (hit(50, 0), 1),
        (hit(0, 60), 1),
        (hit(49.99, 59.99), 2),
        (hit(30, 0), 2),
        (hit(0, 40), 2),
        (hit(29.99, 39.99), 3),
        (hit(100, 100, evalue=1e-4), 3),
        (None, 4),
    ],
)
def test_transferred_levels(best: ProteinHit | None, level: int) -> None:
    assert transferred_level(best) == level


@pytest.mark.parametrize(
    ("best", "level"), [(DOMAIN, 1), (dataclasses.replace(DOMAIN, significant=False), 2), (None, 3)]
)
def test_functional_levels(best: DomainHit | None, level: int) -> None:
    assert functional_level(best) == level


@pytest.mark.parametrize(
    ("transferred", "functional", "final"),
    [
        *((t, 1, 1) for t in (1, 2)),
        *((t, 1, 2) for t in (3, 4)),
        *((t, f, 2) for t in (1, 2) for f in (2, 3)),
        *((t, f, 3) for t in (3, 4) for f in (2, 3)),
        (1, None, 1), (2, None, 1), (3, None, 2), (4, None, 3),
        (None, 1, 1), (None, 2, 2), (None, 3, 3),
        (None, None, 3),
    ],
)  # fmt: skip
def test_tiers(transferred: int | None, functional: int | None, final: int) -> None:
    given_levels = (
        None if transferred is None else Transferred(transferred),
        None if functional is None else Functional(functional),
    )
    assert tier(*given_levels) == final


def test_tiers_are_total_and_better_evidence_never_gives_a_worse_tier() -> None:
    for run_proteins, run_domains in itertools.product((True, False), repeat=2):
        levels = list(itertools.product(Transferred if run_proteins else [None], Functional if run_domains else [None]))
        for (t1, f1), (t2, f2) in itertools.product(levels, repeat=2):
            assert tier(t1, f1) in Tier
            if (t1 or 0) <= (t2 or 0) and (f1 or 0) <= (f2 or 0):
                assert tier(t1, f1) <= tier(t2, f2)


def test_the_best_hit_has_the_highest_identity_not_the_lowest_evalue() -> None:
    close, long = hit(60, 70, evalue=1e-10, subject="close"), hit(50, 80, evalue=1e-90, subject="long")
    assert best_hit([long, close]) == close


def test_a_significant_hit_is_better_than_a_closer_one_that_is_not() -> None:
    chance, real = hit(29.5, 35, subject="chance"), hit(29, 45, subject="real")
    assert best_hit([chance, real]) == real
    assert best_hit([chance]) == chance


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100), st.sampled_from([1e-3, 1e-9])), max_size=6))
def test_the_best_hit_does_not_depend_on_the_order_of_the_rows(numbers: list[tuple[int, int, float]]) -> None:
    hits = [hit(*number, subject=str(at)) for at, number in enumerate(numbers)]
    assert best_hit(hits) == best_hit(hits[::-1])


def test_the_best_domain_has_the_highest_score() -> None:
    weak = dataclasses.replace(DOMAIN, score=20.0, family="PF00000.1")
    assert best_domain([weak, DOMAIN]) == DOMAIN
    assert best_domain([]) is None
