"""Handing over results: outputs appear whole and all together at the very end, or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from metapipe.errors import MetapipeError
from metapipe.runner.blocks.block import Block
from metapipe.runner.blocks.whole_files import written_beside
from metapipe.runner.declare.merge import MergeRule


def check_targets(targets: Mapping[str, Path], sources: Sequence[Path]) -> None:
    """Check before anything runs that every file can be written where it is wanted.

    :param targets: what it is (for the message) -> where it goes. :param sources: files that must not be overwritten.
    :raises MetapipeError: E501 for a place that cannot be written, E701 for one used twice.
    """
    seen: dict[str, str] = {os.path.realpath(path): "an input" for path in sources}
    for what, path in targets.items():
        real = Path(os.path.realpath(path))
        if real.exists() and not real.is_file():
            # Renaming onto it would replace the device or fail at the very end.
            raise MetapipeError("E501", "a folder or device, not a regular file", file=path)
        if not real.parent.is_dir():
            raise MetapipeError("E501", "the folder does not exist", file=path)
        if not os.access(real.parent, os.W_OK):
            raise MetapipeError("E501", "the folder is not writable", file=path)
        if str(real) in seen:
            raise MetapipeError("E701", f"{what} is the same file as {seen[str(real)]}", file=path)
        seen[str(real)] = what


class Delivery:
    """All results of a run: first written beside their places, then put there one after the other by ``hand_over``.

    What has not been handed over at the end of the ``with`` is removed. Every method raises E501 for the disk's errors.
    """

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._written: dict[Path, tuple[Path, Path]] = {}

    def __enter__(self) -> Delivery:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def merge(self, rules: Mapping[str, MergeRule], parts: Sequence[Path], targets: Mapping[str, Path]) -> None:
        """Merge the parts' outputs; :param parts: their folders in input order, each with one file per output."""
        for name, target in targets.items():
            with self._beside(target) as file:
                rules[name].merge([part / name for part in parts], file)

    def write(self, target: Path, content: bytes) -> None:
        """Write an output that is not merged from parts; it appears with the others."""
        with self._beside(target) as file:
            file.write(content)

    def written(self, target: Path) -> Path:
        """Where the content for ``target`` is for now."""
        return self._written[target][0]

    def hand_over(self) -> None:
        """Put every file in its place, in the order written; when one cannot be, take back those before it."""
        done: list[Path] = []
        for target, (temporary, real) in self._written.items():
            try:
                os.replace(temporary, real)
            except OSError as error:
                for path in done:
                    path.unlink(missing_ok=True)
                raise MetapipeError("E501", f"cannot write ({error.strerror})", file=target) from error
            done.append(real)

    @contextlib.contextmanager
    def _beside(self, target: Path) -> Iterator[BinaryIO]:
        real = Path(os.path.realpath(target))
        try:
            file, temporary = self._stack.enter_context(written_beside(real))
            yield file
            file.flush()
        except OSError as error:
            raise MetapipeError("E501", f"cannot write ({error.strerror})", file=target) from error
        self._written[target] = (temporary, real)


def quarantined_text(blocks: Sequence[Block]) -> bytes:
    """The records of the blocks given up on as they stand in the input, mates one after the other."""
    text = b""
    for block in sorted(blocks, key=lambda block: block.key):
        for extent in block.ranges:
            record = b"".join(extent.chunks())
            text += record if record.endswith(b"\n") else record + b"\n"
    return text
