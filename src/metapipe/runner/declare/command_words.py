"""Words of a declared command: text with placeholders such as ``{in.contigs}``."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_PLACEHOLDER = re.compile(r"(in|out|db|side|options|totals)\.([\w-]+)|(threads|memory_mb|scratch)")


@dataclass(frozen=True)
class Placeholder:
    """``{kind.name}``; ``name`` is empty for ``{threads}``, ``{memory_mb}`` and ``{scratch}``."""

    kind: str
    name: str = ""

    def __str__(self) -> str:
        return f"{{{self.kind}.{self.name}}}" if self.name else f"{{{self.kind}}}"


def parse_word(word: str) -> tuple[str | Placeholder, ...]:
    """Take a word apart into text and placeholders.

    :raises ValueError: for a brace that is neither doubled nor part of a placeholder, with a sentence.
    """
    parts: list[str | Placeholder] = []
    end = 0
    for piece in _PIECE.finditer(word):
        parts.append(word[end : piece.start()])
        parts.append(_part(piece, word))
        end = piece.end()
    parts.append(word[end:])
    return tuple(part for part in parts if part != "")


def _part(piece: re.Match[str], word: str) -> str | Placeholder:
    if piece[0] in ("{{", "}}"):
        return piece[0][0]
    found = _PLACEHOLDER.fullmatch(piece[1]) if piece[1] is not None else None
    if found is None:
        raise ValueError(
            f"{piece[0]!r} in {word!r} is no placeholder; there are {{in.NAME}}, {{out.NAME}}, {{db.NAME}}, "
            "{side.NAME}, {options.NAME}, {totals.records}, {totals.residues}, {threads}, {memory_mb} and {scratch}, "
            "and a brace itself is written twice"
        )
    return Placeholder(found[3]) if found[3] else Placeholder(found[1], found[2])


@dataclass(frozen=True)
class When:
    """Words of a command that depend on something; made by :func:`when`."""

    condition: str
    words: tuple[str, ...]


def when(condition: str, *words: str) -> When:
    """Words that are there only when a condition holds.

    :param condition: ``options.X`` holds when the flag is set, the text not empty, the number not 0; ``side.X`` and
        ``db.X`` hold when the optional file or database is given.
    """
    return When(condition, words)
