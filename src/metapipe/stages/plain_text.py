"""Free text from databases and users, made safe for every output format before any of them sees it."""

from __future__ import annotations

import re
import unicodedata

_BREAKS = re.compile(r"[\s\x00-\x1f\x7f\x80-\x9f]+")
_LOOKALIKES = str.maketrans(
    {"‘": "'", "’": "'", "“": "''", "”": "''", "′": "'", "″": "''", "–": "-", "—": "-", "−": "-", "×": "x"}
)


def one_line(text: str) -> str:
    """Return the text with every run of white space and control characters as one space: one cell of a table."""
    return _BREAKS.sub(" ", text).strip()


def plain(text: str) -> str:
    """Return the text in printable ASCII on one line, without double quotes: INSDC's rule for the values of qualifiers.

    Greek letters are spelt out as protein names have them (``β-lactamase`` → ``beta-lactamase``), accents are dropped,
    a double quote becomes two single ones; what has no ASCII form becomes ``?``.
    """
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text.translate(_LOOKALIKES))
        text = "".join(map(_spelt, decomposed)).encode("ascii", "replace").decode()
    return one_line(text).replace('"', "''")


def _spelt(letter: str) -> str:
    if letter.isascii():
        return letter
    if unicodedata.combining(letter):
        return ""
    name = unicodedata.name(letter, "")
    return name.split()[-1].lower() if name.startswith("GREEK ") and " LETTER " in name else letter
