from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metapipe.demo.amplicons import (
    Amplicon,
    FragmentSpec,
    MockSpec,
    cut,
    cut_amplicons,
    divide,
    load_mock,
    source_of,
)
from metapipe.demo.placement import reverse_complement
from metapipe.demo.reads import simulate_amplicon_reads
from metapipe.errors import MetapipeError
from metapipe.refdb.readers.lineages import place_lineages, read_lineage
from metapipe.refdb.readers.references import Reference
from metapipe.refdb.recipe import find_recipe

FORWARD, REVERSE = "GTGYCAGCMGCCGCGGTAA", "GGACTACNVGGGTWTCTAAT"
V4 = FragmentSpec(name="V4", forward=FORWARD, reverse=REVERSE, share=1.0)
INSIDE = "ACGGTTCAACCTGATCGATTTAGCCGATACGGATCTTAGGCATCGATTACGGATCAGG" * 5
BOUND = "GTGTCAGCAGCCGCGGTAA" + INSIDE + reverse_complement("GGACTACAAGGGTATCTAAT")


def spec(**changes: object) -> MockSpec:
    content = {"name": "x", "seed": 1, "read_length": 50, "pairs": 20, "sigma": 1.0, "fragments": [V4]}
    return MockSpec.model_validate({**content, "members": ["a", "b"], **changes})


def references(**sequences: str) -> dict[str, Reference]:
    return {name: Reference(name, name, sequence, 1) for name, sequence in sequences.items()}


PLACED = place_lineages({"a": read_lineage("k__Bacteria;g__A"), "b": read_lineage("k__Bacteria;g__B")})


def test_a_fragment_reaches_from_primer_to_primer_whatever_stands_outside() -> None:
    assert cut("TTTTT" + BOUND + "GGGGG", V4) == BOUND


def test_two_mismatches_do_not_hinder_a_primer_and_three_do() -> None:
    assert cut("AAG" + BOUND[3:], V4) == "AAG" + BOUND[3:]
    assert cut("AACA" + BOUND[4:], V4) is None


def test_a_primer_binds_where_it_fits_best() -> None:
    worse = "AAGTCAGCAGCCGCGGTAA"
    assert cut(worse + BOUND, V4) == BOUND


def test_members_without_binding_sites_are_named_and_give_no_reads() -> None:
    amplicons, unbound = cut_amplicons(spec(), references(a=BOUND, b=INSIDE), PLACED)
    assert unbound == ("b",)
    assert [(amplicon.name, amplicon.pairs, amplicon.lineage) for amplicon in amplicons] == [
        ("a_V4", 20, "1:no rank:root;2:kingdom:Bacteria;3:genus:A")
    ]


def test_a_member_that_does_not_exist_is_refused() -> None:
    with pytest.raises(MetapipeError, match=r"METAPIPE-E702 mock-x.yml names a reference .* found 'b'"):
        cut_amplicons(spec(), references(a=BOUND), PLACED)


def test_primers_that_bind_nowhere_are_refused() -> None:
    with pytest.raises(MetapipeError, match=r"METAPIPE-E702 mock-x.yml: the primers bind to none"):
        cut_amplicons(spec(), references(a=INSIDE, b=INSIDE), PLACED)


@given(st.integers(0, 500), st.lists(st.floats(0.01, 100), min_size=1, max_size=20))
def test_a_division_loses_nothing_and_is_fair(total: int, weights: list[float]) -> None:
    counts = divide(total, weights)
    assert sum(counts) == total
    for count, weight in zip(counts, weights, strict=True):
        assert abs(count - total * weight / sum(weights)) < 1 + 1e-6


def test_the_same_seed_gives_the_same_reads_and_another_seed_others(tmp_path: Path) -> None:
    amplicon = Amplicon("a_V4", "a", BOUND, 5, 3, "")
    contents = []
    for number, seed in enumerate((1, 1, 2)):
        files = tmp_path / f"{number}_1.fastq.gz", tmp_path / f"{number}_2.fastq.gz"
        assert simulate_amplicon_reads([amplicon], 100, seed, *files) == 5
        contents.append([file.read_bytes() for file in files])
    assert contents[0] == contents[1] != contents[2]


def test_the_committed_reads_are_those_of_the_truth(test_data: Path) -> None:
    folder = test_data / "amplicon"
    rows = [line.split("\t") for line in (folder / "truth.tsv").read_text().splitlines()[1:]]
    named: list[list[str]] = []
    for mate in "12":
        lines = gzip.decompress((folder / f"mock_{mate}.fastq.gz").read_bytes()).decode().splitlines()
        named.append([line[1:].removesuffix(f"/{mate}") for line in lines[::4]])
    assert named[0] == named[1]
    assert len(set(named[0])) == load_mock("tiny-16s").pairs == 2000
    assert Counter(map(source_of, named[0])) == {row[0]: int(row[1]) for row in rows}


def test_five_members_of_the_committed_reads_are_not_in_the_tiny_database() -> None:
    known = find_recipe("biomas-tiny-16s").options["names"]
    members = load_mock("tiny-16s").members
    assert [member in known for member in members] == [True] * 23 + [False] * 5


def test_one_fragment_of_ten_is_too_long_for_its_mates_to_meet(test_data: Path) -> None:
    rows = [line.split("\t") for line in (test_data / "amplicon" / "truth.tsv").read_text().splitlines()[1:]]
    long = sum(int(pairs) for source, pairs, *_ in rows if source.endswith("_V4-V6"))
    assert long == 198
