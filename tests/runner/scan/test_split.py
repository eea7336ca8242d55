"""Halves of a block: together its bytes, each with its own records, letters and line numbers, packed or not."""

from __future__ import annotations

import gzip
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from test_scan import bgzf, fasta_text, fastq_text, multi_member

from metapipe.runner.blocks.block import Block
from metapipe.runner.declare.records import fasta_records, fastq_records
from metapipe.runner.run.inputs import StageInput
from metapipe.runner.scan.scan import scan_file

PACK = {
    "plain": lambda text: text,
    "gz": gzip.compress,
    "members": lambda t: multi_member(t, 7),
    "bgzf": lambda t: bgzf(t, 9),
}


def halves(scanned: StageInput, block: Block) -> list[Block]:
    """All single-record blocks, cut as bisection would."""
    parts = scanned.split(block)
    if len(parts) == 1:
        assert block.records < 2
        return [block]
    first, second = parts
    assert (*block.key, 0) == first.key
    assert (*block.key, 1) == second.key
    assert first.records + second.records == block.records
    assert first.residues + second.residues == block.residues
    assert first.first_record == block.first_record
    assert second.first_record == block.first_record + first.records
    for whole, left, right in zip(block.ranges, first.ranges, second.ranges, strict=True):
        assert b"".join(whole.chunks()) == b"".join(left.chunks()) + b"".join(right.chunks())
    return [*halves(scanned, first), *halves(scanned, second)]


@settings(max_examples=60)
@given(
    case=st.one_of(fasta_text().map(lambda c: ("fasta", *c)), fastq_text().map(lambda c: ("fastq", *c))),
    packing=st.sampled_from(sorted(PACK)),
)
def test_bisection_ends_at_every_single_record(
    case: tuple[str, bytes, list[tuple[bytes, bytes]]], packing: str, tmp_path: Path
) -> None:
    form, text, records = case
    path = tmp_path / "input"
    path.write_bytes(PACK[packing](text))
    scanned = StageInput(form, (scan_file(path, "x", form, spool=tmp_path),), ("x",))
    (block,) = scanned.blocks((0, len(scanned.weights)))
    singles = halves(scanned, block)
    assert len(singles) == len(records)
    reader = fasta_records if form == "fasta" else fastq_records
    at = text.index(b">" if form == "fasta" else b"@")
    for number, (single, (name, sequence)) in enumerate(zip(singles, records, strict=True)):
        (extent,) = single.ranges
        assert extent.line == text.count(b"\n", 0, at) + 1
        at += extent.length
        (record,) = reader(extent.chunks(), single.first_record)
        assert (record.name.encode(), record.sequence, record.index) == (name, sequence, number)
        assert single.residues == len(sequence)
    assert [single.key for single in singles] == sorted(single.key for single in singles)
    assert [single.name for single in singles] == sorted(single.name for single in singles)


def test_pairs_are_halved_in_both_files_at_once(tmp_path: Path) -> None:
    scans = []
    for mate in (1, 2):
        path = tmp_path / f"{mate}.fastq"
        path.write_bytes(b"".join(b"@r%d\n%s\n+\n%s\n" % (i, b"A" * (i * mate), b"I" * (i * mate)) for i in range(9)))
        scans.append(scan_file(path, "x", "fastq", by_records=True))
    scanned = StageInput("fastq", tuple(scans), ("a", "b"))
    (block,) = scanned.blocks((0, len(scanned.weights)))
    for number, single in enumerate(halves(scanned, block)):
        first, second = (next(fastq_records(extent.chunks(), 0)) for extent in single.ranges)
        assert first.name == second.name == f"r{number}"
        assert single.residues == 3 * number
