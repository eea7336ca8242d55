"""Reading the records of a byte range that the scan has already validated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from metapipe.runner.declare.elements import Record


def _pieces(chunks: Iterable[bytes], mark: bytes) -> Iterator[list[bytes]]:
    """Split a stream at a mark, in the time of its length however long the pieces are; yield what each chunk ends."""
    rest: list[bytes] = []
    held = b""  # what may be the first half of a mark of two bytes
    for chunk in chunks:
        chunk = held + chunk
        held = mark[:1] if len(mark) == 2 and chunk.endswith(mark[:1]) else b""
        pieces = (chunk[: len(chunk) - len(held)]).split(mark)
        rest.append(pieces[0])
        if len(pieces) > 1:
            pieces[0] = b"".join(rest)
            rest = [pieces.pop()]
            yield pieces
    if held or any(rest):
        yield [b"".join(rest) + held]


def lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield lines without their ends (``\\n`` or ``\\r\\n``)."""
    for pieces in _pieces(chunks, b"\n"):
        for piece in pieces:
            yield piece[:-1] if piece.endswith(b"\r") else piece


def split_header(header: bytes) -> tuple[str, str]:
    """Split a header line (without ``>`` or ``@``) into name and description at the first blank or tab."""
    name, _, description = header.decode().replace("\t", " ").partition(" ")
    return name, description.strip()


def fasta_records(chunks: Iterable[bytes], first: int) -> Iterator[Record]:
    """Yield FASTA records; ``first`` is the index of the first one in the whole file."""
    index = first
    before_first = True
    for pieces in _pieces(chunks, b"\n>"):
        for piece in pieces:
            if before_first:
                before_first = False
                if not piece.startswith(b">"):
                    continue  # blank lines
                piece = piece[1:]
            header, _, body = piece.partition(b"\n")
            sequence = body.replace(b"\n", b"")
            if b"\r" in piece:
                header, sequence = header.removesuffix(b"\r"), sequence.replace(b"\r", b"")
            yield Record(*split_header(header), sequence, b"", index)
            index += 1


def fastq_records(chunks: Iterable[bytes], first: int) -> Iterator[Record]:
    """Yield FASTQ records; ``first`` is the index of the first one in the whole file."""
    index = first
    waiting: list[bytes] = []
    for pieces in _pieces(chunks, b"\n"):
        waiting += pieces
        whole = len(waiting) // 4 * 4
        for header, sequence, qualities in zip(waiting[:whole:4], waiting[1:whole:4], waiting[3:whole:4], strict=True):
            if header.endswith(b"\r"):
                header, sequence, qualities = header[:-1], sequence.removesuffix(b"\r"), qualities.removesuffix(b"\r")
            if not header:
                return
            yield Record(*split_header(header[1:]), sequence, qualities, index)
            index += 1
        waiting = waiting[whole:]


def table_records(chunks: Iterable[bytes], first: int) -> Iterator[Record]:
    """Yield the rows of a table without header line; ``first`` is the index of the first one in the whole file."""
    for index, row in enumerate(filter(None, lines(chunks)), first):
        yield Record(row.partition(b"\t")[0].decode(), "", row, b"", index)


#: How the records of each form are read.
READERS: dict[str, Callable[[Iterable[bytes], int], Iterator[Record]]] = {
    "fasta": fasta_records,
    "fastq": fastq_records,
    "table": table_records,
}
