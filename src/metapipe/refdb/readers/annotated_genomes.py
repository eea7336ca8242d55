"""Genomes with their annotation, read from GenBank or FASTA source files."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from metapipe.errors import MetapipeError
from metapipe.refdb.readers.proteins import Protein, clean_accession, clean_ec, clean_sequence, read_fasta
from metapipe.refdb.readers.text_files import open_text
from metapipe.refdb.sources import SourceFile

_GO_IN_NOTE = re.compile(r"\[goid (\d{1,7})\]")
_GO_XREF = re.compile(r"GO:\d{7}")
#: What GenBank calls rRNA besides these is another RNA: "7S ribosomal RNA" is that of the signal recognition particle.
_RRNA = re.compile(r"(5|5\.8|16|18|23|28)S\b")


@dataclass(frozen=True)
class Cds:
    """One protein-coding gene.

    :param start, end: 1-based, both included, on the forward strand (as GFF3).
    :param strand: ``+`` or ``-``.
    :param spliced: the location has several parts (introns, frame shifts, across the origin) or unsure ends.
    """

    start: int
    end: int
    strand: str
    locus: str
    spliced: bool
    protein: Protein


@dataclass(frozen=True)
class AnnotatedRrna:
    """One gene of ribosomal RNA; ``start``, ``end``, ``strand`` as of :class:`Cds`. ``gene`` is its size: ``16S``."""

    start: int
    end: int
    strand: str
    gene: str


@dataclass(frozen=True)
class Genome:
    """One replicon. ``genes`` and ``rrnas`` are empty when the source has no annotation."""

    accession: str
    organism: str
    taxid: str
    sequence: str
    genes: tuple[Cds, ...]
    rrnas: tuple[AnnotatedRrna, ...] = ()


@cache
def read_genome(path: Path, source: SourceFile) -> Genome:
    """Read the record ``source.accession`` of a GenBank or FASTA file, plain or gzip.

    :raises MetapipeError: E205 when the file does not hold that record.
    """
    if any(ending in (".fasta", ".fna") for ending in path.suffixes):
        for header, sequence in read_fasta(path):
            if header.split()[0] == source.accession:
                accession = source.accession.rstrip("|").rpartition("|")[2]
                return Genome(accession, source.organism, str(source.taxid), sequence.upper(), ())
    else:
        for record in _parse_genbank(path):
            if record.id == source.accession:
                genes = tuple(_genes(record, source))
                sequence, rrnas = str(record.seq).upper(), tuple(_rrnas(record))
                return Genome(record.id, source.organism, str(source.taxid), sequence, genes, rrnas)
    raise MetapipeError("E205", file=path, expected=f"record {source.accession}", found="none")


def _parse_genbank(path: Path) -> Any:
    from Bio import SeqIO

    parse: Any = SeqIO.parse
    with open_text(path) as stream, warnings.catch_warnings():
        # Old records write their dates and locations in ways Biopython comments on; none concerns CDS features here.
        warnings.simplefilter("ignore")
        yield from parse(stream, "genbank")


def _genes(record: Any, source: SourceFile) -> list[Cds]:
    genes = []
    for feature in record.features:
        qualifiers = feature.qualifiers
        if feature.type != "CDS" or "translation" not in qualifiers or "pseudo" in qualifiers:
            continue
        text = " ".join(qualifiers.get("note", []) + qualifiers.get("function", []))
        go = {f"GO:{int(number):07d}" for number in _GO_IN_NOTE.findall(text)}
        go.update(_GO_XREF.findall(" ".join(qualifiers.get("db_xref", []))))
        locus = clean_accession(qualifiers.get("locus_tag", qualifiers.get("gene", ["unnamed"]))[0])
        protein = Protein(
            accession=clean_accession(qualifiers.get("protein_id", [locus])[0]),
            sequence=clean_sequence(qualifiers["translation"][0]),
            ec=clean_ec(qualifiers.get("EC_number", [])),
            gene=qualifiers.get("gene", [""])[0],
            product=qualifiers.get("product", [""])[0],
            go=tuple(sorted(go)),
            taxid=str(source.taxid),
            organism=source.organism,
        )
        location = feature.location
        fuzzy = type(location.start).__name__ != "ExactPosition" or type(location.end).__name__ != "ExactPosition"
        strand = "-" if location.strand == -1 else "+"
        spliced = fuzzy or len(location.parts) > 1
        genes.append(Cds(int(location.start) + 1, int(location.end), strand, locus, spliced, protein))
    return genes


def _rrnas(record: Any) -> Iterator[AnnotatedRrna]:
    for feature in record.features:
        size = _RRNA.match(feature.qualifiers.get("product", [""])[0])
        if feature.type == "rRNA" and size:
            strand = "-" if feature.location.strand == -1 else "+"
            yield AnnotatedRrna(int(feature.location.start) + 1, int(feature.location.end), strand, size[0])
