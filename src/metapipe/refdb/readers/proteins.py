"""Annotated reference proteins: one value class, and the FASTA header in which a protein database keeps them.

Header: ``>ACCESSION EC;EC~~~gene~~~product~~~GO;GO~~~taxid~~~organism``; every field but the accession may be empty.
The first three fields and their separator are those of Prokka's databases, so that its files can be read as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from metapipe.errors import MetapipeError
from metapipe.formats.plain_text import ascii_line
from metapipe.proteins.subject_titles import SEPARATOR, parse_title
from metapipe.refdb.readers.text_files import text_lines

_WIDTH = 60
_EC = re.compile(r"[1-7](\.(\d+|-)){0,3}|[1-7]\.\d+\.\d+\.n\d+")
#: Amino acids a search engine takes: the twenty, plus ambiguity codes and selenocysteine/pyrrolysine.
_NO_RESIDUE = re.compile(r"[^A-Za-z*.\s-]")
_RESIDUES = re.compile(r"[^ACDEFGHIKLMNPQRSTVWYBJZXUO]")


@dataclass(frozen=True)
class Protein:
    """One reference protein with what is known of it.

    :param ec: EC numbers of four fields, ``-`` where unknown (``3.6.1.-``).
    :param go: GO accessions, ``GO:0008652``.
    :param sequence: amino acids, upper case, without stop.
    """

    accession: str
    sequence: str
    ec: tuple[str, ...] = ()
    gene: str = ""
    product: str = ""
    go: tuple[str, ...] = ()
    taxid: str = ""
    organism: str = ""

    def header(self) -> str:
        """The FASTA header without ``>``."""
        fields = [";".join(self.ec), self.gene, self.product, ";".join(self.go), self.taxid, self.organism]
        return f"{self.accession} {SEPARATOR.join(clean_text(field) for field in fields)}"


def clean_text(text: str) -> str:
    """Make free text fit a header: one line, ASCII (Greek spelled out), no quotes that break tables, no separator.

    >>> clean_text("β-lactamase (1→4), ~7 kDa")
    'beta-lactamase (1->4), ~7 kDa'
    """
    # A field that ends in '~' would run into the separator behind it.
    return re.sub(r"~{3,}", "~~", ascii_line(text).replace('"', "'")).rstrip("~ ")


def clean_accession(text: str) -> str:
    """Make an accession one word of letters, digits and ``._-|:``."""
    return re.sub(r"[^A-Za-z0-9._|:-]+", "_", text.strip())


def clean_ec(values: Iterable[str]) -> tuple[str, ...]:
    """Keep well-formed EC numbers, filled up to four fields, sorted, each once.

    >>> clean_ec(["EC 1.1.1.1", "3.6.1", "putative"])
    ('1.1.1.1', '3.6.1.-')
    """
    kept = set()
    for value in values:
        number = value.strip().removeprefix("EC").strip(" :")
        if _EC.fullmatch(number):
            fields = number.split(".")
            kept.add(".".join(fields + ["-"] * (4 - len(fields))))
    return tuple(sorted(kept))


def clean_sequence(sequence: str) -> str:
    """Upper case, final stop removed, ``-`` of a non-ATG start read as ``M``, anything unusable as ``X``.

    The start: an initiation codon is translated as methionine whatever it codes for elsewhere, and the annotation of
    R. denitrificans writes ``-`` for 539 of them. Three of its proteins hold stops inside; HMMER refuses those.
    """
    sequence = re.sub(r"\s+", "", sequence).upper().removesuffix("*")
    if sequence.startswith("-"):
        sequence = "M" + sequence[1:]
    return _RESIDUES.sub("X", sequence)


def parse_header(header: str) -> Protein:
    """Read a header, ours or any site's (without its sequence), by :mod:`metapipe.proteins.subject_titles`."""
    accession, *description = header.split(None, 1)
    title = parse_title(description[0] if description else "")
    return Protein(
        accession=clean_accession(accession),
        sequence="",
        ec=clean_ec(title.ec),
        gene=title.gene,
        product=title.product,
        go=tuple(sorted(title.go)),
        taxid=title.taxid,
        organism=title.organism,
    )


def read_proteins(path: Path) -> Iterator[Protein]:
    """Read a protein FASTA file, plain or gzip.

    :raises MetapipeError: E101 when it is not FASTA or a record has no name, E108 when it holds no record, E109 a
        letter that is no amino acid, E122 a file of nucleotides.
    """
    # Here, not above: whoever cleans a text only (a process for each file of profiles) starts in half the time.
    import numpy as np

    from metapipe.runner.scan.fasta import ENOUGH_TO_JUDGE, are_nucleotides

    count = 0
    letters = np.zeros(256, dtype=np.int64)
    for line, header, sequence in read_records(path):
        if not header.split():
            raise MetapipeError("E101", file=path, line=line, expected="a name behind '>'", found=f">{header}")
        if strange := _NO_RESIDUE.search(sequence):
            expected = f"amino acids in {header.split()[0]}"
            raise MetapipeError("E109", file=path, line=line, expected=expected, found=strange[0])
        if letters.sum() <= ENOUGH_TO_JUDGE:
            letters += np.bincount(np.frombuffer(sequence.encode(), dtype=np.uint8), minlength=256)
        count += 1
        yield replace(parse_header(header), sequence=clean_sequence(sequence))
    if not count:
        raise MetapipeError("E108", file=path)
    if are_nucleotides(letters):
        raise MetapipeError("E122", file=path, expected="proteins", found="nucleotides")


def name_twice(path: Path) -> MetapipeError:
    """What to say of a file in which a name stands twice, perhaps only once it is clean (``a(1)`` and ``a[1]``)."""
    seen: dict[str, tuple[int, str]] = {}
    for line, header, _ in read_records(path):
        name = header.split()[0]
        accession = clean_accession(name)
        if accession in seen:
            first, twin = seen[accession]
            expected = f"every name once (line {first} has it already)"
            if name != twin:
                expected = f"another name: {twin} of line {first} becomes {accession}, too"
            return MetapipeError("E107", file=path, line=line, expected=expected, found=name)
        seen[accession] = line, name
    return MetapipeError("E107", file=path)


def write_proteins(proteins: Iterable[Protein], path: Path) -> int:
    """Write a FASTA file, 60 letters a line; return the number of records.

    :raises MetapipeError: E107 when an accession occurs twice.
    """
    seen: set[str] = set()
    with path.open("w", encoding="ascii", newline="\n") as target:
        for protein in proteins:
            if protein.accession in seen:
                raise MetapipeError("E107", file=path, found=protein.accession)
            seen.add(protein.accession)
            write_fasta(target, protein.header(), protein.sequence)
    return len(seen)


def write_fasta(target: TextIO, header: str, sequence: str) -> None:
    """Write one record, 60 letters a line."""
    lines = [sequence[start : start + _WIDTH] for start in range(0, len(sequence), _WIDTH)]
    target.write("\n".join([f">{header}", *lines]) + "\n")


def read_fasta(path: Path) -> Iterator[tuple[str, str]]:
    """Yield ``(header, sequence)`` of a FASTA file, see :func:`read_records`."""
    for _, header, sequence in read_records(path):
        yield header, sequence


def read_records(path: Path) -> Iterator[tuple[int, str, str]]:
    """Yield ``(line of the header, header, sequence)`` of a FASTA file, plain or gzip.

    :raises MetapipeError: E101 with the line when text comes before the first header.
    """
    start, header = 0, ""
    parts: list[str] = []
    for number, line in text_lines(path):
        line = line.strip()
        if line.startswith(">"):
            if start:
                yield start, header, "".join(parts)
            start, header, parts = number, line[1:].strip(), []
        elif line and not start:
            raise MetapipeError("E101", file=path, line=number, expected="a line that starts with '>'", found=line)
        else:
            parts.append(line)
    if start:
        yield start, header, "".join(parts)
