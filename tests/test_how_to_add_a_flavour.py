"""docs/how-to-add-a-flavour.md does what it says: its files are put into a copy of the repository and tried there."""

from __future__ import annotations

from pathlib import Path

import pytest

from how_to_document import FLAVOUR_PAGE, Copy, deeds, deeds_of
from metapipe.errors import MetapipeError
from metapipe.instance import flavours

TYPED = deeds_of("run", "", page=FLAVOUR_PAGE)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy.make(tmp_path_factory.mktemp("how-to") / "metapipe", FLAVOUR_PAGE)


def test_every_block_of_the_page_is_a_deed() -> None:
    assert {deed.kind for deed in deeds(FLAVOUR_PAGE)} == {"file", "run"}
    assert {deed.target for deed in deeds_of("run", page=FLAVOUR_PAGE)} == {"", "in Galaxy"}


def test_what_the_page_types_prints_what_the_page_shows(copy: Copy) -> None:
    assert len(TYPED) == 1
    wrong = copy.type(TYPED[0], METAPIPE_HOME=str(copy.home))
    assert not wrong, "\n".join(wrong)


def test_the_flavour_has_its_own_and_all_of_the_other(copy: Copy) -> None:
    sea, metapipe = (flavours.read(copy.home, name) for name in ("sea", "metapipe"))
    assert sea.suites == {"metapipe": "META-pipe", "sea": "Sea course"}
    assert sea.workflows == metapipe.workflows
    assert sea.databases == metapipe.databases
    assert sea.bundled == {"Statistics": ("stats/grouping.xml",)}


@pytest.mark.parametrize("tool", ["../../etc/passwd.xml", "/etc/x.xml", "stats/grouping"])
def test_a_flavour_takes_no_tool_from_elsewhere(copy: Copy, tool: str) -> None:
    file = copy.home / "instance" / "flavours" / "odd.yml"
    file.write_text(f"title: Odd\nabout: Odd.\nbundled: {{Odd: [{tool}]}}\n")
    try:
        with pytest.raises(MetapipeError, match=r"E702 odd\.yml line 3: bundled\.Odd\.1"):
            flavours.read(copy.home, "odd")
    finally:
        Path(file).unlink()
