"""What a search is expected to cost follows the size of its database: the plan cuts and chooses by it."""

from __future__ import annotations

from pathlib import Path

import pytest

from metapipe.runner.declare.elements import Database
from metapipe.stages.evidence.search_domains import SearchDomains
from metapipe.stages.evidence.search_proteins import (
    COST_OF_SENSITIVITY,
    SENSITIVITIES,
    ProteinSearchOptions,
    SearchProteins,
)


def database(folder: Path, file: str, size: int) -> Database:
    folder.mkdir(exist_ok=True)
    with (folder / file).open("wb") as made:
        made.truncate(size)
    return Database("x", "1", "any", folder, "0" * 64)


@pytest.mark.parametrize(
    ("size", "measured", "load"),
    [(664_067, 1_501_564, 0.04), (9_297_209, 211_867, 0.08), (91_784_892, 18_583, 0.57)],
)
def test_the_rate_of_a_domain_search_is_near_what_was_measured(
    size: int, measured: float, load: float, tmp_path: Path
) -> None:
    found = {"hmm": database(tmp_path / "db", "profiles.h3m", size)}
    stage = SearchDomains()
    assert 0.66 < stage.rate_for(found, None) / measured < 1.1
    assert load < stage.fixed_cost_for(found, None) < 3 * load + 0.5


@pytest.mark.parametrize(
    ("size", "letters_a_second", "fixed"),
    [(62_434, 800_000 / (1.94 - 0.55), 0.20), (3_378_443, 800_000 / (13.64 - 6.24), 4.4)],
)
def test_the_rate_of_a_protein_search_is_near_what_was_measured(
    size: int, letters_a_second: float, fixed: float, tmp_path: Path
) -> None:
    found = {"proteins": database(tmp_path / "db", "proteins.dmnd", size)}
    stage, options = SearchProteins(), ProteinSearchOptions()
    assert stage.rate_for(found, options) == pytest.approx(letters_a_second, rel=0.1)
    assert stage.fixed_cost_for(found, options) == pytest.approx(fixed, rel=0.1, abs=0.1)


def test_more_sensitive_searches_are_expected_to_take_longer(tmp_path: Path) -> None:
    found = {"proteins": database(tmp_path / "db", "proteins.dmnd", 10_000_000)}
    rates = [SearchProteins().rate_for(found, ProteinSearchOptions(sensitivity=one)) for one in SENSITIVITIES]
    costs = [SearchProteins().fixed_cost_for(found, ProteinSearchOptions(sensitivity=one)) for one in SENSITIVITIES]
    assert rates == sorted(rates, reverse=True)
    assert costs == sorted(costs)
    assert set(COST_OF_SENSITIVITY) == set(SENSITIVITIES)


@pytest.mark.parametrize("stage", [SearchDomains(), SearchProteins()])
def test_without_a_file_to_look_at_the_declared_rate_holds(
    stage: SearchDomains | SearchProteins, tmp_path: Path
) -> None:
    for found in ({}, dict.fromkeys(("hmm", "proteins"), Database("x", "1", "any", tmp_path, "0" * 64))):
        assert stage.rate_for(found, stage.options()) == stage.rate  # type: ignore[arg-type]
        assert stage.fixed_cost_for(found, stage.options()) == stage.fixed_cost  # type: ignore[arg-type]
