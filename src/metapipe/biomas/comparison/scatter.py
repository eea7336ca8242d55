"""The map of the samples: the nearer two points, the more alike the samples."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from metapipe.reporting.axis import linear_ticks, percent
from metapipe.reporting.sample_rows import shortened
from metapipe.reporting.svg import drawing, element, label
from metapipe.taxa.dissimilarity import Ordination

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 1000.0, 64.0, 150.0, 24.0, 50.0
#: Above so many samples their names would hide each other: the table and the pointer name them.
MOST_NAMES = 40
_MOST_HIGH, _LEAST_HIGH = 520.0, 260.0


def scatter(samples: Sequence[str], numbers: Sequence[int], found: Ordination, *, title: str) -> Markup:
    """Return the map, both axes with one scale, so that distances are distances.

    :param samples: names of the points. :param numbers: of the samples on the page.
    """
    xs, ys = found.places[:, 0].tolist(), found.places[:, 1].tolist()
    x_ticks, y_ticks = linear_ticks(min(xs), max(xs), 6), linear_ticks(min(ys), max(ys), 6)
    room = WIDTH - LEFT - RIGHT
    scale = min(room / (x_ticks[-1] - x_ticks[0]), _MOST_HIGH / (y_ticks[-1] - y_ticks[0]))
    # A map much wider than high is centred on its second axis.
    high = max((y_ticks[-1] - y_ticks[0]) * scale, _LEAST_HIGH)
    middle_x, middle_y = (x_ticks[0] + x_ticks[-1]) / 2, (y_ticks[0] + y_ticks[-1]) / 2

    def at(x: float, y: float) -> tuple[float, float]:
        return LEFT + room / 2 + (x - middle_x) * scale, TOP + high / 2 - (y - middle_y) * scale

    made = _frame(room, high, [at(x, 0)[0] for x in x_ticks], [at(0, y)[1] for y in y_ticks], x_ticks, y_ticks)
    first, second = found.explained
    words = [f"axis {axis} ({percent(share, 1)} of the variation)" for axis, share in ((1, first), (2, second))]
    made.append(label(LEFT + room / 2, TOP + high + 38, words[0], "axis-name", "middle"))
    made.append(label(LEFT, 14, words[1], "axis-name"))
    points = [at(x, y) for x, y in zip(xs, ys, strict=True)]
    names = _names(points, samples) if len(samples) <= MOST_NAMES else [None] * len(samples)
    for point, name, sample, one in zip(points, names, numbers, samples, strict=True):
        circle = element(
            "circle", cx=point[0], cy=point[1], r=5, fill="#24489d", fill_opacity=0.75, stroke="#ffffff", stroke_width=1
        )
        said = label(name[0], name[1], shortened(one, 22), "point-name", "start") if name else Markup("")
        made.append(element("g", circle, said, class_="point", data_s=str(sample)))
    return drawing(WIDTH, TOP + high + BOTTOM, *made, title=title)


def _frame(
    room: float,
    high: float,
    xs: Sequence[float],
    ys: Sequence[float],
    x_ticks: Sequence[float],
    y_ticks: Sequence[float],
) -> list[Markup]:
    made = []
    for x, value in zip(xs, x_ticks, strict=True):
        made.append(element("line", x1=x, y1=TOP, x2=x, y2=TOP + high, class_="grid", stroke="#e3e8eb"))
        made.append(label(x, TOP + high + 18, f"{value:g}", "tick", "middle"))
    for y, value in zip(ys, y_ticks, strict=True):
        made.append(element("line", x1=LEFT, y1=y, x2=LEFT + room, y2=y, class_="grid", stroke="#e3e8eb"))
        made.append(label(LEFT - 8, y + 4, f"{value:g}", "tick", "end"))
    return made


def _names(points: Sequence[tuple[float, float]], samples: Sequence[str]) -> list[tuple[float, float] | None]:
    """Places of the names, right of the points; one that would lie on another moves down until it does not."""
    taken: list[tuple[float, float, float]] = []
    found: list[tuple[float, float] | None] = [None] * len(points)
    for at in sorted(range(len(points)), key=lambda at: (points[at][1], points[at][0], at)):
        x, y = points[at][0] + 9, points[at][1] + 4
        wide = 6.5 * len(shortened(samples[at], 22))
        while any(abs(y - other) < 12 and x < right and left < x + wide for left, right, other in taken):
            y += 1
        taken.append((x, x + wide, y))
        found[at] = (x, y)
    return found
