"""Which ranks a read of the lower tier is far from: the option's text, and what is named instead."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metapipe.errors import MetapipeError
from metapipe.taxa.main_ranks import main_ranks
from metapipe.taxa.rank_identities import RANKS, YARZA, RankIdentities, hundredths, read_thresholds
from metapipe.taxa.taxonomy import ReferenceRow, Taxonomy, TaxonRow, make_taxonomy

#: Ranks of made-up taxa: main ones, others between them, and none.
MADE_RANKS = ("superkingdom", "clade", "phylum", "class", "order", "family", "tribe", "genus", "species", "no rank")


def make(steps: list[tuple[int, str]]) -> Taxonomy:
    """Taxon i + 2 hangs on taxon ``steps[i][0] + 1``; the root comes before them."""
    rows = [TaxonRow(1, None, "no rank", "root", "", 1)]
    rows += [TaxonRow(n, above + 1, rank, f"t{n}", "", n) for n, (above, rank) in enumerate(steps, 2)]
    return make_taxonomy(rows, [ReferenceRow("r", len(rows), 1)])


def named(taxonomy: Taxonomy, taxon: int, refused: set[str]) -> int:
    """What is named instead, looked for step by step."""
    main = main_ranks(taxonomy.ranks)
    way = taxonomy.lineage(taxon)
    ranks = [main.get(taxonomy.ranks[step], "") for step in way]
    if not refused & set(ranks):
        return taxon
    first = min(place for place, rank in enumerate(ranks) if rank in refused)
    return next((step for step, rank in zip(way[:first][::-1], ranks[:first][::-1], strict=True) if rank), 0)


@st.composite
def taxonomies(draw: st.DrawFn) -> Taxonomy:
    count = draw(st.integers(0, 14))
    return make([(draw(st.integers(max(0, n - 3), n)), draw(st.sampled_from(MADE_RANKS))) for n in range(count)])


@st.composite
def limits(draw: st.DrawFn) -> dict[str, int]:
    ranks = draw(st.lists(st.sampled_from(RANKS), unique=True))
    values = sorted(draw(st.lists(st.integers(101, 10_000), min_size=len(ranks), max_size=len(ranks))), reverse=True)
    return dict(zip(sorted(ranks, key=RANKS.index), values, strict=True))


@given(taxonomy=taxonomies(), thresholds=limits(), identity=st.integers(0, 10_000))
def test_what_is_named_is_what_a_search_upwards_finds(
    taxonomy: Taxonomy, thresholds: dict[str, int], identity: int
) -> None:
    rules = RankIdentities(taxonomy, thresholds)
    refused = {rank for rank, value in thresholds.items() if identity < value}
    found = rules.reached(rules.missed(identity)).tolist()
    assert found == [named(taxonomy, taxon, refused) for taxon in range(len(taxonomy.taxids))]


@given(taxonomy=taxonomies(), thresholds=limits(), identities=st.lists(st.integers(0, 10_000), min_size=2, max_size=2))
def test_a_more_distant_read_is_never_named_lower(
    taxonomy: Taxonomy, thresholds: dict[str, int], identities: list[int]
) -> None:
    rules = RankIdentities(taxonomy, thresholds)
    far, near = (rules.reached(rules.missed(identity)).tolist() for identity in sorted(identities))
    assert all(higher in taxonomy.lineage(lower) for higher, lower in zip(far, near, strict=True))


@given(limits())
def test_a_list_of_limits_is_read_as_it_was_written(thresholds: dict[str, int]) -> None:
    text = " , ".join(f"{rank}={value / 100:.2f}" for rank, value in reversed(thresholds.items()))
    assert list(read_thresholds(text or "none").items()) == list(thresholds.items())


def test_the_default_are_the_limits_of_yarza_and_others() -> None:
    expected = {"genus": 9450, "family": 8650, "order": 8200, "class": 7850, "phylum": 7500}
    assert read_thresholds(YARZA) == expected
    assert read_thresholds(" none ") == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected ranks with per cent for --rank-identities, as genus=94.5,family=86.5, or none, found 'nothing'"),
        ("genus:94", "as genus=94.5,family=86.5, or none, found 'genus:94'"),
        ("genus=94.555", "as genus=94.5,family=86.5, or none, found 'genus=94.555'"),
        ("genus=94,", "as genus=94.5,family=86.5, or none, found 'nothing'"),
        ("species=97", "expected each of genus, family, order, class, phylum at most once in --rank-identities, found"),
        ("genus=94,genus=93", "at most once in --rank-identities, found 'genus'"),
        ("genus=0.94", "expected per cent above 1, up to 100, in --rank-identities, found 'genus=0.94'"),
        ("genus=101", "expected per cent above 1, up to 100, in --rank-identities, found 'genus=101'"),
        ("genus=80,class=90", "expected no more for class than for genus in --rank-identities, found 'genus=80,"),
    ],
)
def test_a_text_that_is_no_list_of_limits_is_refused_with_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(MetapipeError) as caught:
        read_thresholds(text)
    assert caught.value.code == "E701"
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"), [("94.49", 9449), ("100.00", 10_000), ("93", 9300), ("93.5", 9350), ("93.999", 9399)]
)
def test_identities_are_compared_as_they_are_told(text: str, value: int) -> None:
    assert hundredths(text) == value


@pytest.mark.parametrize("text", ["", "94,5", "-1", "1e1", "nan", "9٤.5", "94.5 "])
def test_what_is_no_identity_is_told_from_one(text: str) -> None:
    assert hundredths(text) is None


def test_a_rank_between_two_main_ranks_goes_with_the_narrower_of_them_or_stays() -> None:
    steps = [(0, "superkingdom"), (1, "order"), (2, "family"), (3, "tribe"), (4, "genus"), (5, "subgenus")]
    taxonomy = make(steps)
    rules = RankIdentities(taxonomy, read_thresholds("genus=94.5"))
    given_instead = [taxonomy.ranks[taxon] for taxon in rules.reached(1).tolist()]
    assert given_instead == ["no rank", "superkingdom", "order", "family", "tribe", "family", "family"]
