"""Locus tags: names for genes that are valid for INSDC and differ between samples."""

from __future__ import annotations

import base64
import hashlib
import re

from metapipe.formats.plain_text import plain

#: The name of a sample that was given none, and its prefix.
SAMPLE, _ITS_PREFIX = "sample", "SAMPLE"

_VALID = re.compile(r"[A-Z][A-Z0-9]{2,11}")
#: Letters of a name that stay readable, and letters that tell it from all others: 35 bits, so that among a thousand
#: samples two are the same with a chance of 1 in 70,000.
_READABLE, _TELLING = 5, 7


def locus_prefix(sample: str) -> str:
    """Return the locus tag prefix of a sample: 3 to 12 capital letters and digits, a letter first (INSDC).

    A name that is a valid prefix is the prefix. Any other gives its first letters and digits (after ``S`` where it
    begins with a digit) and a digest of all of it, so that ``1`` and ``2``, ``bay`` and ``Bay``, and long names that
    begin alike have different prefixes, the same on every run.

    >>> [locus_prefix(name) for name in ("SEA1", "001", "NorthStation_surface", "NorthStation_bottom")]
    ['SEA1', 'S001PI7GWFW', 'NORTHRZNMOET', 'NORTHP73D5V5']
    """
    if sample == SAMPLE:
        return _ITS_PREFIX
    if _VALID.fullmatch(sample) and sample != _ITS_PREFIX:
        return sample
    letters = re.sub(r"[^A-Z0-9]", "", plain(sample).upper())
    readable = letters if letters[:1].isalpha() else f"S{letters}"
    digest = base64.b32encode(hashlib.sha256(sample.encode("utf-8", "surrogatepass")).digest()).decode()
    return readable[:_READABLE] + digest[:_TELLING]


def locus_tag(prefix: str, contig_index: int, gene_number: int) -> str:
    """Return ``SAMPLE_C000012G00003``: third gene of the twelfth contig (INSDC: letters and digits after the ``_``).

    :param contig_index: 0-based position of the contig in the input.
    """
    return f"{prefix}_C{contig_index + 1:06d}G{gene_number:05d}"
