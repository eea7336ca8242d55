"""The real MEGAHIT on small inputs: same bytes on any number of threads, and nothing found is a result."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from fake_task import FakeTask
from metapipe.errors import MetapipeError
from metapipe.formats.fasta_text import reverse_complement
from metapipe.stages.assembly.assemble import Assemble, AssembleOptions, explained, megahit_command


def genome(seed: int, length: int) -> str:
    return "".join(random.Random(seed).choices("ACGT", k=length))


def reads_of(genomes: list[str], seed: int = 1, depth: int = 12, length: int = 100) -> tuple[bytes, bytes]:
    """Perfect pairs, inserts of 250 bases; every genome is a circle."""
    choice = random.Random(seed)
    first, second = [], []
    for number, text in enumerate(genomes):
        for pair in range(depth * len(text) // (2 * length)):
            start = choice.randrange(len(text))
            insert = (text + text)[start : start + 250]
            other = reverse_complement(insert.encode()).decode()
            left, right = (insert, other) if choice.random() < 0.5 else (other, insert)
            first.append(f"@{number}.{pair}/1\n{left[:length]}\n+\n{'I' * length}\n")
            second.append(f"@{number}.{pair}/2\n{right[:length]}\n+\n{'I' * length}\n")
    return "".join(first).encode(), "".join(second).encode()


@pytest.fixture(scope="module")
def community() -> tuple[bytes, bytes]:
    return reads_of([genome(1, 6000), genome(2, 4000), genome(3, 2500)], depth=30)


def run(fake_task: Callable[..., Any], reads: tuple[bytes, bytes], **keywords: Any) -> Any:
    keywords = {"preset": "quick", "min_length": 500, **keywords}
    task = fake_task(Assemble(), inputs={"reads-1": reads[0], "reads-2": reads[1]}, **keywords)
    return task.run()["contigs"], task.notes


def test_threads_and_order_of_reads_do_not_change_a_byte(
    fake_task: Callable[..., Any], community: tuple[bytes, bytes]
) -> None:
    contigs, notes = run(fake_task, community, threads=1)
    assert run(fake_task, community, threads=2) == (contigs, notes)
    headers = [line for line in contigs.decode().splitlines() if line.startswith(">")]
    assert headers[0].startswith(">contig_000001 length=6000 coverage=")
    assert headers[0].endswith("circular=yes")
    assert [header.split()[1] for header in headers] == ["length=6000", "length=4000", "length=2500"]
    assert (notes["contigs"], notes["circular"], notes["n50"], notes["longest"]) == (3, 3, 4000, 6000)
    assert "nothing_found" not in notes


@pytest.mark.parametrize("packed", [False, True])
def test_single_reads_are_assembled_too_even_alone(fake_task: Callable[..., Any], tmp_path: Path, packed: bool) -> None:
    single = b"".join(reads_of([genome(4, 2000)], depth=30))
    path = tmp_path / "a, comma; and 'quotes'.dat"
    path.write_bytes(gzip.compress(single) if packed else single)
    contigs, notes = run(fake_task, (b"", b""), side={"single": path})
    assert notes["contigs"] == 1
    assert contigs.startswith(b">contig_000001 length=2000 ")


def test_merged_reads_are_assembled_with_single_ones(fake_task: Callable[..., Any], tmp_path: Path) -> None:
    for name, seed in (("single", 4), ("merged", 5)):
        (tmp_path / name).write_bytes(b"".join(reads_of([genome(seed, 2000)], depth=30)))
    side = {name: tmp_path / name for name in ("single", "merged")}
    assert run(fake_task, (b"", b""), side=side)[1]["contigs"] == 2
    assert run(fake_task, (b"", b""), side={"merged": side["merged"]})[1]["contigs"] == 1


@pytest.mark.parametrize(
    ("reads", "threads", "given"), [("-1", 1, "1"), ("-r", 1, "2"), ("-r", 2, "2"), ("-r", 5, "5")]
)
def test_reads_beside_pairs_are_never_assembled_by_one_thread_which_gives_other_contigs(
    fake_task: Callable[..., Any], tmp_path: Path, reads: str, threads: int, given: str
) -> None:
    task = fake_task(Assemble(), inputs={"reads-1": b"", "reads-2": b""}, threads=threads)
    command = megahit_command(task, [reads, "reads.fastq"], tmp_path / "megahit")
    assert command[command.index("--num-cpu-threads") + 1] == given


def test_no_reads_give_no_contigs_and_say_so(fake_task: Callable[..., Any], tmp_path: Path) -> None:
    empty = tmp_path / "single.fastq"
    empty.touch()
    for side in ({}, {"single": empty}):
        contigs, notes = run(fake_task, (b"", b""), side=side)
        assert contigs == b""
        assert notes["nothing_found"] == "there were no reads to assemble"
        assert notes["n50"] == notes["contigs"] == 0


@pytest.fixture(scope="module")
def marked() -> tuple[bytes, bytes]:
    """Reads of one genome in which every read over base 1000 has an N there."""
    text = genome(9, 2000)
    return reads_of([text[:1000] + "N" + text[1001:]], depth=20)


#: What is assembled of them, with and without the pairing.
TWO_STEPS = {"k_list": "21,41", "preset": "default"}


@pytest.fixture(scope="module")
def marked_contigs(marked: tuple[bytes, bytes], tmp_path_factory: pytest.TempPathFactory) -> Any:
    return run(partial(FakeTask, folder=tmp_path_factory.mktemp("marked")), marked, **TWO_STEPS)


@pytest.fixture(scope="module")
def marked_contigs_unpaired(marked: tuple[bytes, bytes], tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("unpaired")
    (folder / "plain.fastq").write_bytes(b"".join(marked))
    task = partial(FakeTask, folder=folder / "task")
    return run(task, (b"", b""), side={"single": folder / "plain.fastq"}, **TWO_STEPS)


def with_letters(reads: bytes, old: bytes, new: bytes) -> bytes:
    table = bytes.maketrans(old, new)
    lines = reads.split(b"\n")
    return b"\n".join(line.translate(table) if at % 4 == 1 else line for at, line in enumerate(lines))


@pytest.mark.parametrize(
    ("old", "new"), [(b"N", b"."), (b"N", b"-"), (b"N", b"R"), (b"N", b"n"), (b"T", b"U"), (b"ACGTN", b"acgu.")]
)
def test_a_letter_that_is_no_base_reads_as_n_and_u_as_t(
    fake_task: Callable[..., Any], marked: tuple[bytes, bytes], marked_contigs: Any, old: bytes, new: bytes
) -> None:
    first, second = (with_letters(mates, old, new) for mates in marked)
    assert run(fake_task, (first, second), **TWO_STEPS) == marked_contigs
    assert marked_contigs[0] != b""


@pytest.mark.parametrize("packed", [False, True])
def test_single_reads_with_other_letters_line_ends_and_empty_ones_give_the_same_contigs(
    fake_task: Callable[..., Any],
    tmp_path: Path,
    marked: tuple[bytes, bytes],
    marked_contigs_unpaired: Any,
    packed: bool,
) -> None:
    odd = tmp_path / "odd.fastq"
    text = b"@empty\n\n+\n\n@letter\nu\n+\nI\n" + with_letters(b"".join(marked), b"NT", b".U")
    odd.write_bytes(gzip.compress(text.replace(b"\n", b"\r\n")) if packed else text.replace(b"\n", b"\r\n"))
    assert run(fake_task, (b"", b""), side={"single": odd}, **TWO_STEPS) == marked_contigs_unpaired
    assert marked_contigs_unpaired[1]["contigs"] > 0


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        (b"@a\nACGT\n+\nIIII\n@b\nACGT\n+\n", "E102", None),
        (b"@a\nACGT\n+\nII\n", "E103", None),
        (b"@a\nAC5T\n+\nIIII\n", "E109", 2),
        (gzip.compress(b"@a\nACGT\n+\nIIII\n" * 999)[:-9], "E104", None),
    ],
)
def test_damaged_single_reads_are_refused_instead_of_read_as_far_as_they_go(
    fake_task: Callable[..., Any], tmp_path: Path, text: bytes, code: str, line: int | None
) -> None:
    path = tmp_path / "single.fastq"
    path.write_bytes(text)
    with pytest.raises(MetapipeError) as refused:
        run(fake_task, (b"", b""), side={"single": path})
    assert (refused.value.code, refused.value.file) == (code, "single")
    assert line is None or refused.value.line == line


@pytest.mark.parametrize("length", [10, 100])
def test_a_single_pair_gives_no_contigs_and_says_so(fake_task: Callable[..., Any], length: int) -> None:
    reads = reads_of([genome(1, 200)], depth=1, length=100)
    one = [
        b"\n".join(part[:length] if row % 2 else part for row, part in enumerate(mates.split(b"\n")[:4]))
        for mates in reads
    ]
    contigs, notes = run(fake_task, (one[0] + b"\n", one[1] + b"\n"))
    assert contigs == b""
    assert notes["nothing_found"] == "no contig of 500 bases or more could be assembled"


def test_single_reads_that_are_not_fastq_are_refused(fake_task: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "single.fastq"
    path.write_bytes(b">a\nACGT\n")
    with pytest.raises(MetapipeError) as refused:
        run(fake_task, (b"", b""), side={"single": path})
    assert (refused.value.code, refused.value.file, refused.value.line) == ("E102", "single", 1)


@pytest.mark.parametrize(
    "k_list", ["29,59,99", "21,41,40", "20,40", "13,21", "21,257", "21;41", "21,,41", "41,21", "x", "²1"]
)
def test_k_mer_sizes_megahit_would_refuse_are_refused_before_it_starts(k_list: str) -> None:
    with pytest.raises(MetapipeError) as refused:
        Assemble().check(AssembleOptions(k_list=k_list))
    assert refused.value.code == "E701"
    assert "--k-list" in str(refused.value)


@pytest.mark.parametrize("k_list", ["", "21", "21,41,61,81", "27,55,83", "255"])
def test_k_mer_sizes_megahit_takes_pass(k_list: str) -> None:
    Assemble().check(AssembleOptions(k_list=k_list))


def test_a_preset_and_a_k_list_exclude_each_other() -> None:
    with pytest.raises(MetapipeError, match="either --k-list or --preset"):
        Assemble().check(AssembleOptions(k_list="21,41", preset="quick"))


def test_the_version_of_megahit_is_known() -> None:
    assert Assemble().tool_versions()["megahit"].count(".") == 2


@pytest.mark.parametrize(
    ("log", "code"),
    [
        ("b\"terminate called after throwing an instance of 'std::bad_alloc'\"", "E802"),
        ("Command: megahit_core seq2sdbg; Exit code -9", "E802"),
        ("Command: megahit_core seq2sdbg; Exit code -11", "E401"),
        ("Command: megahit_core seq2sdbg; Exit code -90", "E401"),
    ],
)
def test_out_of_memory_inside_megahit_is_known_from_its_log(tmp_path: Path, log: str, code: str) -> None:
    (tmp_path / "log").write_text(log)
    assert explained(MetapipeError("E401", "megahit ended with exit code 250"), tmp_path / "log", 2048).code == code


def test_a_failure_before_megahit_wrote_a_log_stays_what_it_is(tmp_path: Path) -> None:
    assert explained(MetapipeError("E403"), tmp_path / "log", 2048).code == "E403"
