"""Free text from databases and users, made safe for every output format before any of them sees it."""

from __future__ import annotations

import re
import unicodedata

_BREAKS = re.compile(r"[\s\x00-\x1f\x7f\x80-\x9f]+")
#: Signs that look like an ASCII one, and letters that Unicode does not take apart.
_LOOKALIKES = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′ʹʼ´", "'"),
        **dict.fromkeys("“”„″«»", "''"),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        "×": "x", "→": "->", "⟶": "->", "←": "<-", "±": "+/-", "≥": ">=", "≤": "<=", "·": ".", "•": ".",
        "°": " degrees ", "®": "", "™": "", "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O",
        "ł": "l", "Ł": "L", "đ": "d", "ð": "d", "þ": "th", "ı": "i",
    }
)  # fmt: skip


def one_line(text: str) -> str:
    """Return the text with every run of white space and control characters as one space: one cell of a table."""
    return _BREAKS.sub(" ", text).strip()


def plain(text: str) -> str:
    """Return the text in printable ASCII on one line, without double quotes: INSDC's rule for the values of qualifiers.

    As :func:`ascii_line`; a double quote becomes two single ones.
    """
    return ascii_line(text).replace('"', "''")


def ascii_line(text: str) -> str:
    """Return the text in printable ASCII on one line.

    Greek letters are spelt out as protein names have them (``β-lactamase`` → ``beta-lactamase``), typographic signs
    become plain ones (``5’→3’`` → ``5'->3'``), accents are dropped; what has no ASCII form becomes ``?``.
    """
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text.translate(_LOOKALIKES))
        text = "".join(map(_spelt, decomposed)).encode("ascii", "replace").decode()
    return one_line(text)


def _spelt(letter: str) -> str:
    if letter.isascii():
        return letter
    # Signs without a shape (zero-width blanks, soft hyphens, byte-order marks) and accents.
    if unicodedata.combining(letter) or unicodedata.category(letter) == "Cf":
        return ""
    name = unicodedata.name(letter, "")
    return name.split()[-1].lower() if name.startswith("GREEK ") and " LETTER " in name else letter
