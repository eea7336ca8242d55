"""The picture to embed: a light PNG of one width, the same bytes every time, whatever is known and named."""

from __future__ import annotations

import itertools
import json
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import report_samples as samples
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.image import imread
from test_annotation_report import empty_analysis

from metapipe.reporting import picture as drawing
from metapipe.reporting.figures import Series, histogram, tier_bar
from metapipe.reporting.picture import Picture, drawable, own_settings, shortened, text_width, wrapped
from metapipe.reporting.summaries import parse
from metapipe.stages.report import overview as module
from metapipe.stages.report.gene_table import tally
from metapipe.stages.report.overview import overview
from metapipe.stages.report.steps import STEPS

TEAL = np.array([15, 118, 110]) / 255


def picture_of(summaries: dict[str, dict[str, Any]], rows: list[list[str]] | None = None, title: str = "") -> bytes:
    read = {stage: [parse(json.dumps(value).encode(), stage, STEPS)] for stage, value in summaries.items()}
    counts = None if rows is None else tally(samples.table(rows).splitlines(keepends=True), "table", 10)
    return overview(read, counts, title=title)


def size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def chunks(png: bytes) -> list[bytes]:
    found, at = [], 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        found.append(png[at + 4 : at + 8])
        at += 12 + length
    return found


def pixels(png: bytes, folder: Path) -> Any:
    path = folder / "picture.png"
    path.write_bytes(png)
    return imread(path)[:, :, :3]


@contextmanager
def few_pixels() -> Iterator[None]:
    """Draw everything, with a hundredth of the pixels: most of a picture's time is that of its pixels."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawing, "DENSITY", 0.25)
        yield


class Words:
    """Notes what is written on pictures."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.all: list[str] = []
        plain = Picture.words

        def noted(picture: Picture, x: float, y: float, text: str, *rest: Any, **more: Any) -> None:
            self.all.append(text)
            plain(picture, x, y, text, *rest, **more)

        monkeypatch.setattr(Picture, "words", noted)

    @property
    def text(self) -> str:
        return " ".join(self.all)


@pytest.fixture
def words(monkeypatch: pytest.MonkeyPatch) -> Words:
    return Words(monkeypatch)


def test_the_picture_shows_counts_tiers_functions_and_distributions(words: Words, tmp_path: Path) -> None:
    png = picture_of(samples.full(), samples.rows())
    assert size(png)[0] == 1800
    for said in ("Annotation of Fram Strait 40 m", "61,728", "How sure are the functions?", "Tier 1: 644 genes, 62 %"):
        assert said in words.text
    for title in (*module.FIGURES, *module.LISTS):
        assert title in words.text
    seen = pixels(png, tmp_path)
    assert (seen[0, 0] > 0.9).all(), "the ground is light, whatever page it is embedded in"
    assert (np.abs(seen - TEAL).max(axis=2) < 0.02).mean() > 0.02


def test_the_picture_is_made_from_any_subset_of_summaries() -> None:
    everything = samples.full(genes=60)
    with few_pixels():
        for stages in [*itertools.combinations(samples.STAGES, 1), *itertools.combinations(samples.STAGES, 6), ()]:
            assert size(picture_of({stage: everything[stage] for stage in stages}))[0] == 180


def test_an_empty_result_is_a_picture_that_says_nothing_found_and_why(words: Words) -> None:
    png = picture_of(empty_analysis(), [])
    assert "Nothing found. No contig of at least 1,000 bp was found." in words.text
    assert "How sure are the functions?" not in words.text
    assert size(png)[1] < 1600


def test_the_picture_carries_neither_date_nor_program(words: Words) -> None:
    assert set(chunks(picture_of({}))) == {b"IHDR", b"pHYs", b"IDAT", b"IEND"}
    assert "left no counts" in words.text


def test_a_users_settings_of_matplotlib_change_nothing() -> None:
    import matplotlib

    everything, rows = samples.full(genes=60), samples.rows(60)
    with few_pixels():
        first = picture_of(everything, rows)
        with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "black", "lines.antialiased": False}):
            assert picture_of(everything, rows) == first


# Many names in one picture: a picture takes longer than its names.
@settings(max_examples=6)
@given(st.text(max_size=200), st.lists(st.text(max_size=200), min_size=1, max_size=8, unique=True))
def test_any_name_can_be_drawn(title: str, products: list[str]) -> None:
    everything = {"annotate": samples.full(genes=30)["annotate"]}
    everything["annotate"]["results"]["products"] = dict.fromkeys(products, 3)
    with few_pixels():
        assert size(picture_of(everything, title=title))[0] == 180


def test_names_are_one_line_and_no_formula(words: Words) -> None:
    picture_of({}, title="$x_1$\n\x00 \ud800海 <b>")
    assert "$x_1$ ?? <b>" in [drawable(text, bold=True) for text in words.all] or "$x_1$ ? <b>" in words.all


@given(st.text(max_size=80), st.floats(8, 30), st.floats(60, 900), st.booleans())
def test_shortened_text_fits(text: str, size: float, room: float, bold: bool) -> None:
    assert text_width(shortened(text, size, room, bold), size, bold) <= room + 0.01


@given(st.text(alphabet="ab cd efg", max_size=300), st.integers(1, 5))
def test_wrapped_lines_fit_and_lose_no_word_but_in_the_last_line(text: str, most: int) -> None:
    lines = wrapped(text, 12, 100, most=most)
    assert len(lines) <= most
    assert all(text_width(line, 12) <= 100.01 for line in lines)
    if not any(line.endswith("…") for line in lines):
        assert " ".join(lines).split() == text.split()


def test_the_pages_drawings_come_out_in_their_colours(tmp_path: Path) -> None:
    with own_settings():
        picture = Picture(400)
        height = picture.drawing(tier_bar([(1, 1), (2, 1), (3, 0)], title="t"), 0, 0, 720)
        assert height == pytest.approx(27.2)
        one = histogram([0, 1, 2], [Series("all", "after", (1, 4))], title="t", x_name="x", y_name="y")
        assert picture.drawing(one, 0, 100, 440) == pytest.approx(232)
        seen = pixels(picture.png(), tmp_path)
    assert seen[34, 450] == pytest.approx(TEAL, abs=0.01)
    assert seen[34, 1400] == pytest.approx(np.array([0x74, 0xBD, 0xB3]) / 255, abs=0.01)
    high, low = seen[250 + 150, 750], seen[250 + 150, 250]
    assert high[0] < 0.4
    assert low[0] > 0.9
