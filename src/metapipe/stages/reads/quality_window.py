"""META-pipe 2.x's quality rules for reads: ``AVGQUAL:20 SLIDINGWINDOW:4:15 MINLEN:75``, as Trimmomatic 0.39 reads them.

Written anew over arrays of reads; a test compares with Trimmomatic's own output. Two things differ from fastp's
``--average_qual --cut_right``: the mean is taken over the whole read *before* the window cuts it, and the cut keeps the
good bases of the first bad window up to its last good one (fastp: up to its first bad one).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metapipe.formats.byte_rows import row_sums
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
        enough: NDArray[np.bool_] = row_sums(reads.judged_qualities) >= self.mean_quality * reads.lengths
        return enough

    def window_cut(self, reads: ReadBatch) -> NDArray[np.int64]:
        """Return for each read how many bases remain when it is cut in its first bad window.

        A window slides from the first base on; the first whose mean is too low ends the read at its last base but one,
        and bad bases at the new end go too. A read shorter than the window or bad from the start keeps nothing.
        """
        kept: NDArray[np.int64] = np.where(reads.lengths >= self.window_size, reads.lengths, 0)
        if self.window_quality == 0:
            return kept
        # In a read of good bases alone no window is bad.
        qualities = reads.judged_qualities
        good_bases = row_sums((qualities >= self.window_quality).view(np.uint8))
        uneven = np.flatnonzero((good_bases < reads.lengths) & (kept > 0))
        if len(uneven):
            kept[uneven] = self._cut(qualities[uneven], reads.lengths[uneven])
        return kept

    def _cut(self, qualities: NDArray[np.uint8], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
        """Bases that remain of reads not shorter than the window, by their judged qualities."""
        longest = int(lengths.max())
        qualities = qualities[:, :longest]
        count = longest - self.window_size + 1
        if self.window_size * int(qualities.max()) < 256:
            sums: NDArray[Any] = qualities[:, :count].copy()
            for later in range(1, self.window_size):
                sums += qualities[:, later : later + count]
        else:
            running = np.zeros((len(qualities), longest + 1), np.int64)
            np.cumsum(qualities, axis=1, out=running[:, 1:])
            sums = running[:, self.window_size :] - running[:, : -self.window_size]
        bad = sums < self.window_size * self.window_quality
        bad |= np.arange(count) > (lengths - self.window_size)[:, None]
        first_bad = np.where(bad.any(axis=1), bad.argmax(axis=1), count)
        reach = np.where(first_bad > 0, first_bad + self.window_size - 1, 0)
        good = qualities >= self.window_quality
        good &= np.arange(longest) < reach[:, None]
        last_good = longest - good[:, ::-1].argmax(axis=1)
        return np.where(good.any(axis=1), last_good, 0)

    def kept_lengths(self, reads: ReadBatch) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return for each read ``(bases kept from its start, whether its mean was too low)``; 0 for a dropped read."""
        low_mean = ~self.good_on_average(reads)
        kept = self.window_cut(reads)
        kept[(kept < self.min_length) | low_mean] = 0
        return kept, low_mean
