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
from metapipe.refdb.text_files import text_lines

SEPARATOR = "~~~"
_FIELDS = 6
_WIDTH = 60
_EC = re.compile(r"[1-7](\.(\d+|-)){0,3}|[1-7]\.\d+\.\d+\.n\d+")
_GO = re.compile(r"GO:\d{7}")
#: Amino acids a search engine takes: the twenty, plus ambiguity codes and selenocysteine/pyrrolysine.
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
    """Make free text fit a header: one line, ASCII, no field separator, no ``>``, no quotes that break tables."""
    text = text.encode("ascii", "replace").decode().replace('"', "'").replace(">", " ").replace("~", "-")
    return re.sub(r"[\x00-\x20\x7f]+", " ", text).strip()


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
    """Read a header back (without its sequence). Missing fields at the end are empty: Prokka's have three.

    A description without separator is taken as the product, so that any site's FASTA can be made a database.
    """
    accession, _, description = header.partition(" ")
    fields = description.split(SEPARATOR) if SEPARATOR in description else ["", "", description]
    fields = [field.strip() for field in fields] + [""] * (_FIELDS - len(fields))
    ec, gene, product, go, taxid, organism = fields[:_FIELDS]
    return Protein(
        accession=clean_accession(accession),
        sequence="",
        ec=clean_ec(ec.split(";")),
        gene=gene,
        product=product,
        go=tuple(sorted(set(_GO.findall(go)))),
        taxid=taxid,
        organism=organism,
    )


def read_proteins(path: Path) -> Iterator[Protein]:
    """Read a protein FASTA file, plain or gzip. UniProt headers (``OS= OX= GN=``) are understood too.

    :raises MetapipeError: E101 when it is not FASTA, E108 when it holds no record.
    """
    count = 0
    for header, sequence in read_fasta(path):
        protein = uniprot_header(header) or parse_header(header)
        count += 1
        yield replace(protein, sequence=clean_sequence(sequence))
    if not count:
        raise MetapipeError("E108", file=path)


def uniprot_header(header: str) -> Protein | None:
    """Read ``sp|P69905|HBA_HUMAN Hemoglobin OS=Homo sapiens OX=9606 GN=HBA1 PE=1 SV=2`` or a UniRef header
    (``UniRef50_P69905 Hemoglobin n=3 Tax=Homo sapiens TaxID=9606 RepID=HBA_HUMAN``); ``None`` for other headers."""
    accession, _, description = header.partition(" ")
    parts = re.split(r"\s(OS|OX|GN|PE|SV|n|Tax|TaxID|RepID)=", description)
    if len(parts) < 3:
        return None
    tags = dict(zip(parts[1::2], parts[2::2], strict=True))
    if not tags.keys() & {"OS", "Tax"}:
        return None
    return Protein(
        accession=clean_accession(accession),
        sequence="",
        gene=tags.get("GN", ""),
        product=parts[0].strip(),
        taxid=tags.get("OX", tags.get("TaxID", "")),
        organism=tags.get("OS", tags.get("Tax", "")),
    )


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
    """Yield ``(header, sequence)`` of a FASTA file, plain or gzip.

    :raises MetapipeError: E101 with the line when text comes before the first header.
    """
    header: str | None = None
    parts: list[str] = []
    for number, line in text_lines(path):
        line = line.rstrip()
        if line.startswith(">"):
            if header is not None:
                yield header, "".join(parts)
            header, parts = line[1:].strip(), []
        elif line and header is None:
            raise MetapipeError("E101", file=path, line=number, expected="a line that starts with '>'", found=line)
        else:
            parts.append(line)
    if header is not None:
        yield header, "".join(parts)
