from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from metapipe.errors import MetapipeError
from metapipe.refdb.manifest import MANIFEST, FileEntry, Manifest, describe_files, read_manifest


def manifest(**changes: object) -> Manifest:
    content: dict[str, object] = {
        "schema": 1,
        "name": "some-proteins",
        "version": "1",
        "kind": "diamond",
        "title": "Some proteins",
        "sources": [{"package": "debian:prokka 1.14.6", "licence": "GPL-3", "files": {"a": "0" * 64}}],
        "licence": "public",
        "date": "2018",
        "format": "diamond 3",
        "tool": "diamond 2.1.3",
        "builder": "metapipe refdb build some-proteins:1",
        "files": {"proteins.fasta": {"bytes": 3, "sha256": "1" * 64}},
    }
    return Manifest.model_validate({**content, **changes})


def test_digest_is_the_sha256_of_the_manifest_file(tmp_path: Path) -> None:
    manifest().write(tmp_path)
    assert manifest().digest == hashlib.sha256((tmp_path / MANIFEST).read_bytes()).hexdigest()


def test_a_manifest_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    manifest().write(tmp_path)
    assert read_manifest(tmp_path) == manifest()


def test_digest_depends_on_every_file() -> None:
    other = {"proteins.fasta": {"bytes": 3, "sha256": "2" * 64}}
    assert manifest(files=other).digest != manifest().digest


@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", "a/../../b", "with space", "a//b"])
def test_files_cannot_lie_outside_the_database(path: str) -> None:
    with pytest.raises(ValueError, match="unusable file name"):
        manifest(files={path: {"bytes": 1, "sha256": "1" * 64}})


@pytest.mark.parametrize(
    ("key", "value"),
    [("name", "../evil"), ("name", "Upper"), ("version", "a/b"), ("kind", "blast"), ("schema", 2), ("host", "x")],
)
def test_what_the_schema_does_not_know_is_refused(tmp_path: Path, key: str, value: object) -> None:
    manifest().write(tmp_path)
    content = json.loads((tmp_path / MANIFEST).read_text())
    (tmp_path / MANIFEST).write_text(json.dumps({**content, key: value}))
    with pytest.raises(MetapipeError, match=f"METAPIPE-E203 manifest.json: manifest of .*{key}"):
        read_manifest(tmp_path)


def test_a_folder_without_manifest_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(MetapipeError, match=r"METAPIPE-E202 .*not a database"):
        read_manifest(tmp_path)


def test_a_manifest_cut_short_is_a_damaged_database(tmp_path: Path) -> None:
    manifest().write(tmp_path)
    (tmp_path / MANIFEST).write_bytes((tmp_path / MANIFEST).read_bytes()[:100])
    with pytest.raises(MetapipeError, match=r"METAPIPE-E203"):
        read_manifest(tmp_path)


def test_hidden_files_and_the_manifest_are_not_part_of_the_contents(tmp_path: Path) -> None:
    manifest().write(tmp_path)
    (tmp_path / ".verified.json").write_text("{}")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.tsv").write_bytes(b"abc")
    expected = FileEntry(bytes=3, sha256=hashlib.sha256(b"abc").hexdigest())
    assert describe_files(tmp_path) == {"sub/a.tsv": expected}
