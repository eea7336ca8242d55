"""Reference sequences of marker genes, read from FASTA."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.refdb.readers.proteins import read_records

_BASES = re.compile(r"[^ACGTRYSWKMBDHVN]")


#: Letters that no nucleotide code has.
_PROTEIN = re.compile(r"[EFILPQZJOX]")


@dataclass(frozen=True)
class Reference:
    """One sequence: its name (the header's first word), the whole header, its bases in upper case, T for U.

    :param line: line of the header in its file.
    """

    name: str
    header: str
    sequence: str
    line: int


def read_references(path: Path) -> list[Reference]:
    """Read a nucleotide FASTA file, plain or gzip. Gaps of an alignment (``-`` and ``.``) are taken out.

    A name may stand twice: the headers may hold better ones, see :func:`check_names`.

    :raises MetapipeError: E101 not FASTA or a record without name or sequence, E108 empty, E109 a letter that is no
        base, E110 protein, E201 no such file.
    """
    if not path.is_file():
        raise MetapipeError("E201", file=path)
    found: list[Reference] = []
    for line, header, text in read_records(path):
        name = header.split()[0] if header.split() else ""
        sequence = re.sub(r"[-.\s]", "", text).upper().replace("U", "T")
        if not name or not sequence:
            raise MetapipeError("E101", file=path, line=line, expected="a name and a sequence", found=f">{header}")
        strange = _BASES.search(sequence)
        if strange is not None:
            code = "E110" if len(_PROTEIN.findall(sequence)) * 10 > len(sequence) else "E109"
            raise MetapipeError(code, file=path, line=line, expected=f"bases in {name}", found=strange[0])
        found.append(Reference(name, header, sequence, line))
    if not found:
        raise MetapipeError("E108", file=path)
    return found


def check_names(references: Iterable[Reference], fasta: Path) -> None:
    """Every name stands once, and can stand in our tables and in those of the mapper.

    :raises MetapipeError: E107, E101.
    """
    seen: dict[str, int] = {}
    for reference in references:
        name, line = reference.name, reference.line
        # SAM has meanings of its own for '*' and '='.
        if not name.isprintable() or name.split() != [name] or name in ("*", "="):
            raise MetapipeError("E101", file=fasta, line=line, expected="a name of printable letters", found=name)
        if name in seen:
            expected = f"every reference once (line {seen[name]} has it already)"
            raise MetapipeError("E107", file=fasta, line=line, expected=expected, found=name)
        seen[name] = line
