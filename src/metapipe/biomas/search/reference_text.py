"""The references of a database as one text, read part by part."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from metapipe.errors import MetapipeError
from metapipe.formats.called_bases import called_bases

#: The references in a database of kind ``amplicon``.
FASTA = "references.fasta"
_TEXT, _STARTS, _NAMES = "references.text", "starts.npy", "names.text"
#: What stands behind each reference in the text; no letter of a reference.
END = b"\n"


@dataclass(frozen=True)
class References:
    """All references, in the order of their file.

    :param text: file of their bases, A, C, G, T and N, with :data:`END` behind each. :param starts: place of the first
        base of each, and at last the text's length. :param names: of each.
    """

    text: Path
    starts: npt.NDArray[np.int64]
    names: list[bytes]

    def between(self, low: int, high: int) -> bytes:
        """Return the text from one reference up to another, by number."""
        begin, end = int(self.starts[low]), int(self.starts[high])
        with self.text.open("rb") as text:
            text.seek(begin)
            return text.read(end - begin)


def write_reference_text(database: Path, folder: Path) -> None:
    """Read a database's references and leave them in ``folder`` for :func:`read_reference_text`.

    :raises MetapipeError: E206 when there is no reference in it.
    """
    fasta, place = database / FASTA, 0
    starts: list[int] = []
    with (
        fasta.open("rb") as lines,
        (folder / _TEXT).open("wb") as text,
        (folder / _NAMES).open("wb") as names,
    ):
        for line in lines:
            if line.startswith(b">"):
                place += text.write(END) if starts else 0
                starts.append(place)
                names.write(line[1:].split(None, 1)[0] + b"\n")
            elif starts:
                place += text.write(called_bases(line.rstrip()))
        place += text.write(END) if starts else 0
    if not starts:
        raise MetapipeError("E206", file=fasta, expected="reference sequences", found="none")
    np.save(folder / _STARTS, np.array([*starts, place], np.int64))


def read_reference_text(folder: Path) -> References:
    """Return what :func:`write_reference_text` left."""
    return References(folder / _TEXT, np.load(folder / _STARTS), (folder / _NAMES).read_bytes().split(b"\n")[:-1])
