"""Bases as every program behind a stage is given them: A, C, G, T where a base was called, N where it was not."""

from __future__ import annotations

#: Letters that stand for one base each (IUPAC, Cornish-Bowden 1985), in either case; U is RNA's T.
_CALLED = {base: base for base in "ACGT"} | {"U": "T"}
_AS_CALLED = bytes(ord(_CALLED.get(chr(letter).upper(), "N")) for letter in range(256))


def called_bases(sequence: bytes) -> bytes:
    """Return the bases in upper case, U as T, everything that does not stand for one base as N.

    Programs differ in what they make of other letters, in silence: MEGAHIT takes ``.``, U and IUPAC codes for A
    (megahit#130), FLASH for N, vsearch stops at ``.`` and ``-``, Bowtie 2 leaves them out, fastp and cutadapt see a
    mismatch. So none of them is given any.

    >>> called_bases(b"ACGTUNacgtunRYK.-")
    b'ACGTTNACGTTNNNNNN'
    """
    return sequence.translate(_AS_CALLED)
