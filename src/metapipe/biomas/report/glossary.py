"""Fixed words of the page: what the tiers of identity mean, and words that a reader may not know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class TierWords(NamedTuple):
    """A tier of identity: number, short name, meaning."""

    number: int
    name: str
    meaning: str


def tier_words(limits: Sequence[float]) -> list[TierWords]:
    """Return the tiers for the lowest identities (per cent) of the upper and the lower tier."""
    upper, lower = (f"{limit:g}" for limit in limits)
    return [
        TierWords(
            1,
            "close relative",
            f"The best match is at least {upper} % identical (upper tier). May be named down to the species.",
        ),
        TierWords(
            2,
            "distant relative",
            f"The best match is {lower} to {upper} % identical (lower tier). Never named below the genus.",
        ),
        TierWords(
            3,
            "no relative",
            f"No match of {lower} % identity over enough of the read. Unclassified.",
        ),
    ]


GLOSSARY: tuple[tuple[str, str], ...] = (
    ("Amplicon", "A stretch of a gene that was copied by PCR, here one that tells organisms apart (16S, ITS …)."),
    ("Read pair", "The two ends of one amplicon, read by the sequencer."),
    ("Merged", "Both reads of a pair overlap and were joined into one."),
    ("Reads", "A merged read and an unmerged pair both count as one: each comes from one molecule."),
    ("Chimera", "A read joined in the PCR from pieces of two different molecules."),
    ("Taxon", "A group of organisms with a name, such as a species, a genus or a phylum."),
    (
        "Placed at a taxon",
        "When a read resembles several species equally well, it is placed at a taxon that holds most of them and few "
        "others (TANGO). Such reads count for that taxon and all above, but for none below.",
    ),
    ("Directly, in total", "Reads placed right at a taxon; reads placed there or anywhere below."),
    ("Identity", "Share of the aligned positions at which read and reference have the same base."),
)
