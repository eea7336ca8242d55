"""docs/benchmarks/read-taxonomy.md from its JSON file. The same file gives the same page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.read_taxonomy.communities import SECTIONS
from benchmarks.results import read
from metapipe.demo.taxa_scores import Score

_HEAD = """# Taxa of reads against the truth

Made by `scripts/bench read-taxonomy` from [read-taxonomy.json](read-taxonomy.json). Read pairs (2 × 150, ART's profile
of a HiSeq 2500) are simulated from whole genomes with log-normal abundances and fixed seeds; every engine has the same
genomes, or their proteins, and the same taxonomy (NCBI's of September 2024). Databases: *members in* holds all 17
genomes; *members out* lacks those that the reads come from, but holds another strain of *V. cholerae*, *E. coli*,
*S. aureus* and *H. pylori*; *species out* lacks these, too.

At a rank, **precision** is right calls of all calls: a read whose true taxon the database lacks counts as an error when
it is given one. **Recall** is right calls of the reads whose true taxon is in the database; where none is, there is
none. F1 is their harmonic mean. **L1** is the sum of the differences between the true and the found share of each
genus, of the reads that are placed at a genus (0: the same, 2: nothing in common); what no database holds counts, too.
The same engine may be run on
single reads (the first mates) or on pairs. CPU-seconds are those of the command on two cores, memory is that of its
largest process.
"""
_SHOWN = ("phylum", "family", "genus", "species")


def write_page(folder: Path) -> None:
    """Write ``read-taxonomy.md`` beside the results."""
    entries = read(folder, "read-taxonomy").get("sections", {})
    lines = [_HEAD, *_at_a_glance({key: entries[key]["results"] for key in SECTIONS if key in entries})]
    for key in SECTIONS:
        if key in entries:
            lines += _section(key, entries[key]["results"])
    lines += _made_with(entries)
    (folder / "read-taxonomy.md").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def _at_a_glance(found: Mapping[str, Any]) -> Iterator[str]:
    if not found:
        return
    yield "## At a glance: F1 at genus"
    yield ""
    labels = list(dict.fromkeys(label for one in found.values() for label in one["runs"]))
    yield f"| | {' | '.join(found)} |"
    yield f"| --- |{' --- |' * len(found)}"
    for label in labels:
        cells = [_f1(one["runs"].get(label), "genus") for one in found.values()]
        yield f"| {label} | {' | '.join(cells)} |"
    yield ""
    yield "An empty cell has not been measured; *wrong* calls are counted where no taxon of the rank could be right."
    yield ""


def _f1(one: Mapping[str, Any] | None, rank: str) -> str:
    if one is None:
        return ""
    score = Score(*one["scores"][rank])
    return f"{score.f1:.3f}" if score.known else f"({score.called:,} wrong)"


def _section(key: str, found: Mapping[str, Any]) -> Iterator[str]:
    community, _, database = key.partition("/")
    yield f"## {community}, {database.replace('-', ' ')}"
    yield ""
    foreign = f"; {found['foreign']:,} of them are of no organism in any database" if found["foreign"] else ""
    yield f"{found['words'][0].upper()}{found['words'][1:]} {found['reads']:,} reads or pairs{foreign}."
    yield ""
    yield "Precision / recall / F1, and what it cost:"
    yield ""
    head = " | ".join(_SHOWN)
    yield f"| | {head} | L1 genus | L1 species | classified | foreign classified | CPU s | MiB |"
    yield f"| --- |{' --- |' * (len(_SHOWN) + 6)}"
    for label, one in found["runs"].items():
        cells = " | ".join(_cell(Score(*one["scores"][rank])) for rank in _SHOWN)
        shares = f"{one['l1']['genus']:.3f} | {one['l1']['species']:.3f}"
        counts = f"{one['classified']:,} | {one['foreign_classified']:,}"
        yield f"| {label} | {cells} | {shares} | {counts} | {one['cpu_seconds']:.1f} | {one['largest_process_mib']:,} |"
    yield ""
    sizes = ", ".join(f"{engine} {cost['bytes'] / 1e6:.0f} MB" for engine, cost in found["databases"].items())
    yield f"Databases on disk: {sizes}."
    yield ""


def _cell(score: Score) -> str:
    if not score.known:
        return f"{score.called:,} wrong calls" if score.called else "no call"
    precision = "–" if score.precision is None else f"{score.precision:.3f}"
    return f"{precision} / {score.recall or 0:.3f} / **{score.f1:.3f}**"


def _made_with(entries: Mapping[str, Any]) -> Iterator[str]:
    for key, entry in entries.items():
        programs = ", ".join(f"{name} {version}" for name, version in entry["programs"].items() if name in _ENGINES)
        yield f"- *{key}*: {entry['measured']}, commit {entry['commit']}; {programs}"


_ENGINES = ("diamond", "kraken2", "mmseqs", "pyrodigal")
