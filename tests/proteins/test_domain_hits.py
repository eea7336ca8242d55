"""Which of several overlapping domains stays, and the table of domains."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metapipe.errors import MetapipeError
from metapipe.formats.table_rows import Place
from metapipe.proteins.domain_hits import DOMAIN_TABLE, DomainHit
from metapipe.stages.evidence.domain_overlaps import compete, resolve_overlaps

PLACE = Place("domains.tsv", 3)
DOMAIN = DomainHit("q", "PF00001.1", "one", "pfam:1", "First", 50.0, 1e-10, 1e-9, 11, 110, 1, 100)


@st.composite
def domain_hits(draw: st.DrawFn) -> DomainHit:
    start = draw(st.integers(1, 200))
    family = draw(st.sampled_from(["PF1", "PF2", "PF3", "PF4"]))
    return DomainHit(
        query="q",
        family=family,
        name=family,
        database="pfam:1",
        description=f"Domain {family}",
        score=round(draw(st.floats(-10, 500)), 1),
        evalue=1e-9,
        domain_evalue=float(f"{draw(st.floats(0, 1)):.2e}"),
        envelope_start=start,
        envelope_end=start + draw(st.integers(0, 80)),
        hmm_start=draw(st.integers(1, 50)),
        hmm_end=100,
        interpro={"PF2": "IPR1", "PF3": "IPR1"}.get(family, ""),
        go=("GO:0000001", "GO:0000002"),
        significant=draw(st.booleans()),
    )


@given(st.lists(domain_hits(), max_size=12), st.randoms())
def test_domains_that_stay_never_compete_and_each_that_goes_competes_with_a_better(found: list, random: object) -> None:
    kept = resolve_overlaps(found)
    assert not any(compete(one, other) for at, one in enumerate(kept) for other in kept[:at])
    for hit in found:
        if hit not in kept:
            assert any(
                compete(hit, better) and (better.significant, better.score) >= (hit.significant, hit.score)
                for better in kept
            )
    shuffled = list(found)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert resolve_overlaps(shuffled) == kept
    assert [hit.envelope_start for hit in kept] == sorted(hit.envelope_start for hit in kept)


def other(**changes: object) -> DomainHit:
    return dataclasses.replace(DOMAIN, family="PF00002.1", score=40.0, **changes)


@pytest.mark.parametrize(
    ("second", "stays"),
    [
        (other(envelope_start=111, envelope_end=200), True),
        (other(envelope_start=101, envelope_end=200), True),
        (other(envelope_start=41, envelope_end=140), False),
        (other(envelope_start=31, envelope_end=60), False),
        (other(envelope_start=110, envelope_end=200, interpro="IPR1"), True),
        (dataclasses.replace(DOMAIN, envelope_start=110, envelope_end=200, score=40.0), False),
    ],
    ids=["beside", "frayed ends", "more than half", "inside", "one residue, unrelated", "one residue, same family"],
)
def test_the_better_of_two_domains_stays_where_they_claim_the_same_place(second: DomainHit, stays: bool) -> None:
    assert (second in resolve_overlaps([second, DOMAIN])) is stays
    assert DOMAIN in resolve_overlaps([second, DOMAIN])


def test_families_of_one_interpro_entry_compete_for_a_single_residue() -> None:
    one = dataclasses.replace(DOMAIN, interpro="IPR1")
    assert resolve_overlaps([one, other(envelope_start=110, envelope_end=200, interpro="IPR1")]) == [one]


@given(domain_hits())
def test_a_row_of_the_table_reads_back_as_the_domain_it_was(hit: DomainHit) -> None:
    assert DOMAIN_TABLE.parse(DOMAIN_TABLE.format(hit), PLACE) == hit


@given(st.binary(max_size=80))
def test_any_bytes_are_a_row_or_refused_with_file_and_line(line: bytes) -> None:
    with pytest.raises(MetapipeError, match=r"METAPIPE-E111 domains\.tsv line 3"):
        DOMAIN_TABLE.parse(line, PLACE)
