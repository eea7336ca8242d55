"""META-pipe 2.x's quality rules for reads: ``AVGQUAL:20 SLIDINGWINDOW:4:15 MINLEN:75``, as Trimmomatic 0.39 reads them.

Written anew over arrays of reads; a test compares with Trimmomatic's own output. Two things differ from fastp's
``--average_qual --cut_right``: the mean is taken over the whole read *before* the window cuts it, and the cut keeps the
good bases of the first bad window up to its last good one (fastp: up to its first bad one).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metapipe.formats.read_counts import ReadBatch


@dataclass(frozen=True)
class QualityRules:
    """Thresholds: Phred scores and lengths in bases."""

    mean_quality: int = 20
    window_size: int = 4
    window_quality: int = 15
    min_length: int = 75

    def good_on_average(self, reads: ReadBatch) -> NDArray[np.bool_]:
        """Say for each read whether its mean quality is high enough."""
        sums = reads.judged_qualities().sum(axis=1, dtype=np.int64)
        enough: NDArray[np.bool_] = sums >= self.mean_quality * reads.lengths
        return enough

    def window_cut(self, reads: ReadBatch) -> NDArray[np.int64]:
        """Return for each read how many bases remain when it is cut in its first bad window.

        A window slides from the first base on; the first whose mean is too low ends the read at its last base but one,
        and bad bases at the new end go too. A read shorter than the window or bad from the start keeps nothing.
        """
        count, longest = reads.qualities.shape
        if longest < self.window_size:
            return np.zeros(count, np.int64)
        qualities = reads.judged_qualities()
        running = np.zeros((count, longest + 1), np.int32)
        np.cumsum(qualities, axis=1, out=running[:, 1:])
        windows = running[:, self.window_size :] - running[:, : -self.window_size]
        whole_windows = np.maximum(reads.lengths - self.window_size + 1, 0)
        bad = windows < self.window_size * self.window_quality
        bad |= np.arange(windows.shape[1]) >= whole_windows[:, None]
        first_bad = np.where(bad.any(axis=1), bad.argmax(axis=1), windows.shape[1])
        reach = np.where(first_bad > 0, first_bad + self.window_size - 1, 0)
        good = (qualities >= self.window_quality) & (np.arange(longest) < reach[:, None])
        last_good = longest - good[:, ::-1].argmax(axis=1)
        return np.where(good.any(axis=1), last_good, 0)

    def kept_lengths(self, reads: ReadBatch) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return for each read ``(bases kept from its start, whether its mean was too low)``; 0 for a dropped read."""
        low_mean = ~self.good_on_average(reads)
        kept = self.window_cut(reads)
        kept[(kept < self.min_length) | low_mean] = 0
        return kept, low_mean
