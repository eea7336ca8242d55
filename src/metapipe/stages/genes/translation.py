"""From a gene's bases to its protein, by NCBI's genetic codes (via Biopython's copy of them)."""

from __future__ import annotations

from functools import lru_cache
from itertools import product

from Bio.Data import CodonTable

_BASES = {
    **{letter: letter for letter in "ACGT"},
    "U": "T",
    "R": "AG",
    "Y": "CT",
    "S": "CG",
    "W": "AT",
    "K": "GT",
    "M": "AC",
    "B": "CGT",
    "D": "AGT",
    "H": "ACT",
    "V": "ACG",
    "N": "ACGT",
}


class _Codons(dict[bytes, str]):
    """Codon (upper case, IUPAC codes allowed) → amino acid; ``*`` for a stop, ``X`` when several things fit."""

    def __init__(self, table: int) -> None:
        super().__init__()
        code = CodonTable.unambiguous_dna_by_id[table]
        self._code: dict[str, str] = {**code.forward_table, **dict.fromkeys(code.stop_codons, "*")}

    def __missing__(self, codon: bytes) -> str:
        options = [_BASES.get(letter, "ACGT") for letter in codon.decode("ascii", "replace")]
        meanings = {self._code["".join(bases)] for bases in product(*options)}
        self[codon] = meanings.pop() if len(meanings) == 1 else "X"
        return self[codon]


@lru_cache
def _codons(table: int) -> _Codons:
    return _Codons(table)


def translate(nucleotides: bytes, table: int = 11, *, has_start: bool = True, has_stop: bool = True) -> bytes:
    """Return the protein of a gene given in the 5' to 3' direction of its own strand, without the final ``*``.

    :param nucleotides: whole codons, any letter case, IUPAC codes allowed; bases beyond the last codon are ignored.
    :param table: NCBI genetic code.
    :param has_start: the first codon is the start codon and reads M, whichever it is (GTG, TTG …).
    :param has_stop: the last codon is the stop codon and is left out. A codon inside that can only be a stop reads X:
        protein programs do not take ``*``.
    """
    codons, letters = _codons(table), nucleotides.upper()
    protein = [codons[letters[start : start + 3]] for start in range(0, len(letters) - 2, 3)]
    if has_stop and protein:
        protein.pop()
    if has_start and protein:
        protein[0] = "M"
    return "".join(protein).replace("*", "X").encode()
