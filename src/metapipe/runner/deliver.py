"""Handing over results: outputs appear whole and all together at the very end, or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.runner.blocks import Block
from metapipe.runner.merge import MergeRule
from metapipe.runner.report import write_whole


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


def merge_outputs(rules: Mapping[str, MergeRule], parts: Sequence[Path], targets: Mapping[str, Path]) -> None:
    """Merge the parts' outputs beside their places, then put them there.

    :param parts: folders of the parts in input order, each with one file per output.
    :raises MetapipeError: E501; then no output has appeared.
    """
    written: list[tuple[Path, Path]] = []
    target = Path()
    try:
        for name, target in targets.items():
            real = Path(os.path.realpath(target))
            temporary = real.with_name(f".{real.name[:200]}.{os.getpid()}.part")
            written.append((temporary, real))
            with temporary.open("wb") as file:
                rules[name].merge([part / name for part in parts], file)
        for temporary, real in written:
            os.replace(temporary, real)
    except OSError as error:
        raise MetapipeError("E501", f"cannot write ({error.strerror})", file=target) from error
    finally:
        for temporary, _ in written:
            temporary.unlink(missing_ok=True)


def write_quarantine(blocks: Sequence[Block], target: Path) -> None:
    """Write the records of the blocks given up on as they stand in the input, mates one after the other."""
    text = b""
    for block in sorted(blocks, key=lambda block: block.key):
        for extent in block.ranges:
            record = b"".join(extent.chunks())
            text += record if record.endswith(b"\n") else record + b"\n"
    write_whole(target, text)
