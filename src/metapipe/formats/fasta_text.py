"""FASTA records as text, and the reverse complement of DNA."""

from __future__ import annotations

#: Letters per sequence line; the width GenBank, EMBL-EBI and NCBI tools write is 60 to 80.
LINE_WIDTH = 80

# IUPAC nucleotide codes (Cornish-Bowden 1985); lower case stays lower case, U pairs with A, anything else is kept.
_COMPLEMENT = bytes.maketrans(b"ACGTURYSWKMBDHVNacgturyswkmbdhvn", b"TGCAAYRSWMKVHDBNtgcaayrswmkvhdbn")


def format_fasta(name: str, description: str, sequence: bytes, width: int = LINE_WIDTH) -> bytes:
    """Return one FASTA record: a header line, then the sequence in lines of ``width`` letters."""
    header = f">{name} {description}" if description else f">{name}"
    lines = [header.encode()]
    lines += [sequence[start : start + width] for start in range(0, len(sequence), width)]
    return b"\n".join(lines) + b"\n"


def reverse_complement(sequence: bytes) -> bytes:
    """Return the other strand of DNA or RNA, 5' to 3', in the letter case given."""
    return sequence.translate(_COMPLEMENT)[::-1]
