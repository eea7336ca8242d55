"""The reads in test-data/mapping are those of mapping_reads, and the tables what the stages make of them.

Make them anew with ``python tests/biomas/search/test_committed_mapping.py`` (with src, tests and tests/biomas on the
PYTHONPATH).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from made_reads import columns, fastq
from mapping_reads import DATA, DATABASE, read_pairs, single_reads

from fake_task import FakeTask
from metapipe.biomas.search.filter_matches import FilterMatches
from metapipe.biomas.search.map_amplicons import MapAmplicons
from metapipe.biomas.search.map_pairs import MapPairs

FOLDER = DATA / "mapping"


def made(work: Path) -> Iterator[tuple[str, bytes]]:
    reads, (first, second) = fastq(list(single_reads())), map(fastq, columns(list(read_pairs())))
    databases = {"amplicon": DATABASE}
    single = FakeTask(MapAmplicons(), work / "single", {"reads": reads}, databases=databases).run()["matches"]
    pairs = {"reads-1": first, "reads-2": second}
    paired = FakeTask(MapPairs(), work / "paired", pairs, databases=databases).run()["matches"]
    yield from (("unique.fastq", reads), ("pairs_1.fastq", first), ("pairs_2.fastq", second))
    yield from (("matches.tabular", single), ("matches_pairs.tabular", paired))
    by_bowtie2 = FakeTask(
        MapAmplicons(), work / "bowtie2", {"reads": reads}, databases=databases, engine="bowtie2"
    ).run()["matches"]
    yield "matches_bowtie2.tabular", by_bowtie2
    yield "kept.tabular", FakeTask(FilterMatches(), work / "kept", {"matches": by_bowtie2}).run()["kept"]


def test_committed_reads_and_tables_are_what_the_code_makes_today(tmp_path: Path) -> None:
    assert {name: (FOLDER / name).read_bytes() for name, _ in made(tmp_path / "a")} == dict(made(tmp_path / "b"))
    assert len(list(FOLDER.iterdir())) == 7


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        for file_name, content in made(Path(folder)):
            (FOLDER / file_name).write_bytes(content)
