"""Reading the records of a byte range that the scan has already validated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from metapipe.runner.stage import Record


def lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield lines without their ends (``\\n`` or ``\\r\\n``)."""
    rest = b""
    for chunk in chunks:
        pieces = (rest + chunk).split(b"\n")
        rest = pieces.pop()
        for piece in pieces:
            yield piece[:-1] if piece.endswith(b"\r") else piece
    if rest:
        yield rest[:-1] if rest.endswith(b"\r") else rest


def split_header(header: bytes) -> tuple[str, str]:
    """Split a header line (without ``>`` or ``@``) into name and description at the first white space."""
    name, _, description = header.decode("utf-8", "replace").replace("\t", " ").partition(" ")
    return name, description.strip()


def fasta_records(chunks: Iterable[bytes], first: int) -> Iterator[Record]:
    """Yield FASTA records; ``first`` is the index of the first one in the whole file."""
    header: bytes | None = None
    sequence: list[bytes] = []
    index = first
    for line in lines(chunks):
        if line.startswith(b">"):
            if header is not None:
                yield Record(*split_header(header), b"".join(sequence), b"", index)
                index += 1
            header, sequence = line[1:], []
        else:
            sequence.append(line)
    if header is not None:
        yield Record(*split_header(header), b"".join(sequence), b"", index)


def fastq_records(chunks: Iterable[bytes], first: int) -> Iterator[Record]:
    """Yield FASTQ records; ``first`` is the index of the first one in the whole file."""
    source = lines(chunks)
    for index, header in enumerate(source, first):
        if not header:
            return
        sequence, _, qualities = next(source), next(source), next(source)
        yield Record(*split_header(header[1:]), sequence, qualities, index)


def base_name(name: str) -> str:
    """A mate's name without its mate suffix, as the scan hashes it."""
    return name[:-2] if name.endswith(("/1", "/2")) and len(name) > 2 else name
