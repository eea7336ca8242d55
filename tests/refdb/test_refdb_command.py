from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from metapipe.commands.refdb import add_parser, run
from metapipe.errors import MetapipeError


def refdb(*words: object) -> tuple[int, list[str]]:
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers())
    lines: list[str] = []
    code = run(parser.parse_args(["refdb", *map(str, words)]), lines.append)
    return code, lines


def test_list_shows_what_is_installed_and_what_can_be(tiny_proteins: Path) -> None:
    code, lines = refdb("list")
    assert code == 0
    assert lines[0].startswith("metapipe-tiny-proteins:1  diamond  122.9 kB  A few proteins for tests  [")
    assert any(line.startswith("pfam-gecco:35.0  hmm  not installed") for line in lines[1:])


def test_list_as_json_is_for_programs(tiny_proteins: Path, tiny_domains: Path) -> None:
    _, lines = refdb("list", "--json")
    rows = json.loads("\n".join(lines))
    assert [row["value"] for row in rows] == ["metapipe-tiny-domains:1", "metapipe-tiny-proteins:1"]
    assert rows[0]["kind"] == "hmm"
    assert rows[0]["path"] == str(tiny_domains)
    assert len(rows[0]["digest"]) == 64


def test_verify_goes_on_after_a_damaged_database_and_fails(tiny_proteins: Path, tiny_domains: Path) -> None:
    (tiny_domains / "families.tsv").unlink()
    code, lines = refdb("verify")
    assert code == 66
    assert lines[0].startswith("METAPIPE-E203 families.tsv: database metapipe-tiny-domains:1")
    assert lines[1] == "metapipe-tiny-proteins:1 whole (all files hashed)"


def test_verify_says_when_nothing_has_changed(tiny_proteins: Path) -> None:
    refdb("verify", "metapipe-tiny-proteins")
    assert refdb("verify", "metapipe-tiny-proteins")[1] == [
        "metapipe-tiny-proteins:1 whole (unchanged since the last check)"
    ]
    assert refdb("verify", tiny_proteins, "--full")[1] == ["metapipe-tiny-proteins:1 whole (all files hashed)"]


def test_an_own_file_is_built_into_the_store_or_a_folder(store_root: Path, test_data: Path, tmp_path: Path) -> None:
    code, lines = refdb("build", "--kind", "diamond", "--fasta", test_data / "proteins.fasta", "--name", "own")
    assert code == 0
    assert (store_root / "own" / "1" / "manifest.json").is_file()
    assert lines[-1].startswith("own:1 88 proteins, ")
    refdb("build", "--fasta", test_data / "proteins.fasta", "--name", "own", "--output", tmp_path / "here")
    assert (tmp_path / "here" / "proteins.dmnd").is_file()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "give a recipe's name"),
        (["--fasta", "a.fasta"], "give a recipe's name"),
        (["--kind", "hmm", "--fasta", "a.fasta", "--name", "a"], "--kind hmm needs --hmm"),
    ],
)
def test_incomplete_orders_are_refused(store_root: Path, words: list[str], message: str) -> None:
    with pytest.raises(MetapipeError, match=f"METAPIPE-E701 {message}"):
        refdb("build", *words)


def test_install_takes_several(store_root: Path, test_data: Path) -> None:
    folders = [test_data / "refdb" / name / "1" for name in ("metapipe-tiny-proteins", "metapipe-tiny-domains")]
    code, lines = refdb("install", *folders)
    assert code == 0
    assert [line for line in lines if line.endswith(" installed")] == [
        "metapipe-tiny-proteins:1 installed", "metapipe-tiny-domains:1 installed",
    ]  # fmt: skip
