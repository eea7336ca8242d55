from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from metapipe.errors import MetapipeError
from metapipe.refdb.builders.build import build_from_file
from metapipe.refdb.builders.diamond import DATABASE, FASTA, build_diamond
from metapipe.refdb.manifest import read_manifest
from metapipe.refdb.readers.proteins import Protein, read_proteins
from metapipe.refdb.verify import verify


def test_a_sites_own_proteins_become_a_database(tmp_path: Path) -> None:
    fasta = tmp_path / "marref.fasta"
    fasta.write_text(
        ">MMP1 nitrite reductase\nMKVLAAGITG\n>UniRef50_Q8 Kinase n=3 Tax=Vibrio TaxID=662 RepID=Q\n-KVLE*\n"
    )
    manifest = build_from_file("diamond", fasta, tmp_path / "db", name="marref", version="6", licence="CC-BY-4.0")
    assert (tmp_path / "db" / FASTA).read_text() == (
        ">MMP1 ~~~~~~nitrite reductase~~~~~~~~~\nMKVLAAGITG\n>UniRef50_Q8 ~~~~~~Kinase~~~~~~662~~~Vibrio\nMKVLE\n"
    )
    assert manifest.counts == {"proteins": 2, "residues": 15, "with_ec": 0, "with_go": 0}
    assert manifest.format == "diamond 3"
    assert read_manifest(tmp_path / "db") == manifest
    assert verify(tmp_path / "db", full=True)


def test_the_same_data_give_the_same_digest_whatever_the_file_is_called(tmp_path: Path, test_data: Path) -> None:
    digests = set()
    for name in ("proteins.fasta", "dataset_17.dat"):
        (tmp_path / name).write_bytes((test_data / "proteins.fasta").read_bytes())
        manifest = build_from_file("diamond", tmp_path / name, tmp_path / f"{name}.db", name="own", version="1")
        digests.add(manifest.digest)
    assert len(digests) == 1


def test_a_manifest_names_no_path_of_the_machine(tmp_path: Path, test_data: Path) -> None:
    build_from_file("diamond", test_data / "proteins.fasta", tmp_path / "db", name="own", version="1")
    assert str(tmp_path.parent) not in (tmp_path / "db" / "manifest.json").read_text()
    assert str(test_data) not in (tmp_path / "db" / "manifest.json").read_text()


@pytest.mark.parametrize("proteins", [["GGAACTN"], ["MKVLAAGITG", "A"], ["A"] * 12, [*["MKVLAAGITG"] * 10, "G"]])
def test_a_database_may_hold_peptides_of_the_letters_of_dna(tmp_path: Path, proteins: list[str]) -> None:
    entries = [Protein(f"P{number}", letters) for number, letters in enumerate(proteins)]
    assert build_diamond(entries, tmp_path).counts["proteins"] == len(proteins)


def test_other_databases_have_the_bytes_that_makedb_gives_their_file_on_any_number_of_threads(
    tmp_path: Path, test_data: Path
) -> None:
    build_diamond(read_proteins(test_data / "proteins.fasta"), tmp_path)
    argv = [
        "diamond",
        "makedb",
        "--in",
        tmp_path / FASTA,
        "--db",
        tmp_path / "direct.dmnd",
        "--threads",
        "2",
        "--quiet",
    ]
    subprocess.run(argv, check=True)
    assert (tmp_path / "direct.dmnd").read_bytes() == (tmp_path / DATABASE).read_bytes()


@pytest.mark.parametrize(
    ("file", "code"), [("bad/not_fasta.txt", "E101"), ("bad/empty.fasta", "E108"), ("nowhere.fasta", "E201")]
)
def test_an_unusable_file_is_refused_and_leaves_nothing(tmp_path: Path, test_data: Path, file: str, code: str) -> None:
    with pytest.raises(MetapipeError, match=f"METAPIPE-{code}"):
        build_from_file("diamond", test_data / file, tmp_path / "db", name="own", version="1")
    assert list(tmp_path.iterdir()) == []


def test_an_unusable_name_is_refused(tmp_path: Path, test_data: Path) -> None:
    with pytest.raises(MetapipeError, match=r"METAPIPE-E701 --name: .*found '\.\./evil'"):
        build_from_file("diamond", test_data / "proteins.fasta", tmp_path / "db", name="../evil", version="1")


def test_without_diamond_the_package_to_install_is_named(
    tmp_path: Path, test_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MetapipeError, match=r"METAPIPE-E301 diamond is needed \(Debian package diamond-aligner\)"):
        build_from_file("diamond", test_data / "proteins.fasta", tmp_path / "db", name="own", version="1")
