"""How many kinds there are in a sample, and how even: α-diversity, and how it grows with the reads looked at.

``counts`` are the reads of each kind in one sample, whole numbers of zero or above.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_SMALL = 256  # below it, logarithms of factorials are summed; from it on, Stirling's series is exact to the last digits
_LOG_FACTORIALS = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, _SMALL)))])


@dataclass(frozen=True)
class Diversity:
    """α-diversity of one sample.

    :param reads: with a name. :param observed: kinds. :param chao1: kinds there may be, at least, with those not seen.
    :param shannon: in nats. :param simpson: 0–1, chance that two reads are of two kinds.
    :param expected: kinds to expect in ``depth`` of the reads.
    """

    reads: int
    observed: int
    chao1: float
    shannon: float
    simpson: float
    depth: int
    expected: float


def diversity(counts: Numbers, depth: int) -> Diversity:
    """Return all measures of a sample. :param depth: reads to compare it at, no more than it has."""
    return Diversity(
        reads=int(counts.sum()),
        observed=observed(counts),
        chao1=chao1(counts),
        shannon=shannon(counts),
        simpson=simpson(counts),
        depth=depth,
        expected=float(rarefied(counts, [depth])[0]),
    )


def observed(counts: Numbers) -> int:
    """Kinds with at least one read."""
    return int((counts > 0).sum())


def chao1(counts: Numbers) -> float:
    """Kinds there are at least, the unseen ones guessed from those seen once and twice; bias-corrected form.

    S + f1 (f1 − 1) / (2 (f2 + 1)): Chao 1984, Scandinavian Journal of Statistics 11:265–270; as in EstimateS, vegan
    (``estimateR``) and scikit-bio.
    """
    once, twice = int((counts == 1).sum()), int((counts == 2).sum())
    return observed(counts) + once * (once - 1) / (2 * (twice + 1))


def shannon(counts: Numbers) -> float:
    """−Σ p ln p, in nats: 0 for one kind, ln S for S even ones. Shannon 1948, Bell System Technical Journal 27:379."""
    shares = _shares(counts)
    return abs(float(-(shares * np.log(shares)).sum()))


def simpson(counts: Numbers) -> float:
    """1 − Σ p², the chance that two reads (the first put back) are of two kinds. Simpson 1949, Nature 163:688."""
    shares = _shares(counts)
    return max(float(1 - (shares**2).sum()), 0.0)


def rarefied(counts: Numbers, depths: Sequence[int]) -> Floats:
    """Kinds to expect in a random part of the reads, for each of the depths (0 … all reads).

    Exact, without drawing: Σ 1 − C(N − Nᵢ, n) / C(N, n). Hurlbert 1971, Ecology 52:577–586.
    """
    found, times = np.unique(counts[counts > 0], return_counts=True)
    total = int(found @ times)
    wanted = np.asarray(depths, dtype=np.int64)
    if wanted.size and not 0 <= wanted.min() <= wanted.max() <= total:
        raise ValueError(f"depths of 0 to {total} reads, not {wanted.min()} to {wanted.max()}")
    left = total - found[:, None] - wanted[None, :]
    missed = (
        log_factorial(total - found)[:, None]
        - log_factorial(np.maximum(left, 0))
        - log_factorial(np.array([total]))[0]
        + log_factorial(total - wanted)[None, :]
    )
    seen = np.where(left < 0, 1.0, -np.expm1(np.minimum(missed, 0.0)))
    # Every kind by itself: a sum by matrix product would round differently with another number of threads.
    return np.asarray((seen * times[:, None]).sum(axis=0))


def curve_depths(reads: int, points: int = 14) -> list[int]:
    """Depths for a rarefaction curve, dense where it bends: 1 … ``reads``, for a linear or a logarithmic axis."""
    if reads < 1:
        return []
    steps = np.concatenate([np.geomspace(1, reads, points), np.linspace(1, reads, points)])
    return sorted({int(step) for step in np.rint(steps)} | {1, reads})


def log_factorial(numbers: Numbers) -> Floats:
    """ln n! of each number of 0 or above, with an error below 1e-15 of it (Stirling's series from 256 on)."""
    large = np.maximum(numbers, _SMALL).astype(np.float64)
    series = 1 / (12 * large) - 1 / (360 * large**3) + 1 / (1260 * large**5)
    stirling = large * np.log(large) - large + 0.5 * np.log(2 * np.pi * large) + series
    return np.asarray(np.where(numbers < _SMALL, _LOG_FACTORIALS[np.minimum(numbers, _SMALL - 1)], stirling))


def _shares(counts: Numbers) -> Floats:
    present = counts[counts > 0]
    return np.asarray(present / max(int(present.sum()), 1))
