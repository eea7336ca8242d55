"""What a file is that is neither plain text nor gzip: its name and what to do, instead of a dump of its bytes."""

from __future__ import annotations

from metapipe.formats import gzip_files

#: UTF-8's byte-order mark, which Windows editors put before the text.
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
#: Bytes from the beginning of a file that tell all formats below apart.
ENOUGH = 512
_TAR_MAGIC = slice(257, 262)

_GIVE = "give the file inside, plain or gzip"
_FORMATS: tuple[tuple[bytes, str], ...] = (
    (b"BZh", f"a bzip2 archive; unpack it with bunzip2 and {_GIVE}"),
    (b"\xfd7zXZ\0", f"an xz archive; unpack it with unxz and {_GIVE}"),
    (b"\x28\xb5\x2f\xfd", f"a Zstandard archive; unpack it with unzstd and {_GIVE}"),
    (b"\x04\x22\x4d\x18", f"an LZ4 archive; unpack it with unlz4 and {_GIVE}"),
    (b"\x1f\x9d", f"an archive of compress; unpack it with uncompress and {_GIVE}"),
    (b"PK\3\4", f"a zip archive (or a document of Word or Excel); unpack it with unzip and {_GIVE}"),
    (b"7z\xbc\xaf\x27\x1c", f"a 7-Zip archive; unpack it and {_GIVE}"),
    (b"Rar!\x1a\x07", f"a RAR archive; unpack it and {_GIVE}"),
    (gzip_files.MAGIC, "packed with gzip twice; unpack it once with gunzip"),
    (b"NCBI.sra", "an SRA archive; convert it with fasterq-dump"),
    (b"BAM\1", "a BAM file; convert it with samtools fastq"),
    (b"CRAM", "a CRAM file; convert it with samtools fastq"),
    (b"\x89HDF\r\n", "an HDF5 file; convert it to text first"),
    (b"%PDF-", "a PDF document; save its content as plain text"),
    (b"{\\rtf", "a document of a word processor (RTF); save it as plain text"),
    (b"\xff\xfe", "text in UTF-16; save it as UTF-8"),
    (b"\xfe\xff", "text in UTF-16; save it as UTF-8"),
)
_PAGES = (b"<!doctype html", b"<html")


def foreign_format(start: bytes) -> str | None:
    """Say what the file is whose content begins so, once gunzipped if it is gzip; None when it may be plain text.

    :param start: its first bytes, at least :data:`ENOUGH` if it has as many.
    """
    for magic, words in _FORMATS:
        if start.startswith(magic):
            return words
    if start[_TAR_MAGIC] == b"ustar":
        return f"a tar archive; unpack it with tar -xf and {_GIVE}"
    if start[:ENOUGH].lstrip().lower().startswith(_PAGES):
        return "a web page, perhaps the error message of a download; fetch the file again"
    return None
