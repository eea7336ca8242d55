"""From where a FASTQ file counts its qualities: '!' (Phred+33), or '@' as Illumina's until 2011 (Phred+64)."""

from __future__ import annotations

import numpy as np

from metapipe.errors import MetapipeError
from metapipe.formats.quality_signs import BEST_64, LOWEST_64, counted_from_64

#: So many qualities without one of them are counted from 33 for sure; simulators write one quality throughout.
_PLENTY = 1 << 22


class QualityOffset:
    """Looks at the qualities of a whole file, until they show that they are counted from 33."""

    def __init__(self) -> None:
        self.is_33 = False
        self._lowest, self._highest, self._seen = 255, 0, 0

    def look_at(self, qualities: bytes) -> None:
        """Take more of the qualities, in any order."""
        if qualities:
            values = np.frombuffer(qualities, dtype=np.uint8)
            self._lowest, self._highest = min(self._lowest, int(values.min())), max(self._highest, int(values.max()))
            self._seen += len(qualities)
            self.is_33 = self._lowest < LOWEST_64 or self._highest > BEST_64[-1]
            self.is_33 |= self._seen > _PLENTY and self._highest < BEST_64[0]

    def check(self, label: str) -> None:
        """At the end of the file, refuse qualities counted from 64; a few reads that cannot tell are taken from 33.

        :raises MetapipeError: E121.
        """
        if not self.is_33 and counted_from_64(self._lowest, self._highest):
            found = f"'{chr(self._lowest)}' to '{chr(self._highest)}'"
            raise MetapipeError("E121", f"its qualities, {found}, are counted from '@' (Phred+64)", file=label)
