"""Which lane a job takes."""

from decimal import Decimal
from types import SimpleNamespace

import pytest
from lanes.by_size import lane

import galaxy

MIB = 1 << 20
BUNDLED = f"{next(iter(galaxy.__path__))}/tools/filters/headWrapper.xml"


def choose(tool: str, *inputs: tuple[str, int], file: str = "/somewhere/tool.xml") -> str:
    files = [(ext, SimpleNamespace(get_size=lambda size=size: Decimal(size))) for ext, size in inputs]  # as PostgreSQL
    datasets = [SimpleNamespace(extension=ext, dataset=file) for ext, file in files]
    job = SimpleNamespace(input_datasets=[SimpleNamespace(dataset=found) for found in (*datasets, None)])
    return lane(SimpleNamespace(id=tool, config_file=file), job)


@pytest.mark.parametrize(
    ("tool", "inputs", "expected"),
    [
        ("metapipe_filter_contigs", [("fasta", MIB)], "quick"),
        ("metapipe_filter_contigs", [("fasta", MIB), ("fasta", 2 * MIB)], "local"),
        ("metapipe_trim_reads", [("fastqsanger.gz", MIB)], "local"),
        ("metapipe_search_proteins", [("fasta", 10)], "local"),
        ("biomas_map_pairs", [("fastqsanger", 10)], "local"),
        ("somebodys_own_tool", [], "local"),
    ],
)
def test_stages_of_seconds_are_quick(tool: str, inputs: list[tuple[str, int]], expected: str) -> None:
    assert choose(tool, *inputs) == expected


@pytest.mark.parametrize(("size", "expected"), [(10, "quick"), (100 * MIB, "quick"), (300 * MIB, "local")])
def test_galaxys_own_tools_are_quick_up_to_much_more(size: int, expected: str) -> None:
    assert choose("Show beginning1", ("tabular", size), file=BUNDLED) == expected
