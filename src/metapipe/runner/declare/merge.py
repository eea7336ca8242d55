"""How the parts of blocks become one output file: always in ordinal order, always the same bytes."""

from __future__ import annotations

import abc
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from metapipe.runner.blocks.file_copy import append_range


class MergeRule(abc.ABC):
    """Joins parts, given in ordinal order, into ``target``."""

    @abc.abstractmethod
    def merge(self, parts: Sequence[Path], target: BinaryIO) -> None:
        """Write what the parts (files, in ordinal order) make together to ``target``, open for writing bytes."""


@dataclass(frozen=True)
class Concat(MergeRule):
    """One part after the other."""

    def merge(self, parts: Sequence[Path], target: BinaryIO) -> None:
        """Copy the parts, in the kernel where it can."""
        for part in parts:
            with part.open("rb") as source:
                append_file(source, target)


@dataclass(frozen=True)
class HeaderOnce(MergeRule):
    """Every part begins with the same header lines; keep those of the first part only.

    :param lines: number of header lines, or
    :param prefix: header lines are the leading lines that start with it (used when ``lines`` is 0).
    """

    lines: int = 1
    prefix: bytes = b"#"

    def merge(self, parts: Sequence[Path], target: BinaryIO) -> None:
        """Copy the first part whole and the others from behind their header."""
        for position, part in enumerate(parts):
            with part.open("rb") as source:
                if position:
                    source.seek(self._header_length(source))
                append_file(source, target)

    def _header_length(self, source: BinaryIO) -> int:
        if self.lines:
            for _ in range(self.lines):
                source.readline()
            return source.tell()
        end = 0
        for line in source:
            if not line.startswith(self.prefix):
                break
            end += len(line)
        return end


@dataclass(frozen=True)
class Reduce(MergeRule):
    """Each part is one JSON value; ``function`` combines two of them.

    :param finish: last touch on the combined value (e.g. a mean from two sums).
    :param write: makes the file of it, e.g. a page; default: JSON with sorted keys.
    """

    function: Callable[[Any, Any], Any]
    finish: Callable[[Any], Any] | None = None
    write: Callable[[Any], bytes] | None = None

    def merge(self, parts: Sequence[Path], target: BinaryIO) -> None:
        """Combine the parts' values from the first to the last; of no parts, an empty object."""
        values = [json.loads(part.read_bytes()) for part in parts]
        result = values[0] if values else {}
        for value in values[1:]:
            result = self.function(result, value)
        if self.finish is not None:
            result = self.finish(result)
        write = self.write or _json_text
        target.write(write(result))


def _json_text(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, indent=1).encode() + b"\n"


def add_counts(left: Any, right: Any) -> Any:
    """Sum two JSON values of the same shape: numbers add, objects add by key, lists concatenate, words must agree."""
    if isinstance(left, dict) and isinstance(right, dict):
        total, fewer = left | right, min(left, right, key=len)
        for key in fewer:  # most are in one of them alone, where a long read has a count for each of its places
            if key in left and key in right:
                total[key] = add_counts(left[key], right[key])
        return total
    if isinstance(left, list) and isinstance(right, list):
        return left + right
    if isinstance(left, int | float) and isinstance(right, int | float):
        return left + right
    if left == right:
        return left
    raise ValueError(f"cannot add {left!r} and {right!r}")


def append_file(source: BinaryIO, target: BinaryIO) -> None:
    """Append the rest of ``source`` to ``target``."""
    offset = source.tell()
    append_range(source, target, offset, os.fstat(source.fileno()).st_size - offset)
