"""Blocks: which bytes of which files a task works on. A task is sent these descriptors, never the sequences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from metapipe.runner.blocks.file_copy import append_range
from metapipe.runner.blocks.stream import changed, read_chunks


@dataclass(frozen=True)
class ByteRange:
    """A run of whole records in one file.

    :param offset: position in the file: of the first byte, or (compressed) of the gzip member that holds it.
    :param skip: uncompressed bytes to pass over after ``offset`` (compressed files only).
    :param length: uncompressed bytes.
    :param line: 1-based number of the first line, for messages.
    """

    path: str
    offset: int
    skip: int
    length: int
    compressed: bool
    line: int = 1

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes in pieces of about a mebibyte."""
        return read_chunks(Path(self.path), self.offset, self.skip, self.length, self.compressed)

    def copy_to(self, target: BinaryIO) -> None:
        """Append the bytes to a file.

        :raises MetapipeError: E201 when the file has fewer bytes than the scan found in it.
        """
        if self.compressed:
            for chunk in self.chunks():
                target.write(chunk)
            return
        with open(self.path, "rb") as source:
            copied = append_range(source, target, self.offset, self.length)
        if copied < self.length:
            raise changed(Path(self.path))


@dataclass(frozen=True)
class Block:
    """A run of records: one task's work.

    :param key: ordinal as a tuple; halves of block ``(3,)`` are ``(3, 0)`` and ``(3, 1)``, so keys sort in input order.
    :param first_record: 0-based index of its first record (pair) in the whole input.
    :param records: records, or pairs for paired input.
    :param residues: letters in all ranges.
    :param ranges: one per input file (two for pairs, none for a stage without record input).
    """

    key: tuple[int, ...]
    first_record: int
    records: int
    residues: int
    ranges: tuple[ByteRange, ...]

    @property
    def name(self) -> str:
        """File-system name of the block; sorts like ``key``."""
        return ".".join([f"{self.key[0]:06d}", *(str(part) for part in self.key[1:])])
