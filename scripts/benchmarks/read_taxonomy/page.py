"""docs/benchmarks/read-taxonomy.md from its JSON file. The same file gives the same page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

from benchmarks.read_taxonomy.communities import SECTIONS
from benchmarks.results import read
from metapipe.demo.taxa_scores import Score

_HEAD = """# Taxa of reads against the truth

Made by `scripts/bench read-taxonomy` from [read-taxonomy.json](read-taxonomy.json). Read pairs (2 × 150, ART's profile
of a HiSeq 2500) are simulated from whole genomes with log-normal abundances and fixed seeds, each community several
times: a number is that of all draws together, in brackets the least and the greatest of a single draw. Every engine has
the same genomes, or their proteins, and the same taxonomy (NCBI's of September 2024). Databases: *members in* holds all
17 genomes; *members out* lacks those that the reads come from, but holds another strain of *V. cholerae*, *E. coli*,
*S. aureus* and *H. pylori*; *species out* lacks these, too. So with members out, what can have its genus are reads of
species that another strain stands for; all others have relatives from the family up at most.

At a rank, **precision** is right calls of all calls: a read whose true taxon the database lacks counts as an error when
it is given one. **Recall** is right calls of the reads whose true taxon is in the database; where none is, there is
none. F1 is their harmonic mean.

**L1** is the error of the relative abundances: the sum of the differences between the true and the found share of each
taxon of a rank (0: the same, 2: nothing in common). Two of them are given:

- *of all*: shares of all reads, with *no taxon* as a class of its own, in which reads of what the database lacks
  belong. Half of it at least is the share of reads that should have a taxon and were given none: a search of proteins
  cannot place reads outside of genes.
- *of placed*: shares of the reads that have a taxon at the rank, the truth's of the reads that could have one. It is
  what a chart of relative abundances shows; what the engine leaves without a taxon is not in it.

Single reads are the first mates. CPU-seconds are those of the command on two cores, memory is that of its largest
process; both are means of the draws.
"""
_SHOWN = ("phylum", "family", "genus", "species")

Draws = list[Mapping[str, Any]]


def write_page(folder: Path) -> None:
    """Write ``read-taxonomy.md`` beside the results."""
    entries = read(folder, "read-taxonomy").get("sections", {})
    found = {key: entries[key]["results"] for key in SECTIONS if key in entries}
    lines = [_HEAD]
    lines += _at_a_glance(found, "F1 at genus", _f1)
    lines += _at_a_glance(found, "L1 at genus, of all", lambda draws: _ranged(draws, lambda one: one["l1"]["genus"]))
    lines += _at_a_glance(
        found, "L1 at genus, of placed", lambda draws: _ranged(draws, lambda one: one["l1_placed"]["genus"])
    )
    for key, results in found.items():
        lines += _section(key, results)
    lines += _made_with({key: entries[key] for key in found})
    (folder / "read-taxonomy.md").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def _at_a_glance(found: Mapping[str, Any], title: str, cell: Callable[[Draws], str]) -> Iterator[str]:
    if not found:
        return
    yield f"## At a glance: {title}"
    yield ""
    runs: dict[str, bool] = {}
    for one in found.values():
        runs |= {label: run["setting"] for label, run in one["runs"].items()}
    yield f"| | {' | '.join(found)} |"
    yield f"| --- |{' --- |' * len(found)}"
    for label in (label for label, setting in runs.items() if not setting):
        draws = [list(one["runs"].get(label, {}).get("draws", {}).values()) for one in found.values()]
        yield f"| {label} | {' | '.join(cell(one) if one else '' for one in draws)} |"
    yield ""


def _ranged(draws: Draws, value: Callable[[Mapping[str, Any]], float]) -> str:
    values = [value(one) for one in draws]
    return _with_range(fmean(values), values)


def _with_range(value: float, draws: list[float]) -> str:
    return f"{value:.3f} ({min(draws):.3f}–{max(draws):.3f})" if len(draws) > 1 else f"{value:.3f}"


def _pooled(draws: Draws, rank: str) -> Score:
    return Score(*map(sum, zip(*(one["scores"][rank] for one in draws), strict=True)))


def _f1(draws: Draws) -> str:
    whole = _pooled(draws, "genus")
    if not whole.known:
        return f"{whole.called:,} wrong calls"
    each = [Score(*one["scores"]["genus"]).f1 for one in draws]
    return _with_range(whole.f1, each)


def _section(key: str, found: Mapping[str, Any]) -> Iterator[str]:
    community, _, database = key.partition("/")
    yield f"## {community}, {database.replace('-', ' ')}"
    yield ""
    reads, foreign = sum(found["reads"].values()), sum(found["foreign"].values())
    strangers = f"; {foreign:,} of them are of no organism in any database" if foreign else ""
    draws = len(found["reads"])
    yield (
        f"{found['words'][0].upper()}{found['words'][1:]} {reads:,} reads or pairs in {draws}"
        f" draw{'s' * (draws > 1)}{strangers}."
    )
    yield ""
    yield "Precision / recall / F1, and what it cost a draw:"
    yield ""
    yield (
        f"| | {' | '.join(_SHOWN)} | L1 genus, all | placed | L1 species, all | placed | classified"
        " | foreign classified | CPU s | MiB |"
    )
    yield f"| --- |{' --- |' * (len(_SHOWN) + 8)}"
    for label, run in found["runs"].items():
        of_run = list(run["draws"].values())
        cells = [_cell(_pooled(of_run, rank)) for rank in _SHOWN]
        for rank in ("genus", "species"):
            cells += [f"{fmean(one[kind][rank] for one in of_run):.3f}" for kind in ("l1", "l1_placed")]
        cells += [f"{sum(one[what] for one in of_run):,}" for what in ("classified", "foreign_classified")]
        cells.append(f"{fmean(one['cpu_seconds'] for one in of_run):.1f}")
        cells.append(f"{fmean(one['mib'] for one in of_run):,.0f}")
        once = ", one draw" if len(of_run) < draws else ""
        yield f"| {label}{once} | {' | '.join(cells)} |"
    yield ""
    sizes = ", ".join(f"{engine} {cost['bytes'] / 1e6:.0f} MB" for engine, cost in found["databases"].items())
    yield f"Databases on disk: {sizes}."
    yield ""
    if "coding" in found:
        yield from _coding(list(found["coding"].values()))


def _coding(draws: list[Mapping[str, list[int]]]) -> Iterator[str]:
    yield "Which reads `classify_reads` gives a genus (single reads, those that minimap2 finds in their genomes):"
    yield ""
    steps = [int(step) for step in draws[0]]
    yield "| bases of the read within a gene | reads | with a genus |"
    yield "| --- | --- | --- |"
    for step, above in zip(steps, [*steps[1:], 0], strict=True):
        reads, placed = (sum(one[str(step)][place] for one in draws) for place in (0, 1))
        share = f"{placed:,} ({placed / reads:.1%})" if reads else "–"
        yield f"| {f'{step}–{above - 1}' if above else step} | {reads:,} | {share} |"
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
