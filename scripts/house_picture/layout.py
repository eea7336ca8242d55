"""Where parts and arrows stand: floors one below the other, and room between parts for arrows that pass them by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from house_picture.tree import House, Part

WIDTH, MARGIN, TOP = 1200.0, 24.0, 76.0
#: Between neighbours on a floor; between arrows side by side; above and below the tracks between two floors.
GAP, LANE, AIR = 26.0, 18.0, 22.0
TRACK = 9.0

Arrow = tuple[str, str]


@dataclass
class Box:
    """A part as it stands, in pixels from the upper left corner."""

    part: Part
    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


@dataclass
class Layout:
    """Boxes by name, each arrow's corners from its tail to its head, and the height of it all."""

    boxes: dict[str, Box] = field(default_factory=dict)
    ways: dict[Arrow, list[tuple[float, float]]] = field(default_factory=dict)
    height: float = 0.0


def lay_out(house: House, height_of: Callable[[Part, float], float]) -> Layout:
    """Place everything. :param height_of: height of a part of this width."""
    house = in_order(house)
    floor_of = {part.name: row for row, floor in enumerate(house.floors) for part in floor}
    rough = {box.part.name: box.middle for row in range(len(house.floors)) for box in _floor(house, row, {})}
    gaps = _gaps(house, floor_of, rough)
    rows = [_floor(house, row, gaps) for row in range(len(house.floors))]
    lanes = {key: x for row in range(len(rows)) for key, x in _lanes(rows[row], row, gaps, rough).items()}
    points = {arrow: _points(arrow, floor_of, lanes) for arrow in house.arrows}
    boxes = {box.part.name: box for row in rows for box in row}
    tails, heads = _ports(house, boxes, points)
    made, y = Layout(boxes), TOP
    for row, row_boxes in enumerate(rows):
        for box in row_boxes:
            box.y, box.height = y, height_of(box.part, box.width)
        y += max(box.height for box in row_boxes)
        crossing = {}
        for arrow in house.arrows:
            upper, lower = floor_of[arrow[0]], floor_of[arrow[1]]
            if upper <= row < lower:
                crossing[arrow] = (
                    tails[arrow] if row == upper else lanes[arrow, row],
                    heads[arrow] if row + 1 == lower else lanes[arrow, row + 1],
                )
        tracks = _tracks(crossing)
        for arrow, (left, right) in crossing.items():
            tail = boxes[arrow[0]]
            way = made.ways.setdefault(arrow, [(left, tail.y + tail.height)])
            if arrow in tracks:
                level = y + AIR / 2 + TRACK * tracks[arrow]
                way += [(left, level), (right, level)]
        y += AIR * 1.5 + TRACK * (max(tracks.values(), default=0) + 1) if row + 1 < len(rows) else 0
    for arrow, way in made.ways.items():
        way.append((heads[arrow], boxes[arrow[1]].y))
    made.height = y + MARGIN
    return made


def in_order(house: House) -> House:
    """The same house with the parts of each floor in the order of what imports them, so that few arrows cross."""
    floors: list[tuple[Part, ...]] = []
    middle: dict[str, float] = {}
    for floor in house.floors:
        for box in _floor(House((floor,), ()), 0, {}):
            above = [middle[tail] for tail, head in house.arrows if head == box.part.name]
            middle[box.part.name] = sum(above) / len(above) if above else box.middle
        floors.append(tuple(sorted(floor, key=lambda part: middle[part.name])))
        middle.update({box.part.name: box.middle for box in _floor(House((floors[-1],), ()), 0, {})})
    return House(tuple(floors), house.arrows)


def _weight(part: Part) -> float:
    return 2.2 if len(part.layers) > 1 or sum(map(len, part.layers)) > 1 else 1.0


def _floor(house: House, row: int, gaps: Mapping[tuple[Arrow, int], int]) -> list[Box]:
    """The boxes of a floor with room for the arrows that pass; heights come later."""
    floor = house.floors[row]
    passing = [sum(1 for (_, at), gap in gaps.items() if at == row and gap == place) for place in range(len(floor) + 1)]
    room = WIDTH - 2 * MARGIN - GAP * (len(floor) - 1) - LANE * sum(passing)
    weights = [_weight(part) for part in floor]
    x, boxes = MARGIN + LANE * passing[0], []
    for part, weight, after in zip(floor, weights, passing[1:], strict=True):
        width = room * weight / sum(weights)
        boxes.append(Box(part, x, 0.0, width, 0.0))
        x += width + GAP + LANE * after
    return boxes


def _gaps(house: House, floor_of: Mapping[str, int], rough: Mapping[str, float]) -> dict[tuple[Arrow, int], int]:
    """For each arrow and each floor that it passes: before which of the floor's boxes."""
    gaps: dict[tuple[Arrow, int], int] = {}
    for arrow in house.arrows:
        upper, lower = floor_of[arrow[0]], floor_of[arrow[1]]
        at, aim = rough[arrow[0]], rough[arrow[1]]
        for row in range(upper + 1, lower):
            boxes = _floor(house, row, {})
            edges = [
                boxes[0].x,
                *((a.x + a.width + b.x) / 2 for a, b in pairwise(boxes)),
                boxes[-1].x + boxes[-1].width,
            ]
            detours = [abs(edge - at) + abs(edge - aim) for edge in edges]
            gaps[arrow, row] = detours.index(min(detours))
            at = edges[gaps[arrow, row]]
    return gaps


def _lanes(
    boxes: list[Box], row: int, gaps: Mapping[tuple[Arrow, int], int], rough: Mapping[str, float]
) -> dict[tuple[Arrow, int], float]:
    """Where each arrow that passes a floor does so: side by side in its gap, in the order of where it goes."""
    lanes = {}
    for place in range(len(boxes) + 1):
        inside = [arrow for (arrow, at), gap in gaps.items() if at == row and gap == place]
        inside.sort(key=lambda arrow: (rough[arrow[1]], rough[arrow[0]], arrow))
        before = boxes[place - 1].x + boxes[place - 1].width + GAP / 2 if place else MARGIN - LANE / 2
        lanes.update({(arrow, row): before + LANE * (number + 0.5) for number, arrow in enumerate(inside)})
    return lanes


def _points(arrow: Arrow, floor_of: Mapping[str, int], lanes: Mapping[tuple[Arrow, int], float]) -> list[float]:
    return [lanes[arrow, row] for row in range(floor_of[arrow[0]] + 1, floor_of[arrow[1]])]


def _ports(
    house: House, boxes: Mapping[str, Box], points: Mapping[Arrow, list[float]]
) -> tuple[dict[Arrow, float], dict[Arrow, float]]:
    """Where each arrow leaves the one box and meets the other: straight above or below where it goes, if it can."""
    wanted_tail, wanted_head = {}, {}
    for arrow in house.arrows:
        tail, head = boxes[arrow[0]], boxes[arrow[1]]
        low, high = max(tail.x, head.x), min(tail.x + tail.width, head.x + head.width)
        shared = (low + high) / 2 if low < high else None
        way = points[arrow]
        wanted_tail[arrow] = way[0] if way else shared if shared is not None else head.middle
        wanted_head[arrow] = way[-1] if way else shared if shared is not None else tail.middle
    return _spread(wanted_tail, boxes, 0), _spread(wanted_head, boxes, 1)


def _spread(wanted: Mapping[Arrow, float], boxes: Mapping[str, Box], end: int) -> dict[Arrow, float]:
    """Keep the arrows at one side of a box within it and apart from each other."""
    placed: dict[Arrow, float] = {}
    for name, box in boxes.items():
        own = sorted((arrow for arrow in wanted if arrow[end] == name), key=lambda arrow: (wanted[arrow], arrow))
        low, high = box.x + LANE, box.x + box.width - LANE
        at = low - LANE
        for number, arrow in enumerate(own):
            left = high - LANE * (len(own) - 1 - number)  # the others need their place as well
            at = min(max(at + LANE, wanted[arrow], low), left)
            placed[arrow] = at
    return placed


def _tracks(crossing: Mapping[Arrow, tuple[float, float]]) -> dict[Arrow, int]:
    """Levels for the level pieces between two floors: two that overlap lie on different ones."""
    tracks: dict[Arrow, int] = {}
    for arrow, (left, right) in sorted(crossing.items(), key=lambda item: (min(item[1]), item)):
        if abs(left - right) < 0.5:
            continue
        taken = {
            level
            for other, level in tracks.items()
            if max(min(crossing[other]), min(left, right)) <= min(max(crossing[other]), max(left, right)) + LANE
        }
        tracks[arrow] = next(level for level in range(len(crossing)) if level not in taken)
    return tracks
