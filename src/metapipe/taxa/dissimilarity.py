"""How far samples are from each other: β-diversity, a map of the distances, and an order with neighbours together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: Eigenvalues nearer to each other than this share of the largest one are one: their directions are then free.
_SAME = 1e-9


def bray_curtis(weights: npt.NDArray[np.number]) -> Floats:
    """Return the S × S distances of S samples by T kinds: Σ|a − b| / Σ(a + b); 0 the same, 1 nothing in common.

    Bray & Curtis 1957, Ecological Monographs 27:325–349. Of shares it does not see how many reads a sample has.

    :param weights: T × S, zero or above, and something in each sample.
    """
    values = np.asarray(weights, dtype=np.float64)
    sums = values.sum(axis=0)
    if not (sums > 0).all():
        raise ValueError("no distance from a sample without anything in it")
    found = np.zeros((values.shape[1],) * 2)
    for sample in range(values.shape[1]):
        apart = np.abs(values - values[:, sample : sample + 1]).sum(axis=0)
        found[sample] = apart / (sums + sums[sample])
    return np.minimum(found, 1.0)


@dataclass(frozen=True, eq=False)
class Ordination:
    """A map of S samples. :param places: S × 2. :param explained: share of the variation along both axes, 0–1."""

    places: Floats
    explained: tuple[float, float]


def principal_coordinates(distances: Floats) -> Ordination:
    """Place S ≥ 2 samples so that their distances are shown as well as two axes can (PCoA, classical scaling).

    Gower 1966, Biometrika 53:325–338. Shares are of the positive eigenvalues; Bray–Curtis may leave negative ones,
    which no map can show. The same bytes on any machine: a direction is turned so that the sample farthest out lies on
    its positive side, and where directions are free (samples equally far apart), each begins at such a sample.
    """
    squares = -0.5 * distances**2
    rows = squares.mean(axis=1, keepdims=True)
    centred = squares - rows - rows.T + squares.mean()
    values, vectors = np.linalg.eigh(centred)
    values, vectors = values[::-1], vectors[:, ::-1]
    positive = values[values > _SAME]
    places = np.zeros((len(distances), 2))
    shares = [0.0, 0.0]
    axis = 0
    while axis < min(2, len(positive)):
        group = np.flatnonzero(np.abs(values - values[axis]) <= _SAME * values[0])
        group = group[group >= axis]
        for vector in _directions(vectors[:, group], 2 - axis):
            places[:, axis] = vector * np.sqrt(values[axis])
            shares[axis] = float(values[axis] / positive.sum())
            axis += 1
    return Ordination(places, (shares[0], shares[1]))


def _directions(free: Floats, wanted: int) -> list[Floats]:
    """Up to ``wanted`` directions of a plane or space, that depend on it alone and not on how it was given."""
    projector = (free[:, None, :] * free[None, :, :]).sum(axis=2)
    found: list[Floats] = []
    for _ in range(min(wanted, free.shape[1])):
        length = np.diag(projector)
        farthest = int(np.flatnonzero(length >= length.max() - _SAME)[0])
        vector = projector[:, farthest] / np.sqrt(length[farthest])
        projector = projector - vector[:, None] * vector[None, :]
        found.append(vector)
    return found


def clustered_order(distances: Floats) -> list[int]:
    """Return the samples so that neighbours are alike: the leaves of a tree by average linkage (UPGMA).

    Sokal & Michener 1958. Of two branches that join, the one with the sample given first comes first; of several pairs
    equally near, those given first join first.
    """
    samples = len(distances)
    apart = np.array(distances, dtype=np.float64)
    np.fill_diagonal(apart, np.inf)
    leaves = [[sample] for sample in range(samples)]
    for _ in range(samples - 1):
        first, second = sorted(divmod(int(np.argmin(apart)), samples))
        one, two = len(leaves[first]), len(leaves[second])
        joined = (one * apart[first] + two * apart[second]) / (one + two)
        apart[first], apart[:, first] = joined, joined
        apart[second], apart[:, second] = np.inf, np.inf
        apart[first, first] = np.inf
        leaves[first] += leaves[second]
    return leaves[0] if leaves else []
