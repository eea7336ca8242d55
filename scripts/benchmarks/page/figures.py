"""The figures of docs/benchmarks.md: SVG files without time stamps, so that the same results draw the same bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.hashsalt": "metapipe", "svg.fonttype": "none", "font.size": 9, "axes.axisbelow": True})
from matplotlib import pyplot  # noqa: E402  (the back-end is chosen first)

#: Told apart without colour vision, too (Okabe and Ito).
COLOURS = ("#999999", "#000000", "#D55E00", "#0072B2", "#56B4E9", "#009E73", "#CC79A7", "#F0E442")
_GENERIC = "the program's own threads"


def draw_all(sections: Any, folder: Path) -> dict[str, str]:
    """Draw what there are results for; returns figure name -> file name."""
    found: dict[str, str] = {}
    if sections.get("compare"):
        found["compare"] = _save(_compare(sections["compare"]), folder / "compare.svg")
    if "skew" in sections.get("skew", {}):
        found["skew"] = _save(_skew(sections["skew"]["skew"]), folder / "skew.svg")
    if "input" in sections.get("scaling", {}):
        found["scaling"] = _save(_scaling(sections["scaling"]["input"]), folder / "scaling.svg")
    return found


def _save(figure: Any, path: Path) -> str:
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None}, bbox_inches="tight")
    pyplot.close(figure)
    return path.name


def _compare(workloads: Any) -> Any:
    figure, panels = pyplot.subplots(1, len(workloads), figsize=(3.4 * len(workloads), 2.9), squeeze=False)
    for panel, (name, results) in zip(panels[0], workloads.items(), strict=True):
        variants = results["variants"]
        names = [_GENERIC if variant == results["native"] else variant for variant in variants]
        walls = [values["wall_seconds"] for values in variants.values()]
        middle = [wall["median"] for wall in walls]
        low = [wall["median"] - wall["first_quartile"] for wall in walls]
        high = [wall["third_quartile"] - wall["median"] for wall in walls]
        colours = [COLOURS[_order(one) % len(COLOURS)] for one in names]
        panel.barh(range(len(names)), middle, xerr=[low, high], color=colours, ecolor="#666666", capsize=2)
        panel.set_yticks(range(len(names)), names)
        panel.invert_yaxis()
        panel.grid(axis="x", color="#dddddd")
        panel.set_title(name)
        panel.set_xlabel("wall time, s")
    figure.tight_layout()
    return figure


def _order(name: str) -> int:
    known = (_GENERIC, "GNU parallel", "RDD.pipe", "ours, cold", "ours, warm", "ours, the real stage")
    return known.index(name) if name in known else 6


def _skew(results: Any) -> Any:
    figure, panel = pyplot.subplots(figsize=(5.2, 3.2))
    for colour, (name, curve) in zip(
        COLOURS[3:4] + COLOURS[1:3] + COLOURS[6:], results["makespan_over_ideal"].items(), strict=False
    ):
        slots = sorted(curve, key=int)
        panel.plot(
            [int(slot) for slot in slots],
            [curve[slot] for slot in slots],
            marker="o",
            markersize=3,
            label=name,
            color=colour,
        )
    panel.set_xscale("log", base=2)
    panel.set_yscale("log")
    panel.set_xticks([1, 4, 16, 64, 256, 1024], ["1", "4", "16", "64", "256", "1,024"])
    panel.set_xlabel("slots (simulated)")
    panel.set_ylabel("makespan over the ideal")
    panel.grid(color="#dddddd")
    panel.legend(fontsize=8, frameon=False)
    return figure


def _scaling(results: Any) -> Any:
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(7.0, 2.8))
    factors = sorted(int(name[1:]) for name in results["variants"])
    left.plot(
        factors, [results["variants"][f"x{f}"]["wall_seconds"]["median"] for f in factors], marker="o", color=COLOURS[3]
    )
    left.set_xlabel("input, times 100 MB of FASTQ")
    left.set_ylabel("wall time, s")
    roles = list(next(iter(results["peak_mib"].values())))
    for colour, role in zip(COLOURS[2:], roles, strict=False):
        right.plot(factors, [results["peak_mib"][f"x{f}"][role] for f in factors], marker="o", label=role, color=colour)
    right.set_xlabel("input, times 100 MB of FASTQ")
    right.set_ylabel("peak memory, MiB")
    right.legend(fontsize=8, frameon=False)
    for panel in (left, right):
        panel.set_ylim(bottom=0)
        panel.grid(color="#dddddd")
    figure.tight_layout()
    return figure
