"""Bowtie 2 as a stage: single reads and pairs, odd ones among them, and the same answer however they are cut."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from made_reads import Read, columns, dna, fastq
from mapping_reads import DATABASE, read_pairs, references, single_reads

from fake_task import FakeTask
from metapipe.biomas.search import amplicon_mapping
from metapipe.biomas.search.amplicon_mapping import read_of
from metapipe.biomas.search.bowtie2 import FINISHED, INDEX, align, command, name_of, prepare_index, reads_seen
from metapipe.biomas.search.map_amplicons import MapAmplicons
from metapipe.biomas.search.map_pairs import MapPairs
from metapipe.biomas.tables import MATCH_TABLE
from metapipe.errors import MetapipeError
from metapipe.runner.declare.elements import Completed, Database, Record

SINGLE, PAIRS = list(single_reads()), list(read_pairs())
Pairs = Sequence[tuple[Read, Read]]
BOWTIE2: dict[str, Any] = {"engine": "bowtie2"}


class Mapped:
    """Rows of a table ``matches`` by read, and the counts."""

    def __init__(self, table: bytes, notes: dict[str, Any]) -> None:
        header, *rows = table.splitlines(keepends=True)
        assert header == MATCH_TABLE.header
        self.rows, self.notes = rows, notes
        self.cells = {cells[0]: cells[1:] for cells in (row.decode().rstrip("\n").split("\t") for row in rows)}

    def matches(self, name: str) -> list[str]:
        return self.cells[name][3].split()


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Database:
    """The database as older ones are, with an index in it: most tests need not make it anew."""
    older = tmp_path_factory.mktemp("older") / "database"
    shutil.copytree(DATABASE.path, older)
    build = ["bowtie2-build", "-q", older / "references.fasta", older / INDEX]
    subprocess.run(build, check=True, capture_output=True)
    return Database("older", "1", "amplicon", older, "")


@pytest.fixture
def mapped(fake_task: Callable[..., Any], indexed: Database) -> Callable[..., Mapped]:
    def run(reads: Sequence[Read], **options: Any) -> Mapped:
        task = fake_task(MapAmplicons(), {"reads": fastq(reads)}, databases={"amplicon": indexed}, **BOWTIE2, **options)
        return Mapped(task.run()["matches"], task.notes)

    return run


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Mapped:
    """All single reads, mapped in one piece, on an index made for them."""
    folder = tmp_path_factory.mktemp("whole")
    task = FakeTask(MapAmplicons(), folder, {"reads": fastq(SINGLE)}, databases={"amplicon": DATABASE}, **BOWTIE2)
    return Mapped(task.run()["matches"], task.notes)


@pytest.fixture(scope="module")
def whole_pairs(tmp_path_factory: pytest.TempPathFactory) -> Mapped:
    """All pairs, mapped in one piece, on an index made for them."""
    first, second = columns(PAIRS)
    inputs = {"reads-1": fastq(first), "reads-2": fastq(second)}
    task = FakeTask(MapPairs(), tmp_path_factory.mktemp("pairs"), inputs, databases={"amplicon": DATABASE}, **BOWTIE2)
    return Mapped(task.run()["matches"], task.notes)


@pytest.fixture
def mapped_pairs(fake_task: Callable[..., Any], indexed: Database) -> Callable[..., Mapped]:
    def run(pairs: Pairs, **options: Any) -> Mapped:
        first, second = columns(pairs)
        inputs = {"reads-1": fastq(first), "reads-2": fastq(second)}
        task = fake_task(MapPairs(), inputs, databases={"amplicon": indexed}, **BOWTIE2, **options)
        return Mapped(task.run()["matches"], task.notes)

    return run


def test_every_read_has_a_row_in_the_order_given_with_its_size_and_length(whole: Mapped) -> None:
    found = whole
    assert list(found.cells) == [name for name, _, _ in SINGLE]
    for name, bases, _ in SINGLE:
        size = re.search(r";size=(\d+)$", name)
        assert found.cells[name][:3] == [size[1] if size else "1", str(len(bases)), "0"]
    unmatched = [name for name, cells in found.cells.items() if not cells[3]]
    assert unmatched == ["nothing_like_it;size=11", "only_N", "one_base", "none"]
    sizes = {name: int(cells[0]) for name, cells in found.cells.items()}
    assert found.notes == {
        "records": len(SINGLE),
        "reads": sum(sizes.values()),
        "matched_records": len(SINGLE) - 4,
        "matched_reads": sum(sizes.values()) - sum(sizes[name] for name in unmatched),
        "alignments": sum(len(found.matches(name)) for name in found.cells),
    }


def test_a_piece_of_a_reference_matches_it_in_all_columns(mapped: Callable[..., Mapped]) -> None:
    name, bases = next(iter(references().items()))
    found = mapped([("whole", bases[500:750], "I" * 250), ("turned", SINGLE[1][1], SINGLE[1][2])])
    assert f"{name}:1:250:0:250" in found.matches("whole")
    # 3 bases deleted, 2 inserted: 247 + 2 bases in 250 + 2 columns.
    assert f"{name}:1:252:5:249" in found.matches("turned")


def test_a_local_search_finds_what_lies_between_foreign_ends(mapped: Callable[..., Mapped]) -> None:
    name, odd = next(iter(references())), next(read for read in SINGLE if read[0].startswith("adapter"))
    whole = mapped([odd], search="end-to-end")
    part = mapped([odd], search="local")
    assert not whole.matches(odd[0])
    assert any(re.fullmatch(rf"{re.escape(name)}:1:20\d:\d:20\d", match) for match in part.matches(odd[0]))


def test_both_searches_together_keep_the_best_of_each(mapped: Callable[..., Mapped], whole: Mapped) -> None:
    by_search = {"both": whole} | {search: mapped(SINGLE, search=search) for search in ("end-to-end", "local")}
    for name in by_search["both"].cells:
        both, end, local = (set(found.matches(name)) for found in by_search.values())
        assert both <= end | local
        assert {match.split(":")[0] for match in both} == {match.split(":")[0] for match in end | local}


@pytest.mark.parametrize("blocks", [2, 5])
def test_rows_are_the_same_however_the_reads_are_cut(mapped: Callable[..., Mapped], whole: Mapped, blocks: int) -> None:
    size = -(-len(SINGLE) // blocks)
    parts = [mapped(SINGLE[start : start + size]) for start in range(0, len(SINGLE), size)]
    assert [row for part in parts for row in part.rows] == whole.rows


def test_rows_do_not_depend_on_the_order_of_the_reads_their_names_or_threads(
    mapped: Callable[..., Mapped], whole: Mapped
) -> None:
    shuffled = random.Random(1).sample(SINGLE, len(SINGLE))
    assert sorted(mapped(shuffled, threads=2).rows) == sorted(whole.rows)
    renamed = mapped([(f"r{number}", *read[1:]) for number, read in enumerate(SINGLE)])
    assert [cells[3] for cells in renamed.cells.values()] == [cells[3] for cells in whole.cells.values()]


@pytest.mark.parametrize("blocks", [2, 5])
def test_rows_of_pairs_are_the_same_however_they_are_cut(
    mapped_pairs: Callable[..., Mapped], whole_pairs: Mapped, blocks: int
) -> None:
    size = -(-len(PAIRS) // blocks)
    parts = [mapped_pairs(PAIRS[start : start + size]) for start in range(0, len(PAIRS), size)]
    assert [row for part in parts for row in part.rows] == whole_pairs.rows


def test_rows_of_pairs_do_not_depend_on_their_order_or_threads(
    mapped_pairs: Callable[..., Mapped], whole_pairs: Mapped
) -> None:
    shuffled = random.Random(2).sample(PAIRS, len(PAIRS))
    assert sorted(mapped_pairs(shuffled, threads=2).rows) == sorted(whole_pairs.rows)


def test_a_hundred_equally_good_references_are_chosen_from_by_the_read_alone(tmp_path: Path) -> None:
    """With more than 100 places chance decides; it must not know the read's name, its place or its neighbours."""
    region = dna(10, 300)
    text = "".join(f">copy{number}\n{dna(100 + number, 50)}{region}{dna(900 + number, 50)}\n" for number in range(250))
    (tmp_path / "references.fasta").write_text(text)
    index = tmp_path / INDEX
    subprocess.run(["bowtie2-build", "-q", tmp_path / "references.fasta", index], check=True, capture_output=True)
    reads = [(region[start : start + 200], "I" * 200) for start in range(6)]

    def chosen(order: Sequence[int], threads: int = 1) -> dict[int, list[bytes]]:
        files = [tmp_path / "reads.fastq"]
        files[0].write_bytes(
            b"".join(b"@%b\n%b\n+\n%b\n" % (name_of([(r.encode(), q.encode())]), r.encode(), q.encode())
                     for r, q in (reads[number] for number in order))
        )  # fmt: skip
        said = subprocess.run(command(index, "local", files, threads), capture_output=True, check=True)
        rows = [line.split(b"\t") for line in said.stdout.splitlines()]
        assert len(rows) == 100 * len(order)
        return {number: [row[2] for row in rows[100 * place :][:100]] for place, number in enumerate(order)}

    once = chosen(range(6))
    assert len({tuple(sorted(found)) for found in once.values()}) > 1
    assert chosen([3, 1, 4, 5, 0, 2]) == once
    assert chosen([2]) == {2: once[2]}
    assert chosen([5, 5, 5, 0], threads=2) == {5: once[5], 0: once[0]}


def test_batches_leave_no_trace_in_the_table(mapped: Callable[..., Mapped], monkeypatch: pytest.MonkeyPatch) -> None:
    whole = mapped(SINGLE, search="end-to-end")
    monkeypatch.setitem(amplicon_mapping.READS_IN_A_BATCH, "bowtie2", 7)
    assert mapped(SINGLE, search="end-to-end").rows == whole.rows


def test_each_mate_of_a_pair_tells_its_own_matches(whole_pairs: Mapped) -> None:
    found = whole_pairs
    assert list(found.cells) == [first[0].removesuffix("/1") for first, _ in PAIRS]
    mates = {name: {match.split(":")[1] for match in found.matches(name)} for name in found.cells}
    assert mates["only_first"] == mates["second_empty"] == {"1"}
    assert mates["only_second"] == mates["first_empty"] == {"2"}
    assert mates["mates_disagree"] == mates["too_far_apart_to_be_a_pair"] == {"1", "2"}
    assert mates["both_strange"] == mates["both_empty"] == mates["both_N"] == set()
    turned = next(name for name in found.cells if name.endswith("-turned;size=3"))
    name = turned.removesuffix("-turned;size=3")
    assert found.cells[turned][:3] == ["3", "150", "150"]
    assert {f"{name}:1:150:0:150", f"{name}:2:150:0:150"} <= set(found.matches(turned))


def test_no_read_and_no_match_are_results(mapped: Callable[..., Mapped], mapped_pairs: Callable[..., Mapped]) -> None:
    nothing = {"records": 0, "reads": 0, "matched_records": 0, "matched_reads": 0, "alignments": 0}
    assert mapped([]).notes == mapped_pairs([]).notes == nothing
    strange = mapped([("a;size=5", dna(8, 250), "I" * 250)])
    assert strange.notes == {**nothing, "records": 1, "reads": 5}
    assert strange.matches("a;size=5") == []


def test_a_read_that_stands_for_no_read_is_named_with_its_line() -> None:
    record = Record("b;size=0", "", b"ACGT", b"IIII", index=1)
    with pytest.raises(MetapipeError, match=r"E120 reads line 5: .*'b;size=0'"):
        read_of(record.name, [record], "reads")


def test_a_search_that_saw_fewer_reads_fails(fake_task: Callable[..., Any], tmp_path: Path) -> None:
    task = fake_task(MapAmplicons(), {"reads": b""}, databases={"amplicon": DATABASE}, **BOWTIE2)
    prepare_index(task, DATABASE.path, task.shared)
    (tmp_path / "one.fastq").write_bytes(fastq(SINGLE[:1]))
    with pytest.raises(MetapipeError, match="E403 expected Bowtie 2 to align 2 reads, found '1'"):
        align(task, "local", [tmp_path / "one.fastq"], 2, tmp_path / "rows.sam")


def test_bowtie2_says_that_it_came_to_its_end_and_how_many_reads_it_saw(indexed: Database, tmp_path: Path) -> None:
    (tmp_path / "q.fastq").write_bytes(fastq(SINGLE[:3]))
    words = command(indexed.path / INDEX, "end-to-end", [tmp_path / "q.fastq"], 1)
    done = subprocess.run(words, capture_output=True, check=True)
    assert FINISHED in done.stderr.decode()
    assert reads_seen(Completed(0, b"", done.stderr)) == 3
    assert reads_seen(Completed(0, b"", b"(ERR): bowtie2-align died with signal 9 (KILL)")) == 0


def test_the_index_an_older_database_holds_is_used(
    fake_task: Callable[..., Any], indexed: Database, whole: Mapped
) -> None:
    task = fake_task(MapAmplicons(), {"reads": fastq(SINGLE)}, databases={"amplicon": indexed}, **BOWTIE2)
    assert Mapped(task.run()["matches"], task.notes).rows == whole.rows
    assert not list(task.shared.iterdir())


def test_the_versions_of_both_engines_are_told() -> None:
    assert re.fullmatch(r"2\.\d+\.\d+", MapAmplicons().tool_versions()["bowtie2"])
    assert re.match(r"1\.\d", MapAmplicons().tool_versions()["edlib"])
    assert MapPairs().tool_versions() == MapAmplicons().tool_versions()
