"""Figures are well-formed SVG with every text escaped, drawn inside their frame."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metapipe.reporting.figures import WIDTH, Mark, Series, curves, histogram, tier_bar
from metapipe.reporting.svg import element, number


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=40), st.booleans())
def test_a_histogram_is_well_formed_and_stays_inside_its_frame(counts: list[int], log: bool) -> None:
    edges = [float(edge) for edge in range(1, len(counts) + 2)]
    drawing = histogram(
        edges,
        [Series("all", "after", tuple(counts))],
        title="t",
        x_name="x",
        y_name="y",
        log=log,
        mark=Mark(edges[-1], "N50 <b>"),
    )
    tree = ElementTree.fromstring(str(drawing))
    path = next(one for one in tree.iter("path")).attrib["d"]
    xs = [float(x) for x, _ in re.findall(r"[ML]([\d.]+) ([\d.]+)", path)]
    assert all(0 <= x <= WIDTH for x in xs)
    assert "N50 &lt;b&gt;" in drawing


def test_a_series_of_another_length_than_the_bins_is_refused() -> None:
    with pytest.raises(ValueError, match="one count per bin"):
        histogram([1, 2, 3], [Series("all", "after", (1,))], title="t", x_name="x", y_name="y")


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 10**6))
def test_every_tier_that_holds_a_gene_can_be_seen(one: int, two: int, three: int) -> None:
    tree = ElementTree.fromstring(str(tier_bar([(1, one), (2, two), (3, three)], title="t")))
    widths = {rect.attrib["class"]: float(rect.attrib["width"]) for rect in tree.iter("rect")}
    assert set(widths) == {f"tier-{tier}" for tier, count in ((1, one), (2, two), (3, three)) if count}
    assert all(width >= 3 for width in widths.values())
    ends = [float(rect.attrib["x"]) + float(rect.attrib["width"]) for rect in tree.iter("rect")]
    assert max(ends) <= 900.01


def test_curves_may_differ_in_length_and_be_a_single_point() -> None:
    drawing = curves(
        [("before", [30.0, 31.0]), ("after", [35.0])], title="t", x_name="position", y_name="quality", top=40
    )
    assert len(list(ElementTree.fromstring(str(drawing)).iter("path"))) == 2


def test_attributes_and_texts_are_escaped() -> None:
    drawn = element("text", "<script>", class_='a"b', x=-0.001)
    assert drawn == '<text class="a&#34;b" x="0">&lt;script&gt;</text>'
    assert number(1.5) == "1.5"
