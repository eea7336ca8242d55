"""Bray–Curtis, principal coordinates and the clustered order: scikit-bio's numbers, and what must always hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_diversity import SAMPLES

from metapipe.taxa.dissimilarity import bray_curtis, clustered_order, principal_coordinates

#: skbio 0.7.4: beta_diversity("braycurtis", …) of the counts and of the shares, pcoa of the latter.
OF_COUNTS = [
    [0, 0.29315068, 0.83333333, 0.97101449, 0.85365854],
    [0.29315068, 0, 0.93548387, 0.98366013, 0.92857143],
    [0.83333333, 0.93548387, 0, 0.9588785, 0.7815126],
    [0.97101449, 0.98366013, 0.9588785, 0, 0.97787611],
    [0.85365854, 0.92857143, 0.7815126, 0.97787611, 0],
]
OF_SHARES_FIRST_ROW = [0, 0.28771856, 0.85799756, 0.95261096, 0.75311943]
COORDINATES = [
    [-0.41353518, -0.022663],
    [-0.4793808, 0.00852297],
    [0.38005336, -0.28527094],
    [0.285297, 0.60619267],
    [0.22756562, -0.3067817],
]
EXPLAINED = (0.51226596, 0.41041656)

tables = st.integers(2, 6).flatmap(
    lambda samples: (
        st.lists(st.lists(st.integers(0, 50), min_size=samples, max_size=samples), min_size=1, max_size=8)
        .map(np.array)
        .filter(lambda table: (table.sum(axis=0) > 0).all())
    )
)


def test_distances_are_those_of_scikit_bio() -> None:
    assert bray_curtis(SAMPLES) == pytest.approx(np.array(OF_COUNTS), abs=1e-8)
    assert bray_curtis(SAMPLES / SAMPLES.sum(axis=0))[0] == pytest.approx(np.array(OF_SHARES_FIRST_ROW), abs=1e-8)


@given(tables)
def test_distances_lie_between_0_and_1_and_are_the_same_both_ways(table: np.ndarray) -> None:
    found = bray_curtis(table)
    assert ((found >= 0) & (found <= 1)).all()
    assert (found == found.T).all()
    assert (np.diag(found) == 0).all()


@given(tables, st.data())
def test_the_order_of_the_samples_does_not_matter(table: np.ndarray, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(table.shape[1])))
    assert (bray_curtis(table[:, order]) == bray_curtis(table)[np.ix_(order, order)]).all()


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=9).filter(any), st.integers(2, 100))
def test_a_sample_of_the_same_shares_is_at_no_distance_however_large(counts: list[int], times: int) -> None:
    one = np.array(counts)
    both = np.stack([one, one * times], axis=1)
    assert bray_curtis(both / both.sum(axis=0)).max() < 1e-15


def test_samples_with_nothing_in_common_are_at_distance_1() -> None:
    assert bray_curtis(np.array([[5, 0], [0, 3]])).tolist() == [[0, 1], [1, 0]]


def test_an_empty_sample_has_no_distance() -> None:
    with pytest.raises(ValueError, match="without anything"):
        bray_curtis(np.array([[5, 0], [1, 0]]))


def test_the_map_is_that_of_scikit_bio_but_for_the_side_an_axis_points_to() -> None:
    found = principal_coordinates(bray_curtis(SAMPLES / SAMPLES.sum(axis=0)))
    expected = np.array(COORDINATES)
    assert np.abs(found.places) == pytest.approx(np.abs(expected), abs=1e-7)
    assert found.explained == pytest.approx(EXPLAINED, abs=1e-7)
    for axis in (0, 1):
        farthest = int(np.abs(found.places[:, axis]).argmax())
        assert found.places[farthest, axis] > 0


def test_a_map_keeps_distances_that_two_axes_can_show() -> None:
    points = np.array([[0, 0], [3, 0], [3, 4], [-1, 2.5]])
    apart = np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2))
    places = principal_coordinates(apart).places
    again = np.sqrt(((places[:, None] - places[None]) ** 2).sum(axis=2))
    assert again == pytest.approx(apart, abs=1e-9)


@pytest.mark.parametrize("samples", [3, 4, 7])
def test_directions_that_are_free_are_chosen_by_the_first_sample(samples: int) -> None:
    """All equally far apart: any turn of the map is as good, and the machine's own choice would not be ours."""
    apart = 1.0 - np.eye(samples)
    found = principal_coordinates(apart).places
    rest = -1 / (samples - 1)
    first = np.sqrt((samples - 1) / (2 * samples)) * np.array([1, *[rest] * (samples - 1)])
    assert found[:, 0] == pytest.approx(first, abs=1e-9)
    assert found[0, 1] == pytest.approx(0, abs=1e-9)
    assert found[1, 1] > 0


def test_equal_samples_lie_on_one_point() -> None:
    found = principal_coordinates(np.zeros((3, 3)))
    assert found.places.tolist() == [[0, 0]] * 3
    assert found.explained == (0, 0)


def test_two_samples_lie_on_one_axis() -> None:
    found = principal_coordinates(np.array([[0, 0.6], [0.6, 0]]))
    assert found.places == pytest.approx(np.array([[0.3, 0], [-0.3, 0]]))
    assert found.explained == (1, 0)


def test_neighbours_stand_together_in_the_clustered_order() -> None:
    apart = np.array([[0, 0.9, 0.1, 0.8], [0.9, 0, 0.9, 0.2], [0.1, 0.9, 0, 0.7], [0.8, 0.2, 0.7, 0]])
    assert clustered_order(apart) == [0, 2, 1, 3]


@given(tables)
def test_the_clustered_order_has_every_sample_once(table: np.ndarray) -> None:
    assert sorted(clustered_order(bray_curtis(table))) == list(range(table.shape[1]))


def test_no_and_one_sample_have_an_order() -> None:
    assert clustered_order(np.zeros((0, 0))) == []
    assert clustered_order(np.zeros((1, 1))) == [0]
