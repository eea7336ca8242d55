"""The one rule for letters of reads and contigs that stand for no base, or for RNA's."""

from __future__ import annotations

from metapipe.formats.called_bases import called_bases


def test_programs_are_given_five_letters_only() -> None:
    every = bytes(range(256))
    assert set(called_bases(every)) == set(b"ACGTN")
    assert called_bases(b"ACGTUNacgtunRYK.-") == b"ACGTTNACGTTNNNNNN"
