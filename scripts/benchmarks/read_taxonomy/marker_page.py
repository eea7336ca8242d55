"""docs/benchmarks/marker-profile.md from its JSON file. The same file gives the same page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.results import read

_HEAD = """# Who is there: marker genes against classified reads

Made by `scripts/bench marker-profile` from [marker-profile.json](marker-profile.json). Communities and databases are
those of [read-taxonomy.md](read-taxonomy.md), with more read pairs (one read in a hundred is of a marker gene); *marine
again* has the organisms of *marine* with other abundances. Databases: *members in* holds all genomes; *members out*
lacks those that the reads come from, but holds another strain of some species; *species out* lacks these species
altogether, so that every species named is wrong.

**Purity** is the right species of all that a list names, **completeness** the right ones of those that are there and
that the database holds; F1 is their harmonic mean. **L1** is the sum of the differences between the true share of the
cells of each species and its share in the list (0: the same, 2: nothing in common). `profile_markers` gives shares of
cells, `classify_reads` shares of reads, which favour long genomes. `--min-markers 3` and `--min-support 1` are the
defaults. Nothing was tuned on *mixed*.
"""


def write_page(folder: Path) -> None:
    """Write ``marker-profile.md`` beside the results."""
    entries = read(folder, "marker-profile").get("sections", {})
    lines = [_HEAD]
    for key, entry in entries.items():
        lines += _section(key, entry["results"])
    for key, entry in entries.items():
        lines.append(f"- *{key}*: {entry['measured']}, commit {entry['commit']}; diamond {_diamond(entry)}")
    (folder / "marker-profile.md").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def _diamond(entry: Mapping[str, Any]) -> str:
    return str(entry["programs"].get("diamond", "")).removeprefix("diamond version ")


def _section(key: str, found: Mapping[str, Any]) -> Iterator[str]:
    community, _, database = key.partition("/")
    yield f"## {community}, {database.replace('-', ' ')}"
    yield ""
    known = next(iter(found["profile"].values()))["known"]
    yield (
        f"{found['pairs']:,} pairs of {found['species']} species, {known} of them in the database, which holds "
        f"{found['in_database']}."
    )
    yield ""
    yield "| List | species named | right | purity | completeness | F1 | L1 |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for number, one in found["profile"].items():
        yield _row(f"`profile_markers --min-markers {number}`", one)
    for label, one in found["settings"].items():
        yield _row(f"`profile_markers {label}`", one)
    for number, one in found["reads"].items():
        yield _row(f"`classify_reads --min-support {number}`", one)
    yield ""
    costs = (f"{name} {one['cpu_seconds']:.1f} s, {one['mib']:,} MiB" for name, one in found["spent"].items())
    yield f"CPU-seconds and the memory of the largest process: {'; '.join(costs)}."
    yield ""


def _row(label: str, one: Mapping[str, Any]) -> str:
    called, right, known = one["called"], one["right"], one["known"]
    purity = f"{right / called:.2f}" if called else "–"
    complete = f"{right / known:.2f}" if known else "–"
    f1 = f"**{2 * right / (called + known):.2f}**" if known else "–"
    return f"| {label} | {called} | {right} | {purity} | {complete} | {f1} | {one['l1']:.3f} |"
