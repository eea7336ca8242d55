"""Input files that are wrong in one way each, or unusual but right: what every reader of files is tested with."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from metapipe.demo.reads import write_gzip

_DNA = "ATGGCTAAAGGTCTGACCGATCGTAACGCTTACCTGGAAGCGCTGAAATCCGGTGTTTAA"
_IUPAC = "ATGNRYSWKMBDHVACGTNNNNACGUacgtn"
_PROTEIN = "MKVLAAGITGLTLPDRSEQFWYHNCKIMMEPLQRSTVWYFLIPEDK"
ODD_NAMES = (
    "plain",
    "has|bars|and.dots",
    "semi;colon;$(touch&pwned)",
    "quote'and\"double",
    "back`tick`\\slash",
    "100%_percent,comma=equals",
)


def write_input_files(reads_1: bytes, reads_2: bytes, folder: Path) -> None:
    """Write ``bad/`` (refused, each with its own code) and ``unusual/`` (accepted) below ``folder``.

    :param reads_1, reads_2: FASTQ text of mates to take a few records from.
    """
    first, second = list(_fastq_records(reads_1))[:200], list(_fastq_records(reads_2))[:200]
    bad, unusual = folder / "bad", folder / "unusual"
    bad.mkdir(parents=True, exist_ok=True)
    unusual.mkdir(parents=True, exist_ok=True)
    _write_bad_fasta(bad)
    _write_bad_fastq(bad, first, second)
    _write_bad_gzip(bad, first)
    _write_unusual(unusual, first)
    (unusual / "interleaved.fastq").write_bytes(_interleaved(first[:4], second[:4]))


def _write_bad_fasta(bad: Path) -> None:
    (bad / "not_fasta.txt").write_bytes(b"Dear colleague,\nplease find the contigs attached.\n")
    (bad / "late_header.fasta").write_bytes(f"\nACGT\n>a\n{_DNA}\n".encode())
    (bad / "no_sequence.fasta").write_bytes(f">a\n>b\n{_DNA}\n".encode())
    (bad / "duplicate_ids.fasta").write_bytes(f">a first\n{_DNA}\n>b\n{_DNA}\n>a second\n{_DNA}\n".encode())
    (bad / "protein_as_dna.fasta").write_bytes(f">p1\n{_PROTEIN}\n>p2\n{_PROTEIN[::-1]}\n".encode())
    (bad / "strange_letter.fasta").write_bytes(f">a\n{_DNA}\n>b\n{_DNA[:20]}?{_DNA[20:]}\n".encode())
    (bad / "binary.fasta").write_bytes(bytes(range(256)))
    (bad / "empty.fasta").write_bytes(b"")


def _write_bad_fastq(bad: Path, first: list[bytes], second: list[bytes]) -> None:
    (bad / "empty.fastq").write_bytes(b"")
    (bad / "not_fastq.txt").write_bytes(f">a\n{_DNA}\n".encode())
    lines = first[1].split(b"\n")
    shorter = b"\n".join([lines[0], lines[1], lines[2], lines[3][:-7], b""])
    (bad / "unequal_qualities.fastq").write_bytes(first[0] + shorter + first[2])
    (bad / "cut_record.fastq").write_bytes(first[0] + b"\n".join(lines[:2]) + b"\n")
    (bad / "duplicate_ids.fastq").write_bytes(first[0] + first[1] + first[0])
    (bad / "misordered_1.fastq").write_bytes(b"".join(first[:4]))
    (bad / "misordered_2.fastq").write_bytes(second[0] + second[2] + second[1] + second[3])
    (bad / "unpaired_1.fastq").write_bytes(b"".join(first[:4]))
    (bad / "unpaired_2.fastq").write_bytes(b"".join(second[:3]))


def _write_bad_gzip(bad: Path, first: list[bytes]) -> None:
    whole = _gzip(b"".join(first))
    (bad / "truncated.fastq.gz").write_bytes(whole[: len(whole) * 2 // 3])
    # The last eight bytes of a member are CRC-32 and length: one bit of the CRC is turned over.
    damaged = bytearray(whole)
    damaged[-8] ^= 1
    (bad / "bad_crc.fastq.gz").write_bytes(bytes(damaged))
    second_member = bytearray(_gzip(b"".join(first[100:])))
    second_member[-8] ^= 1
    (bad / "bad_crc_second_member.fastq.gz").write_bytes(_gzip(b"".join(first[:100])) + bytes(second_member))
    (bad / "not_gzip.fastq.gz").write_bytes(b"\x1f\x8b\x08 this only looks like gzip")
    write_gzip(bad / "empty.fastq.gz", b"")


def _write_unusual(unusual: Path, first: list[bytes]) -> None:
    from Bio import bgzf

    (unusual / "crlf.fasta").write_bytes(f">a windows\r\n{_DNA[:30]}\r\n{_DNA[30:]}\r\n>b\r\n{_DNA}\r\n".encode())
    (unusual / "crlf.fastq").write_bytes(b"".join(first[:4]).replace(b"\n", b"\r\n"))
    (unusual / "lowercase.fasta").write_bytes(f">a\n{_DNA.lower()}\n>b\n{_DNA[:30]}{_DNA[30:].lower()}\n".encode())
    (unusual / "iupac.fasta").write_bytes(f">a\n{_DNA}{_IUPAC}\n".encode())
    (unusual / "no_final_newline.fasta").write_bytes(f">a\n{_DNA}\n>b\n{_DNA}".encode())
    (unusual / "no_final_newline.fastq").write_bytes(b"".join(first[:4]).rstrip(b"\n"))
    odd = "".join(f">{name} with spaces; and 'quotes'\n{_DNA}\n" for name in ODD_NAMES)
    (unusual / "odd_names.fasta").write_bytes(odd.encode())
    members = [_gzip(b"".join(first[start : start + 50])) for start in range(0, 200, 50)]
    (unusual / "multi_member.fastq.gz").write_bytes(b"".join(members))
    target = io.BytesIO()
    make_writer: Any = bgzf.BgzfWriter
    writer: Any = make_writer(fileobj=target)
    for record in first:
        writer.write(record)
    writer.flush()
    # An empty block marks the end of a BGZF file (SAM specification, 4.1.2).
    (unusual / "blocked.fastq.gz").write_bytes(target.getvalue() + bgzf._bgzf_eof)


def _interleaved(first: list[bytes], second: list[bytes]) -> bytes:
    """Both mates of each pair one after the other; the first has lost its first mate, the third its second."""
    mates = [mate for pair in zip(first, second, strict=True) for mate in pair]
    return b"".join(mates[1:5] + mates[6:])


def _fastq_records(text: bytes) -> Iterator[bytes]:
    lines = text.splitlines(keepends=True)
    for start in range(0, len(lines), 4):
        yield b"".join(lines[start : start + 4])


def _gzip(content: bytes) -> bytes:
    return gzip.compress(content, compresslevel=9, mtime=0)
