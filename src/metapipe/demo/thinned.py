"""A smaller copy of reads: every so many-th record, so that both mates of a pair stay or go together."""

from __future__ import annotations

import gzip
from itertools import islice
from pathlib import Path

from metapipe.demo.reads import write_gzip


def thin_reads(source: Path, target: Path, every: int) -> None:
    """Write every ``every``-th record of a gzip FASTQ file, from the first on; ``target`` is whole or not there."""
    kept = bytearray()
    with gzip.open(source, "rb") as lines:
        while record := list(islice(lines, 4)):
            kept += b"".join(record)
            for _ in islice(lines, 4 * (every - 1)):
                pass
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}")
    write_gzip(fresh, bytes(kept))
    fresh.replace(target)
