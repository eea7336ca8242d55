"""docs/how-to-add-a-stage.md does what it says: its files are put into a copy of the repository and tried there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from how_to_document import HOME, PAGE, Copy, Deed, deeds, deeds_of

STAGE = "src/metapipe/stages/assembly/measure_contigs.py"
TYPED = deeds_of("run", "")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy.make(tmp_path_factory.mktemp("how-to") / "metapipe")


@pytest.fixture(scope="module")
def wrong(copy: Copy) -> dict[int, list[str]]:
    """What is not as the page says, for every block typed so far."""
    return {}


def test_every_block_of_the_page_is_a_deed_or_is_plain_to_see_as_none() -> None:
    assert {deed.kind for deed in deeds()} == {"file", "edit", "run", ""}
    assert [deed.language for deed in deeds() if not deed.kind] == ["sh"]
    assert {deed.target for deed in deeds_of("run")} == {"", "in Galaxy", "with sea-stages"}
    assert all(deed.commands for deed in deeds_of("run"))


def test_the_stage_is_declared_in_about_thirty_lines() -> None:
    (stage,) = deeds_of("file", STAGE)
    assert len([line for line in stage.text.splitlines() if line.strip()]) <= 36


@pytest.mark.parametrize("number", range(len(TYPED)), ids=[deed.commands[0][0][:40] for deed in TYPED])
def test_what_the_page_types_prints_what_the_page_shows(number: int, copy: Copy, wrong: dict[int, list[str]]) -> None:
    for earlier in range(number + 1):  # a block goes on where the one before it ended
        if earlier not in wrong:
            wrong[earlier] = copy.type(TYPED[earlier])
    assert not wrong[number], "\n".join(wrong[number])


def test_the_stage_gives_the_same_bytes_on_any_number_of_blocks(copy: Copy, tmp_path: Path) -> None:
    """With options that change them. On Spark with 7 blocks, the page does it; on more numbers, its own test."""

    def measure(session: str, blocks: int) -> dict[str, bytes]:
        folder = tmp_path / f"{session}-{blocks}"
        options = ["--letters", "AT", "--gc-skew", "--session", session, "--blocks", str(blocks), "--slots", "2"]
        argv = ["measure_contigs", "--contigs", "test-data/contigs.fasta.gz", *options, "--outdir", str(folder)]
        ran = subprocess.run(
            [sys.executable, "-m", "metapipe.cli", *argv],
            cwd=copy.home,
            env=copy.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return {name: (folder / name).read_bytes() for name in ("table.tsv", "summary.json")}

    whole = measure("inline", 1)
    assert measure("inline", 2) == whole
    assert measure("inline", 7) == whole
    assert measure("local", 2) == whole


def test_the_copy_keeps_the_rules_of_the_house(copy: Copy) -> None:
    ruff = [Path(sys.executable).parent / "ruff"]
    files = [deed.target for deed in deeds() if deed.kind in ("file", "edit") and deed.target.endswith(".py")]
    inside = [name for name in dict.fromkeys(files) if not name.startswith("..")]
    for words in (["check", *inside], ["format", "--check", *inside]):
        ran = subprocess.run([*ruff, *words], cwd=copy.home, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    tests = ["tests/test_house_rules.py", "-k", "declared or registry or drawer"]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", *tests],
        cwd=copy.home,
        env=copy.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout


def test_a_slip_is_the_sentence_that_the_page_shows(copy: Copy, tmp_path: Path) -> None:
    (stage,) = deeds_of("file", STAGE)
    text = stage.text.replace("{options.letters}", "{options.leters}")
    assert text != stage.text
    (tmp_path / "slip.py").write_text(text)
    ran = subprocess.run(
        [sys.executable, "slip.py"], cwd=tmp_path, env=copy.environment(), capture_output=True, text=True
    )
    shown = re.search(r"`TypeError: stage …(.*?)`", PAGE.read_text(), re.DOTALL)
    assert shown
    assert ran.stderr.splitlines()[-1].endswith(" ".join(shown[1].split()))


def test_a_stage_in_a_package_of_its_own_is_a_command(copy: Copy) -> None:
    package = copy.home.parent / "sea-stages"
    site = copy.home.parent / "site"
    site.mkdir()
    code = f"from setuptools import build_meta; build_meta.prepare_metadata_for_build_wheel({str(site)!r})"
    # What an installation leaves behind: the package's description; the modules are found in its folder.
    subprocess.run([sys.executable, "-c", code], cwd=package, capture_output=True, check=True)
    (typed,) = deeds_of("run", "with sea-stages")
    wrong = copy.type(typed, site, package / "src")
    assert not wrong, "\n".join(wrong)


def test_links_of_the_page_lead_somewhere() -> None:
    text = PAGE.read_text()
    headings = {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in headings, target
        elif not target.startswith("https://doi.org/"):
            assert (PAGE.parent / target).exists(), target


def test_the_page_is_found_from_where_contributors_begin() -> None:
    assert "docs/how-to-add-a-stage.md" in (HOME / "CONTRIBUTING.md").read_text()


def test_the_page_leaves_the_repository_as_it_is(copy: Copy) -> None:
    assert not (HOME / STAGE).exists()
    assert isinstance(deeds()[0], Deed)
    assert copy.home != HOME
