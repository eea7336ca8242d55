"""GFF3: one feature per line, and the genes of this pipeline as CDS features.

Rules: Generic Feature Format version 3 (Sequence Ontology, version 1.26). Coordinates are 1-based and closed; reserved
letters are percent-encoded, with a wider set of letters in column 1 than in column 9.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import BinaryIO, NoReturn, cast
from urllib.parse import unquote

from metapipe.errors import MetapipeError
from metapipe.formats.gzip_files import is_gzip
from metapipe.formats.table_rows import is_count

VERSION_LINE = "##gff-version 3\n"

_NOT_IN_SEQID = re.compile(r"[^a-zA-Z0-9.:^*$@!+_?|-]")
_NOT_IN_COLUMN = re.compile(r"[\x00-\x1f\x7f%\u0085\u2028\u2029]")
_NOT_IN_TAG = re.compile(r"[\x00-\x20\x7f%;=&,\u0085\u2028\u2029]")
_NOT_IN_ATTRIBUTE = re.compile(r"[\x00-\x1f\x7f%;=&,\u0085\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Feature:
    """One line of GFF3.

    :param start: first base, 1-based, on the forward strand whatever ``strand`` says.
    :param end: last base, 1-based, inside the feature.
    :param strand: ``+``, ``-``, ``.`` (no strand) or ``?`` (unknown).
    :param phase: bases to skip from the feature's 5' end to the next codon; only for CDS.
    :param attributes: tag → values, decoded, in the order of the file.
    """

    seqid: str
    source: str
    type: str
    start: int
    end: int
    score: float | None = None
    strand: str = "."
    phase: int | None = None
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


# ---------------------------------------------------------------------------------------------------- writing


def _encode(text: str, reserved: re.Pattern[str]) -> str:
    return reserved.sub(lambda letter: "".join(f"%{byte:02X}" for byte in letter[0].encode()), text)


def encode_seqid(name: str) -> str:
    """Encode a sequence name for column 1."""
    return _encode(name, _NOT_IN_SEQID)


def sequence_region(name: str, length: int) -> str:
    """Return the directive that states a contig's name and length (bases)."""
    return f"##sequence-region {encode_seqid(name)} 1 {length}\n"


def format_feature(feature: Feature) -> str:
    """Return the feature as one line with its line break. Attributes without any value are left out."""
    attributes = ";".join(
        f"{_encode(tag, _NOT_IN_TAG)}={','.join(_encode(value, _NOT_IN_ATTRIBUTE) for value in values)}"
        for tag, values in feature.attributes.items()
        if values
    )
    columns = (
        encode_seqid(feature.seqid),
        _encode(feature.source, _NOT_IN_COLUMN) or ".",
        _encode(feature.type, _NOT_IN_COLUMN),
        str(feature.start),
        str(feature.end),
        "." if feature.score is None else repr(feature.score),
        feature.strand,
        "." if feature.phase is None else str(feature.phase),
        attributes or ".",
    )
    return "\t".join(columns) + "\n"


# ---------------------------------------------------------------------------------------------------- reading


def parse_feature(text: str, *, file: str | PathLike[str] | None = None, line: int | None = None) -> Feature:
    """Read one feature line (without its line break).

    :raises MetapipeError: E111 when the line is not GFF3.
    """

    def refuse(expected: str, found: str) -> NoReturn:
        raise MetapipeError("E111", file=file, line=line, expected=expected, found=found)

    columns = text.split("\t")
    if len(columns) != 9:
        refuse("9 columns separated by tabs", text)
    seqid, source, kind, start, end, score, strand, phase, attributes = columns
    if not (is_count(start) and is_count(end) and 0 < int(start) <= int(end)):
        refuse("two positions, the first not above the second, counted from 1", f"{start} {end}")
    if strand not in ("+", "-", ".", "?"):
        refuse("a strand: '+', '-', '.' or '?'", strand)
    if phase not in ("0", "1", "2", "."):
        refuse("a phase: 0, 1, 2 or '.'", phase)
    try:
        number = None if score == "." else float(score)
    except ValueError:
        refuse("a number or '.' as score", score)
    tags: dict[str, tuple[str, ...]] = {}
    for pair in attributes.split(";") if attributes != "." else ():
        if not pair.strip(" "):
            continue
        tag, equals, values = pair.lstrip(" ").partition("=")
        if not equals:
            refuse("attributes as tag=value", pair)
        tags[unquote(tag)] = tuple(unquote(value) for value in values.split(","))
    return Feature(
        seqid=unquote(seqid),
        source=unquote(source),
        type=unquote(kind),
        start=int(start),
        end=int(end),
        score=number,
        strand=strand,
        phase=None if phase == "." else int(phase),
        attributes=tags,
    )


def read_features(path: Path, *, label: str | None = None) -> Iterator[tuple[int, Feature]]:
    """Yield ``(line number, feature)`` of a GFF3 file, plain or gzip, up to its end or its ``##FASTA`` line.

    :param label: file name as the user knows it, for messages.
    :raises MetapipeError: E111 with file and line.
    """
    file = label or path.name
    with path.open("rb") as raw:
        stream = cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if is_gzip(path) else raw
        for line, content in enumerate(stream, 1):
            try:
                text = content.decode().rstrip("\r\n")
            except UnicodeDecodeError:
                raise MetapipeError("E111", file=file, line=line, expected="UTF-8 text", found=content) from None
            if text.startswith("##FASTA"):
                return
            if text.strip() and not text.startswith("#"):
                yield line, parse_feature(text, file=file, line=line)
