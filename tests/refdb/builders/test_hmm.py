from __future__ import annotations

import contextlib
import gzip
import io
import json
import tarfile
import tempfile
from pathlib import Path

import pyhmmer
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from published_sets import profile

from metapipe.errors import MetapipeError
from metapipe.proteins.hmm_families import read_families
from metapipe.refdb.builders.build import build_from_file
from metapipe.refdb.builders.hmm import FAMILIES, PROFILES, InterproEntry, build_hmm, read_interpro


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


def build(folder: Path, content: bytes, name: str = "own.hmm") -> list[dict[str, str]]:
    """Build a database of a file; return the rows of its families."""
    (folder / name).write_bytes(content)
    build_from_file("hmm", folder / name, folder / "db", name="own", version="1")
    header, *rows = (folder / "db" / FAMILIES).read_text().splitlines()
    return [dict(zip(header.split("\t"), row.split("\t"), strict=True)) for row in rows]


def test_every_family_says_by_which_cut_off_its_hits_are_judged(tmp_path: Path) -> None:
    content = profile("a", gathering=10, trusted=12) + profile("b", trusted=12) + profile("c")
    rows = build(tmp_path, content)
    assert [(row["name"], row["cutoff"]) for row in rows] == [("a", "GA"), ("b", "TC"), ("c", "E-value")]
    families = read_families(tmp_path / "db" / FAMILIES)
    assert [families[name].cutoff for name in "abc"] == ["GA", "TC", "E-value"]
    counts = json.loads((tmp_path / "db" / "manifest.json").read_text())["counts"]
    assert (counts["judged_by_TC"], counts["judged_by_E-value"]) == (1, 1)


def test_families_of_an_older_database_are_judged_by_their_gathering_cut_offs(test_data: Path) -> None:
    families = read_families(test_data / "refdb" / "metapipe-tiny-domains" / "1" / FAMILIES)
    assert {family.cutoff for family in families.values()} == {"GA"}


def test_where_all_have_gathering_cut_offs_the_table_is_as_it_was(tmp_path: Path) -> None:
    assert "cutoff" not in build(tmp_path, profile("a", gathering=10))[0]


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (("one", "ACC2"), r"E107 own.hmm line {line}: expected every NAME once, found 'one'"),
        (("two", "ACC1"), r"E107 own.hmm line {line}: expected every ACC once, found 'ACC1'"),
        (("ACC1", ""), r"E107 own.hmm line {line}: expected every ACC once, found 'ACC1'"),
    ],
)
def test_two_profiles_of_one_name_are_refused_with_the_line(
    tmp_path: Path, second: tuple[str, str], message: str
) -> None:
    first = profile("one", "ACC1")
    line = first.count(b"\n") + 2
    with pytest.raises(MetapipeError, match=f"METAPIPE-{message.format(line=line)}"):
        build(tmp_path, first + profile(*second))
    assert not (tmp_path / "db").exists()


@pytest.mark.parametrize("kind", ["dna", "rna"])
def test_profiles_of_nucleotides_are_refused_when_the_database_is_built(tmp_path: Path, kind: str) -> None:
    letters = "ACGGTTCAACCTGATC" if kind == "dna" else "ACGGUUCAACCUGAUC"
    message = (
        rf"METAPIPE-E204 own.hmm line 2: expected profiles of proteins \(ALPH amino\), found '{kind.upper()} in r'"
    )
    with pytest.raises(MetapipeError, match=message):
        build(tmp_path, profile("r", letters=letters, kind=kind))


def test_profiles_are_read_from_gzip_and_from_archives_of_one_file_a_family(tmp_path: Path) -> None:
    one, two = profile("K00001"), profile("K00002")
    expected = build(tmp_path, one + two)
    assert build(tmp_path, gzip.compress(one + two), "Pfam-A.hmm.gz") == expected
    with tarfile.open(tmp_path / "profiles.tar.gz", "w:gz") as archive:
        for name, content in (("profiles/K00001.hmm", one), ("profiles/K00002.hmm", two), ("profiles/prok.hal", b"K")):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    assert build(tmp_path, (tmp_path / "profiles.tar.gz").read_bytes(), "profiles.tar.gz") == expected


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(tmp_path: Path) -> None:
    plain = profile("one", gathering=3)
    assert build(tmp_path, b"\xef\xbb\xbf" + plain.replace(b"\n", b"\r\n")) == build(tmp_path, plain)


def test_a_damaged_file_that_would_end_hmmer_is_refused(tmp_path: Path) -> None:
    with pyhmmer.plan7.HMMFile(io.BytesIO(profile("one", gathering=3))) as stream:
        (hmm,) = list(stream)
    binary = io.BytesIO()
    hmm.write(binary, binary=True)
    # The fourth number of the binary format is the alphabet; HMMER calls exit() for one it does not know.
    content = binary.getvalue()[:12] + b"\x63\0\0\0" + binary.getvalue()[16:]
    with pytest.raises(MetapipeError, match=r"METAPIPE-E101 own.h3m: not a file of HMMER3 profiles"):
        build(tmp_path, content, "own.h3m")


@settings(max_examples=3)
@given(
    st.integers(0, 4000),
    st.sampled_from([b"", b"\0", b"\xf8", b"\t", b"\v", b"//\n", b"NAME\n", b"\xef\xbb\xbf", b"LENG  0\n", b"\n\n"]),
    st.booleans(),
)
def test_no_bytes_in_profiles_are_an_error_of_our_own(place: int, bytes_: bytes, cut: bool) -> None:
    text = profile("one", "ACC1", gathering=3)
    content = text[:place] + bytes_ + (b"" if cut else text[place:])
    # Anything but a refusal of ours fails the test.
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(MetapipeError):
        build(Path(folder), content)


@settings(max_examples=3)
@given(st.binary(max_size=300))
def test_bytes_that_nobody_would_write_are_no_profiles(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.raises(MetapipeError):
        build(Path(folder), content)


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
