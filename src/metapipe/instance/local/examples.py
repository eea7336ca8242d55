"""Finished histories of our own workflows, for users to look at before they run anything.

``instance/examples/NAME.tar.xz`` is a history as Galaxy exports it, made small by :func:`slim` (``scripts/examples``).
The reads are left out, because they lie in ``test-data`` and are put back when the history is imported, and so are
trimmed and merged reads, which nobody looks at.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from metapipe.digests import sha256_of
from metapipe.galaxy.pipelines import BIOMAS, METAPIPE, TAXONOMY

#: Results of the workflows that are hidden and larger than the reads.
_LEFT_OUT = re.compile(
    r"(META-pipe (check reads|trim reads|merge pairs|extract rRNA)|(Pairs|Merged|Single), |Checked single"
    r"|Trimmed single|Single reads without rRNA|BioMaS (trim unmerged|merge) pairs|Merged reads|Unique merged"
    r"|Matches of|Kept matches)"
)
_PATHS = re.compile(r"/(?:[\w.+-]+/)+")


@dataclass(frozen=True)
class Example:
    """One finished history.

    :param workflow: folder of the workflow whose results they are.
    :param name_in_archive: what the history was called where it was made. :param title: what users see.
    :param reads: its first datasets' names → files in the checkout.
    """

    archive: Path
    workflow: str
    name_in_archive: str
    title: str
    about: str
    reads: Mapping[str, str]

    def digest(self) -> str:
        """Sha256 of the archive."""
        return sha256_of(self.archive)

    def lay_out_reads(self, checkout: Path, folder: Path) -> None:
        """Put copies of its reads into a new folder, under the names they have in it."""
        folder.mkdir()
        for name, file in self.reads.items():
            shutil.copyfile(checkout / file, folder / name)

    @property
    def known_file(self) -> Path:
        """Sha256 of every result, as ``sha256sum`` writes them."""
        return self.archive.with_name(self.archive.name.replace(".tar.xz", ".sha256"))

    def known_results(self) -> dict[str, str]:
        """Return what each result has to be: file, as it is downloaded → sha256."""
        lines = self.known_file.read_text().splitlines()
        return {name: digest for digest, _, name in (line.partition("  ") for line in lines)}

    @contextmanager
    def packed(self, checkout: Path, scratch: Path) -> Iterator[Path]:
        """Make a whole archive with the reads in it; it is gone afterwards."""
        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            whole = Path(folder) / "history.tgz"
            with tarfile.open(self.archive) as slim_one, tarfile.open(whole, "w:gz", compresslevel=1) as tar:
                for member in slim_one:
                    tar.addfile(member, slim_one.extractfile(member))
                for entry in _datasets_of(self.archive):
                    if entry["name"] in self.reads:
                        tar.add(checkout / self.reads[entry["name"]], arcname=entry["file_name"])
            yield whole


def known(checkout: Path) -> list[Example]:
    """Return the examples of a checkout."""
    folder = checkout / "instance" / "examples"
    coast = {f"bay_{mate}.fastq.gz": f"test-data/reads_{mate}.fastq.gz" for mate in "12"}
    coast |= {"pier.fastq.gz": "test-data/reads_1.fastq.gz"}
    coast |= {f"reef_{mate}.fastq.gz": f"test-data/rrna/reads_{mate}.fastq.gz" for mate in "12"}
    mock = {f"station-{s}_{mate}.fastq.gz": f"test-data/amplicon/mock_{mate}.fastq.gz" for s in "AB" for mate in "12"}
    return [
        Example(
            folder / "metapipe.tar.xz",
            METAPIPE.workflow,
            "META-pipe small",
            "Example: META-pipe, small community",
            "Finished results of the workflow “META-pipe reads to annotation” on slices of three genomes, with the tiny"
            " databases of this project's tests. Import it to try the viewers (Visualize) on your own copy.",
            {f"small-community_{mate}.fastq.gz": f"test-data/reads_{mate}.fastq.gz" for mate in "12"},
        ),
        Example(
            folder / "taxonomy.tar.xz",
            TAXONOMY.workflow,
            "META-pipe taxonomy coast",
            "Example: META-pipe taxonomy, three samples",
            "Finished results of the workflow “META-pipe taxonomy” on three samples, with the tiny databases of this"
            " project's tests: pairs, the same reads without their mates, and pairs with much rRNA.",
            coast,
        ),
        Example(
            folder / "biomas.tar.xz",
            BIOMAS.workflow,
            "BioMaS mock",
            "Example: BioMaS, mock community",
            "Finished results of the workflow “BioMaS amplicon reads to taxa” on two samples of a mock community, with"
            " the tiny database of this project's tests. Both samples hold the same reads, so they agree.",
            mock,
        ),
    ]


def note_results(example: Example, folder: Path) -> None:
    """Note what the results of an example are.

    :param folder: the results as they were downloaded.
    """
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    example.known_file.write_text("".join(f"{sha256_of(folder / file)}  {file}\n" for file in files))


def slim(exported: Path, target: Path, reads: Mapping[str, str]) -> None:
    """Write a small archive of an exported history.

    :param reads: names of the datasets that are put back when it is used.
    """
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder)
        with tarfile.open(exported) as tar:
            for member in tar:
                if member.isfile() and ".." not in member.name:
                    file = store / member.name.lstrip("/")
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_bytes(_content(tar, member).read())
        entries = json.loads((store / "datasets_attrs.txt").read_text())
        for entry in entries:
            if entry["name"] in reads:
                (store / entry["file_name"]).unlink(missing_ok=True)
            elif not entry["visible"] and _LEFT_OUT.match(entry["name"]) and "file_name" in entry:
                (store / entry.pop("file_name")).unlink(missing_ok=True)
                entry.update(deleted=True, state="discarded", peek=None)
        (store / "datasets_attrs.txt").write_text(json.dumps(entries))
        for name in ("jobs_attrs.txt", "history_attrs.txt"):
            (store / name).write_text(json.dumps(_without_places(json.loads((store / name).read_text()))))
        with tarfile.open(target, "w:xz", preset=9) as tar:
            for path in sorted(store.rglob("*")):
                if path.is_file():
                    tar.add(path, arcname=str(path.relative_to(store)), filter=_anonymous)


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    member.mode = 0o644
    return member


def _without_places(value: Any) -> Any:
    """Take the folders of the machine it was made on out of every text: file names stay."""
    if isinstance(value, str):
        return _PATHS.sub("", value)
    if isinstance(value, list):
        return [_without_places(entry) for entry in value]
    if isinstance(value, dict):
        return {name: _without_places(entry) for name, entry in value.items() if name != "tags"}
    return value


def _datasets_of(archive: Path) -> list[dict[str, Any]]:
    with tarfile.open(archive) as tar, io.BytesIO() as whole:
        shutil.copyfileobj(_content(tar, tar.getmember("datasets_attrs.txt")), whole)
        entries: list[dict[str, Any]] = json.loads(whole.getvalue())
        return entries


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    return tar.extractfile(member) or io.BytesIO()
