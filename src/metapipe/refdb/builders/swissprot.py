"""Builder ``swissprot``: proteins with GO terms from the BLAST database in which a Debian package ships them."""

from __future__ import annotations

import mmap
import re
import struct
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.refdb.readers.ontology import Term, most_special
from metapipe.refdb.readers.proteins import Protein, clean_ec, clean_sequence

# NCBIstdaa: the value of a byte is its place in this text.
_LETTERS = bytes.maketrans(bytes(range(28)), b"-ABCDEFGHIKLMNPQRSTVWXYZU*OJ")
_VISIBLE_STRING = 0x1A  # ASN.1 tag


def swissprot_proteins(
    index: Path, titles: Path, sequences: Path, terms: Mapping[str, Term], limit: int | None = None
) -> Iterator[Protein]:
    """Yield all proteins of a BLAST volume (version 4) whose titles are ``ACCESSION|GO:…,GO:…``.

    The package knows no names of proteins. EC numbers follow from the GO terms, and the name of the most special
    term, without its word *activity*, stands for the product.
    """
    special = lru_cache(maxsize=None)(lambda go: _statements(go, terms))
    for position, (title, sequence) in enumerate(read_volume(index, titles, sequences)):
        if limit is not None and position >= limit:
            return
        accession, _, listed = title.partition("|")
        go = tuple(sorted(set(listed.split(","))))
        product, ec = special(go)
        yield Protein(accession, clean_sequence(sequence), ec, "", product, go)


def read_volume(index: Path, titles: Path, sequences: Path) -> Iterator[tuple[str, str]]:
    """Yield ``(title, sequence)`` of a protein BLAST volume, format version 4.

    :raises MetapipeError: E205 when the files are of another version.
    """
    header_starts, sequence_starts = _read_index(index)
    with (
        titles.open("rb") as title_file,
        sequences.open("rb") as sequence_file,
        mmap.mmap(title_file.fileno(), 0, access=mmap.ACCESS_READ) as title_bytes,
        mmap.mmap(sequence_file.fileno(), 0, access=mmap.ACCESS_READ) as sequence_bytes,
    ):
        for number in range(len(header_starts) - 1):
            entry = title_bytes[header_starts[number] : header_starts[number + 1]]
            # One zero byte stands between sequences.
            residues = sequence_bytes[sequence_starts[number] : sequence_starts[number + 1] - 1]
            yield first_string(entry), residues.translate(_LETTERS).decode("ascii")


def first_string(entry: bytes) -> str:
    """The first VisibleString of a BER-encoded Blast-def-line-set: the title.

    >>> first_string(bytes([0x30, 0x80, 0xA0, 0x80, 0x1A, 3]) + b"abc...")
    'abc'
    """
    start = entry.index(_VISIBLE_STRING) + 1
    length, start = entry[start], start + 1
    if length & 0x80:
        # Long form: the low bits say how many bytes hold the length.
        width = length & 0x7F
        length, start = int.from_bytes(entry[start : start + width], "big"), start + width
    return entry[start : start + length].decode("ascii", "replace")


def _read_index(path: Path) -> tuple[tuple[int, ...], tuple[int, ...]]:
    content = path.read_bytes()
    version, kind = struct.unpack_from(">ii", content)
    if (version, kind) != (4, 1):
        raise MetapipeError("E205", file=path, expected="a protein BLAST volume of version 4", found=str(version))
    place = 8
    for _ in range(2):  # title and date
        (length,) = struct.unpack_from(">i", content, place)
        place += 4 + length
    (count,) = struct.unpack_from(">i", content, place)
    place += 4 + 8 + 4  # then the number of residues and the longest sequence
    offsets = struct.unpack_from(f">{2 * (count + 1)}I", content, place)
    return offsets[: count + 1], offsets[count + 1 :]


def _statements(go: tuple[str, ...], terms: Mapping[str, Term]) -> tuple[str, tuple[str, ...]]:
    special = most_special(go, terms)
    product = re.sub(r" activity(?=,|$)", "", special[0].name) if special else ""
    return product, clean_ec(number for term in special for number in term.ec)
