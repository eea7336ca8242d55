from __future__ import annotations

import json
from pathlib import Path

import pyhmmer
import pytest

from metapipe.errors import MetapipeError
from metapipe.refdb.build import build_from_file
from metapipe.refdb.hmm import FAMILIES, PROFILES, InterproEntry, build_hmm, read_interpro


def load(path: Path) -> list[pyhmmer.plan7.HMM]:
    with pyhmmer.plan7.HMMFile(str(path)) as stream:
        return list(stream)


def test_profiles_survive_the_building_byte_by_byte(tmp_path: Path, test_data: Path) -> None:
    tiny = test_data / "refdb" / "metapipe-tiny-domains" / "1" / PROFILES
    build_from_file("hmm", tiny, tmp_path / "db", name="own", version="1")
    assert (tmp_path / "db" / PROFILES).read_bytes() == tiny.read_bytes()


def test_text_and_binary_profiles_give_the_same_names_and_cutoffs(tmp_path: Path, test_data: Path) -> None:
    tiny = load(test_data / "refdb" / "metapipe-tiny-domains" / "1" / PROFILES)
    with (tmp_path / "text.hmm").open("wb") as target:
        for profile in tiny:
            profile.write(target)
    manifest = build_from_file("hmm", tmp_path / "text.hmm", tmp_path / "db", name="own", version="1")
    built = load(tmp_path / "db" / PROFILES)
    assert [(p.name, p.accession, p.cutoffs.gathering) for p in built] == [
        (p.name, p.accession, p.cutoffs.gathering) for p in tiny
    ]
    assert manifest.counts["families"] == len(tiny)


def test_families_carry_interpro_go_and_ec(tmp_path: Path, test_data: Path) -> None:
    tiny = test_data / "refdb" / "metapipe-tiny-domains" / "1" / PROFILES
    entries = {"PF04199": InterproEntry("IPR007325", "Cyclase\tlike", "family", ("GO:0004061", "GO:0019441"))}
    built = build_hmm(tiny, tmp_path, entries, {"GO:0004061": ("3.5.1.9",)}, only=["PF04199", "PF00356"])
    lines = (tmp_path / FAMILIES).read_text().splitlines()
    assert lines[0] == "accession\tname\tdescription\tinterpro\tinterpro_name\tgo\tec"
    assert sorted(lines[1:]) == [
        "PF00356.24\tLacI\tBacterial regulatory proteins, lacI family\t\t\t\t",
        "PF04199.16\tCyclase\tPutative cyclase\tIPR007325\tCyclase like\tGO:0004061;GO:0019441\t3.5.1.9",
    ]
    assert built.counts == {"families": 2, "with_interpro": 1, "with_go": 1, "with_ec": 1}


def test_profiles_without_gathering_cutoffs_are_refused(tmp_path: Path, test_data: Path) -> None:
    alphabet = pyhmmer.easel.Alphabet.amino()
    sequence = pyhmmer.easel.TextSequence(name=b"own", sequence="MKVLAAGITGLT").digitize(alphabet)
    profile, _, _ = pyhmmer.plan7.Builder(alphabet, seed=1).build(sequence, pyhmmer.plan7.Background(alphabet))
    with (tmp_path / "own.hmm").open("wb") as target:
        profile.write(target)
    with pytest.raises(MetapipeError, match=r"METAPIPE-E204 own.hmm: expected a gathering cut-off \(GA\), found 'own'"):
        build_from_file("hmm", tmp_path / "own.hmm", tmp_path / "db", name="own", version="1")


@pytest.mark.parametrize("file", ["contigs.fasta", "bad/binary.fasta"])
def test_a_file_without_profiles_is_refused(tmp_path: Path, test_data: Path, file: str) -> None:
    with pytest.raises(MetapipeError, match=r"METAPIPE-E101 .*not a file of HMMER3 profiles"):
        build_from_file("hmm", test_data / file, tmp_path / "db", name="own", version="1")


def test_a_signature_belongs_to_its_most_specific_entry(tmp_path: Path) -> None:
    def entry(accession: str, kind: str, go: list[str]) -> dict[str, object]:
        terms = [{"accession": term} for term in go]
        return {"accession": accession, "name": kind, "type": kind, "go_terms": terms, "members": ["PF1", "SM1"]}

    path = tmp_path / "interpro.json"
    path.write_text(
        json.dumps(
            [
                entry("IPR1", "repeat", []),
                entry("IPR3", "domain", ["GO:2", "GO:1", "GO:2"]),
                entry("IPR2", "domain", []),
            ]
        )
    )
    assert read_interpro(path)["PF1"].accession == "IPR2"
    assert read_interpro(path)["SM1"].type == "domain"
