"""From where FASTQ counts its qualities: '!' (Phred+33), or '@' as Illumina's until 2011 (Phred+64)."""

from __future__ import annotations

#: The lowest character of a file counted from 64: Solexa's -5. What has any below is counted from 33 (vsearch's rule).
LOWEST_64 = ord(";")
#: The best quality of a file counted from 64: 21 to 42. Counted from 33 it were 52 to 73, without one below 26: no
#: sequencer writes that, and merged or consensus reads of higher quality end in '~'.
BEST_64 = range(ord("U"), ord("j") + 1)


def counted_from_64(lowest: int, highest: int) -> bool:
    """Say whether qualities between these two signs are counted from '@'; not where they may be counted from '!'."""
    return lowest >= LOWEST_64 and highest in BEST_64
