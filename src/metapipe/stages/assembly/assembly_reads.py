"""The reads as MEGAHIT is to see them."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from metapipe.formats.called_bases import called_bases
from metapipe.formats.gzip_files import is_gzip
from metapipe.runner.blocks.stream import gzip_chunks, whole_chunks
from metapipe.runner.declare.records import lines

#: What MEGAHIT 1.2.9 reads right by itself (it ends a read at N), and the line break that it takes off.
_UNDERSTOOD = b"ACGTNacgtn\n"
#: Lines looked at together.
_BATCH = 4096


def reads_for_megahit(given: Path, folder: Path, name: str) -> Path:
    """Return a file of the same reads in which every letter is A, C, G, T or N.

    MEGAHIT takes every other letter for A and says nothing (megahit#130), even the ``\\r`` of an empty read with
    Windows' line ends. The file given is used where it holds none, under a path without commas (MEGAHIT parts lists of
    files by them); else a copy, in which other letters are read as every stage reads them.

    :param given: FASTQ that was validated, plain or gzip. :param folder: where the link or the copy is made.
    """
    path = folder / f"megahit-{name}.fastq"
    if _understood(given):
        path.symlink_to(given.absolute())
        return path
    with path.open("wb") as copy, given.open("rb") as source:
        rows = lines(whole_chunks(source, given, name))
        for header, bases, plus, qualities in zip(rows, rows, rows, rows, strict=False):
            copy.write(b"%b\n%b\n%b\n%b\n" % (header, called_bases(bases), plus, qualities))
    return path


def _understood(given: Path) -> bool:
    """Whether MEGAHIT reads every line of bases right; a compressed empty one may have ended with ``\\r``."""
    with given.open("rb") as source:
        rows = islice(lines(gzip_chunks(source, given.name)) if is_gzip(given) else source, 1, None, 4)
        while batch := list(islice(rows, _BATCH)):
            if not all(batch) or b"".join(batch).translate(None, _UNDERSTOOD):
                return False
    return True
