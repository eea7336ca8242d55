"""The taxonomy that reads are placed in: lowest common ancestors, lineages, numbers that were given up."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metapipe.errors import MetapipeError
from metapipe.taxa.ancestry import Ancestry, read_ancestry


def write(folder: Path, parents: dict[int, int], merged: str | None = None) -> Path:
    rows = [f"{taxid}\t{parent or ''}\tclade\ttaxon {taxid}\t\n" for taxid, parent in parents.items()]
    (folder / "taxonomy.tsv").write_text("#taxid\tparent\trank\tname\tflags\n" + "".join(rows))
    if merged is not None:
        (folder / "merged.tsv").write_text(merged)
    return folder


TREES = st.lists(st.integers(0, 1000), min_size=1, max_size=30).map(
    lambda draws: {1: 0} | {place + 2: draw % (place + 1) + 1 for place, draw in enumerate(draws)}
)


def way(parents: dict[int, int], taxid: int) -> list[int]:
    found = [taxid]
    while parents[found[-1]]:
        found.append(parents[found[-1]])
    return found[::-1]


@given(parents=TREES, data=st.data())
def test_the_common_taxon_is_the_last_that_all_lineages_share(
    parents: dict[int, int], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    tree = read_ancestry(write(tmp_path_factory.mktemp("tree"), parents))
    chosen = data.draw(st.lists(st.sampled_from(sorted(parents)), min_size=1))
    ways = [way(parents, taxid) for taxid in chosen]
    shared = [steps[0] for steps in zip(*ways, strict=False) if len(set(steps)) == 1]
    common = tree.common(tree.numbers[taxid] for taxid in chosen)
    assert tree.taxids[common] == shared[-1]
    assert [tree.taxids[number] for number in tree.lineage(common)] == shared
    assert tree.lineage_text(common) == ";".join(f"{taxid}:clade:taxon {taxid}" for taxid in shared)


def test_numbers_that_were_merged_lead_to_the_taxon_and_others_nowhere(tmp_path: Path) -> None:
    tree: Ancestry = read_ancestry(write(tmp_path, {1: 0, 5: 1}, "#taxid\tnow\n77\t5\n88\t6\n5\t1\n"))
    assert tree.numbers[77] == tree.numbers[5]
    assert 88 not in tree.numbers
    assert tree.taxids[tree.numbers[5]] == 5


@pytest.mark.parametrize(
    ("merged", "words"),
    [
        ("", "expected a header line"),
        ("#taxid\tnow\n77\tx\n", "merged.tsv line 2: expected a taxid"),
        ("#taxid\tnow\n77\n", "merged.tsv line 2: expected 2 columns"),
    ],
)
def test_a_damaged_table_of_merged_numbers_is_refused(merged: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(MetapipeError, match=f"METAPIPE-E206 .*{words}"):
        read_ancestry(write(tmp_path, {1: 0}, merged))
