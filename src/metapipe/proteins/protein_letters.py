"""Proteins as search programs and flat files take them: the 26 letters of the alphabet and nothing else."""

from __future__ import annotations

_ALLOWED = bytes(range(ord("A"), ord("Z") + 1))
# Lower case (soft masking) is not masking to a protein search; gaps, stops and anything odd become "any residue".
_CLEAN = bytes(
    letter if letter in _ALLOWED else letter - 32 if ord("a") <= letter <= ord("z") else ord("X")
    for letter in range(256)
)


def clean_protein(sequence: bytes) -> bytes:
    """Return the protein in upper case, without its final stops, every letter outside A–Z replaced by ``X``.

    HMMER refuses gaps and stops, and ``/translation`` may hold neither; all of A–Z are amino acid codes (IUPAC and
    U, O, J). Positions stay those of the protein given, so that coordinates of hits do.
    """
    return sequence.rstrip(b"*").translate(_CLEAN)
