"""`metapipe instance fetch`: one folder for all requests, filled part by part; registries are not asked here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from metapipe.commands.instances import fetch as fetching
from metapipe.commands.instances.places import Asked, Places
from metapipe.errors import MetapipeError
from metapipe.instance import folder
from metapipe.instance.offline import contents, debian, python
from metapipe.instance.request import Hosts, Request

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    """A build folder of the test's, where registries are files that the parts are made of."""
    monkeypatch.setenv("METAPIPE_REFDB", str(tmp_path / "refdb"))
    monkeypatch.setenv("METAPIPE_DOWNLOADS", str(tmp_path / "downloads"))
    monkeypatch.setattr(debian, "demand_debian_12", lambda: None)
    monkeypatch.setattr(python, "demand_series", lambda _python: None)

    def put(place: Path, name: str) -> None:
        place.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(name)

    def obtain(aliases: Iterable[str], say: Any) -> dict[str, Path]:
        say("downloading")
        for alias in aliases:
            put(tmp_path / "downloads" / "files" / alias, "source.gz")
        return {alias: tmp_path / "downloads" / "files" / alias / "source.gz" for alias in aliases}

    def install(_self: Places, _tell: Any, _option: str, place: str) -> None:
        put(Path(place), "viewer.tgz")

    def wheels(_pip: Sequence[str], locks: Sequence[Path], place: Path, _tell: Any) -> None:
        for lock in locks:
            put(place, f"{lock.stem}.whl")

    monkeypatch.setattr(debian, "fetch", lambda names, place, _tell: put(place, f"{len(names)}.deb"))
    monkeypatch.setattr(python, "fetch", wheels)
    monkeypatch.setattr(python, "fetch_builders", lambda _pip, _wheels, _home, place, _tell: put(place, "uv.whl"))
    monkeypatch.setattr(Places, "install", install)
    monkeypatch.setattr(fetching, "obtain", obtain)
    return Places(CHECKOUT, tmp_path / "build")


def asked(places: Places, *databases: str, cache: str | None = None) -> Asked:
    hosts = Hosts(head="h1", user="op", offline=True, cache=cache)
    request = Request(
        name="lab", flavour="mmg", target="hosts", hosts=hosts, admin="a@lab.example", databases=list(databases)
    )
    return Asked(request, Path("lab.yml"), folder.of(places.build, "lab"), None)


def test_a_folder_is_filled_part_by_part_and_then_counts(places: Places) -> None:
    told: list[str] = []
    request = asked(places, "ec-proteins:1")
    fetching.fetch(places, request, None, told.append)
    assert [line for line in told if line.startswith("[")] == [
        "[1/5] packages of Debian",
        "[2/5] packages of Python",
        "[3/5] what builds them",
        "[4/5] viewers of Galaxy",
        "[5/5] sources of databases",
    ]
    found = contents.demand(places.build / "offline", fetching.wanted_of(places, request), "lab.yml")
    assert {name.partition("/")[0] for name in found.files} == {"apt", "wheels", "build", "viewers", "downloads"}
    assert {"wheels/metapipe.whl", "wheels/galaxy.whl"} <= found.files.keys()


def test_what_one_request_got_stays_for_it_when_another_gets_more(places: Places) -> None:
    first, second = asked(places, "ec-proteins:1"), asked(places, "pfam-gecco:35.0")
    for each in (first, second):
        fetching.fetch(places, each, None, lambda _line: None)
    for each in (first, second):
        contents.demand(places.build / "offline", fetching.wanted_of(places, each), "lab.yml")


def test_sources_that_no_recipe_names_any_more_go(places: Places) -> None:
    old = places.build / "offline" / "downloads" / "files" / "old" / "source.gz"
    old.parent.mkdir(parents=True)
    old.write_text("of an older recipe")
    fetching.fetch(places, asked(places, "ec-proteins:1"), None, lambda _line: None)
    assert not old.exists()


def test_what_ends_early_does_not_count_and_goes_on(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    request = asked(places, "ec-proteins:1")
    fetching.fetch(places, request, None, lambda _line: None)

    def gone(*_words: Any) -> None:
        raise MetapipeError("E207", "packages of Python: no answer")

    with monkeypatch.context() as away:
        away.setattr(python, "fetch", gone)
        with pytest.raises(MetapipeError, match="no answer"):
            fetching.fetch(places, request, None, lambda _line: None)
    with pytest.raises(MetapipeError, match="lacks, for hosts without a network, all of it"):
        contents.demand(places.build / "offline", fetching.wanted_of(places, request), "lab.yml")
    fetching.fetch(places, request, None, lambda _line: None)
    contents.demand(places.build / "offline", fetching.wanted_of(places, request), "lab.yml")


def test_another_folder_is_that_of_the_request_or_of_the_command(places: Places, tmp_path: Path) -> None:
    fetching.fetch(places, asked(places, cache=str(tmp_path / "one")), None, lambda _line: None)
    fetching.fetch(places, asked(places), tmp_path / "two", lambda _line: None)
    assert contents.read(tmp_path / "one") is not None
    assert contents.read(tmp_path / "two") is not None
    assert not (places.build / "offline").exists()


def test_two_commands_do_not_fill_one_folder(places: Places) -> None:
    place = places.build / "offline"
    with folder.only_one(place / ".fetch", str(place)), pytest.raises(MetapipeError, match=f"E602 .* works on {place}"):
        fetching.fetch(places, asked(places), None, lambda _line: None)


def test_an_instance_on_this_machine_needs_none_of_it(places: Places) -> None:
    request = Request(name="lab", flavour="mmg", target="here", admin="a@lab.example")
    here = Asked(request, Path("lab.yml"), folder.of(places.build, "lab"), None)
    with pytest.raises(MetapipeError, match="E701 target, expected hosts, found 'here'"):
        fetching.fetch(places, here, None, lambda _line: None)
