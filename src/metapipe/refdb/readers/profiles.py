"""HMMER3 profiles as they are published: one file, text or binary, plain or gzip, or an archive of such files."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from metapipe.errors import MetapipeError
from metapipe.proteins.hmm_families import EVALUE, GATHERING, TRUSTED, rule_of
from metapipe.refdb.readers.proteins import clean_text
from metapipe.refdb.readers.text_files import open_bytes

#: By what a family's hits are judged, in the order in which the rules are asked for.
RULES = (GATHERING, TRUSTED, EVALUE)
_ENDINGS = (".hmm", ".h3m", ".hmm.gz", ".lib")


@dataclass(frozen=True)
class Profile:
    """One profile with what its head says.

    :param accession: as given, with its version (``PF00005.30``); the name where there is none.
    :param family: the accession without its version.
    :param rule: one of :data:`RULES`.
    :param hmm: pyhmmer's HMM.
    """

    accession: str
    name: str
    description: str
    rule: str
    hmm: Any

    @property
    def family(self) -> str:
        """The accession without its version: ``PF00001`` of ``PF00001.26``."""
        return self.accession.partition(".")[0]


def read_profiles(path: Path) -> Iterator[Profile]:
    """Yield the profiles of a file, in its order.

    :raises MetapipeError: E101 not HMMER3 profiles, E107 a name or accession that stands twice (of which of the two a
        hit is, nobody could tell), E204 profiles of nucleotides, E201 no such file, E104 and E105 a compressed file
        that is cut or damaged.
    """
    names, accessions = set[str](), set[str]()
    for label, line, hmm in _hmms(path):
        try:
            name, accession, description = _text(hmm.name), _text(hmm.accession), _text(hmm.description)
        except UnicodeDecodeError as error:
            expected = "UTF-8 text in NAME, ACC and DESC"
            raise MetapipeError("E101", file=label, line=line, expected=expected, found=error.object) from None
        if not hmm.alphabet.is_amino():
            found = f"{hmm.alphabet.type} in {name}"
            expected = "profiles of proteins (ALPH amino)"
            raise MetapipeError("E204", file=label, line=line, expected=expected, found=found)
        accession = clean_text(accession or name)
        for seen, word, what in ((names, clean_text(name), "NAME"), (accessions, accession, "ACC")):
            if word in seen:
                expected = f"every {what} once"
                raise MetapipeError("E107", file=label, line=line, expected=expected, found=word)
            seen.add(word)
        yield Profile(accession, name, description, rule_of(hmm.cutoffs), hmm)


def _hmms(path: Path) -> Iterator[tuple[str, int | None, Any]]:
    """Name of the file, line of the profile's NAME (None in binary files), pyhmmer's HMM."""
    for label, line, content in profile_texts(path):
        yield from ((label, line, hmm) for hmm in parse_profiles(content, label, line))


def profile_texts(path: Path) -> Iterator[tuple[str, int | None, bytes]]:
    """Name of the file, line of the profile's NAME, its text; of a binary file its whole content, without a line.

    :raises MetapipeError: E201 no such file, E104 and E105 a compressed file that is cut or damaged.
    """
    if not path.is_file():
        raise MetapipeError("E201", file=path)
    if not _is_tar(path):
        with open_bytes(path) as stream:
            yield from _texts_of(stream, path.name)
        return
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                content = archive.extractfile(member)
                if content is not None and member.name.lower().endswith(_ENDINGS):
                    with content:
                        yield from _texts_of(io.BytesIO(content.read()), member.name)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise MetapipeError("E105", f"cannot be unpacked: {error}", file=path) from error


def _texts_of(stream: BinaryIO | io.BufferedReader, label: str) -> Iterator[tuple[str, int | None, bytes]]:
    head = stream.read(6)
    if head.removeprefix(b"\xef\xbb\xbf")[:3] != b"HMM"[: len(head)] or len(head) < 6:
        # HMMER's binary files begin with a number in the byte order of the machine that wrote them.
        yield label, None, head + stream.read()
        return
    for line, text in _text_profiles(head, stream):
        yield label, line, text


def _text_profiles(head: bytes, stream: BinaryIO | io.BufferedReader) -> Iterator[tuple[int, bytes]]:
    """Line of the name and text of each profile: up to its line ``//``."""
    lines, named = [], 0
    rest = iter(stream)
    first = head.removeprefix(b"\xef\xbb\xbf") + next(rest, b"")
    number, line = 1, first
    while line:
        lines.append(line)
        if line.startswith(b"NAME"):
            named = number
        if line.rstrip() == b"//":
            yield named or number, b"".join(lines)
            lines, named = [], 0
        number, line = number + 1, next(rest, b"")
    if b"".join(lines).strip():
        yield named or number - 1, b"".join(lines)


def parse_profiles(content: bytes, label: str, line: int | None) -> list[Any]:
    """pyhmmer's HMMs of a text.

    :raises MetapipeError: E101. Damaged text may end the process, see :mod:`metapipe.refdb.readers.profile_probe`.
    """
    from pyhmmer.errors import AlphabetMismatch
    from pyhmmer.plan7 import HMMFile

    try:
        with HMMFile(io.BytesIO(content), db=False) as file:
            # All at once: pyhmmer aborts when a file-like object is given up half read.
            found = list(file)
    except (ValueError, EOFError, AlphabetMismatch) as error:
        raise MetapipeError("E101", "not a file of HMMER3 profiles", file=label, line=line) from error
    return found


def _is_tar(path: Path) -> bool:
    try:
        return tarfile.is_tarfile(path)
    except (EOFError, OSError):
        return False


def _text(value: bytes | str | None) -> str:
    # Names are bytes up to pyhmmer 0.10 and text from 0.11 on.
    return value.decode() if isinstance(value, bytes) else value or ""
