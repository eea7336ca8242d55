"""The one rule for names of mates, of reads as of files.

Two names are those of mates when they are the same, or differ only in one mate number or word at their very end:
``N/1`` and ``N/2`` (Illumina until 1.7), ``RUN.N.1`` and ``RUN.N.2`` (SRA's ``--readids``), ``N_R1``, ``N:0:1``,
``N_1``, ``N.f`` and ``N.r`` (Sanger), ``N/F``, ``N_forward`` … What tells the mates of the first pair apart must tell
those of all others apart in the same way: a name that happens to end in ``.1`` is then never cut by mistake.
"""

from __future__ import annotations

import re

#: What stands before a mate's number or word.
SEPARATORS = "/._:-"
_WORDS = (("1", "2"), ("r1", "r2"), ("read1", "read2"), ("f", "r"), ("fwd", "rev"), ("forward", "reverse"))

#: The words of first and second mates; both are written alike.
WORDS: dict[str, str] = {
    style(first): style(second) for first, second in _WORDS for style in (str.lower, str.upper, str.capitalize)
}
#: The word of the other mate, for first and second.
MATES: dict[str, str] = WORDS | {second: first for first, second in WORDS.items()}
_ENDING = re.compile(rf"[{re.escape(SEPARATORS)}]({'|'.join(MATES)})$")
#: ``1:N:0:ACGT`` at the beginning of a description (Illumina from 1.8 on), ``…/1`` at its end (ENA).
_IN_DESCRIPTION = re.compile(r"^([12]):|/([12])$")


def mark_of(name: str) -> str:
    """Return what a name ends in that may be a mate's mark, with its separator; nothing when there is none."""
    found = _ENDING.search(name)
    return found[0] if found and found.start() else ""


def marks_of(first: str, second: str) -> tuple[str, str] | None:
    """Return what tells two names of mates apart: the end of each, both empty for equal names; None if no mates.

    Either may be the first mate.
    """
    if first == second:
        return "", ""
    one, other = mark_of(first), mark_of(second)
    if not one or one[0] != other[:1] or MATES[one[1:]] != other[1:]:
        return None
    return (one, other) if first.removesuffix(one) == second.removesuffix(other) else None


def stated_mate(description: str) -> str:
    """Return the mate's number that the description of a read gives, nothing when it gives none."""
    found = _IN_DESCRIPTION.search(description)
    return (found[1] or found[2]) if found else ""
