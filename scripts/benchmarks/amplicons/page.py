"""docs/benchmarks/amplicon-truth.md from its JSON file. The same file gives the same page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.amplicons.communities import COMMUNITIES
from benchmarks.amplicons.made_inputs import DATABASES
from benchmarks.results import read
from metapipe.demo.taxa_scores import RANKS, Score

SINTAX, LCA = "vsearch SINTAX", "plain LCA"
#: How engines of the search are called on the page.
ENGINES = {"exact": "ours, exact search", "bowtie2": "ours, Bowtie 2"}
NO_LIMITS = "--rank-identities none"

_HEAD = """# Amplicon taxa against the truth

Made by `scripts/bench amplicon-truth` from [amplicon-truth.json](amplicon-truth.json). Members are drawn at random from
the references of some genera or groups, half of them with another reference of their species; read pairs are simulated
from the region between two primers (ART's MiSeq profile MSv1, log-normal abundances, fixed seeds) and merged by
`merge_pairs`, or, where mates do not meet, trimmed by `trim_unmerged`. The rules were chosen by looking at *marine*;
the other communities have other organisms and seeds, and nothing was tuned on them.

*Ours*: the stages with their defaults, after the search by one engine or the other. *{sintax}*: cut-off 0.8, the same
reads (mates joined), references and lineages. *{lca}*: the lowest common ancestor of all references of 97 % and more
that Bowtie 2 finds, of a read at most 100.
Databases: *held out* lacks the members' sequences and those equal to them; *genera out* lacks half of the members'
genera as well; *members in* has everything.

At a rank, **precision** is right calls of all calls: a read of a species that the database lacks counts as an error
when it is given a species. **Recall** is right calls of the reads whose true taxon is in the database at all. F1 is
their harmonic mean. Cells below are *precision / recall / F1*.
"""

_REASONS = """## Why, and what helps

- **In BioMaS all references of 97 % and more count the same** (`--best-margin 100`). V4 of relatives differs by less
  than 3 %: nearly every read keeps dozens of references, and TANGO prefers the genus or species that has most of them,
  even where the best match is elsewhere. So by default `filter_matches` keeps the best references only (**ours**).
- **Held out, a species is often not to be told from V4.** Another species has the same V4, or its V4 is nearer than
  that of the other reference of the true species. No threshold on identity mends that, and SINTAX meets the same: what
  is said of a species from V4 holds only as far as the database is complete. `--q 1` names a species only
  where all best references are of it.
- With Bowtie 2 nearly all reads reach its 100 alignments (`-k 100`, as in BioMaS), so some references are not seen.
"""


def write_page(folder: Path) -> None:
    """Write ``amplicon-truth.md`` beside the results."""
    entries = read(folder, "amplicon-truth").get("sections", {})
    found = {name: entry["results"] for name, entry in entries.items()}
    lines = [_HEAD.format(sintax=SINTAX, lca=LCA), *_at_a_glance(found), *_engines(found), *_lower_tier(found)]
    for name in dict.fromkeys(community for community, _, _ in _cases(found)):
        lines += [*_community(name, found)]
    lines += [_REASONS, *_made_with(entries)]
    (folder / "amplicon-truth.md").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def methods(result: Mapping[str, Any]) -> dict[str, Mapping[str, Sequence[int]]]:
    """What is compared with one database: how it is called -> counts by rank."""
    engines = result["engines"]
    found = {ENGINES[name]: one["scores"] for name, one in engines.items()}
    # The exact search tells the best references only: all of 97 % and more are those that Bowtie 2 finds.
    wide = engines.get("bowtie2") or next(iter(engines.values()))
    return {**found, SINTAX: result["sintax"]["scores"], LCA: wide["lca"]}


def _cases(found: Mapping[str, Any]) -> list[tuple[str, str, Any]]:
    """Community, database and result, in the order of the communities; sections are called *community/database*."""
    order = [f"{community}/{database}" for community in COMMUNITIES for database in DATABASES]
    names = sorted(found, key=lambda name: (*order, name).index(name))
    return [(name.partition("/")[0], name.partition("/")[2].replace("-", " "), found[name]) for name in names]


def _at_a_glance(found: Mapping[str, Any]) -> Iterator[str]:
    """F1 of genus and species; the best of a row is bold."""
    names = list(dict.fromkeys(name for _, _, one in _cases(found) for name in methods(one)))
    for rank in ("genus", "species"):
        yield f"## F1 of {rank}"
        yield ""
        yield "| Community | Database | Reads | " + " | ".join(names) + " |"
        yield "| --- | --- | ---: |" + " ---: |" * len(names)
        for community, database, one in _cases(found):
            values = {name: Score(*counts[rank]).f1 for name, counts in methods(one).items()}
            best = max(f"{value:.3f}" for value in values.values())
            cells = [f"{values[name]:.3f}" if name in values else "–" for name in names]
            shown = [f"**{cell}**" if cell == best else cell for cell in cells]
            yield f"| {community} | {database} | {one['reads']:,} | {' | '.join(shown)} |"
        yield ""


def _engines(found: Mapping[str, Any]) -> Iterator[str]:
    """Where both engines were measured: is ours the same or better at every rank?"""
    both = [case for case in _cases(found) if len(case[2]["engines"]) > 1]
    if not both:
        return
    first, second = both[0][2]["engines"]
    yield f"## {ENGINES[first].capitalize()}, beside {ENGINES[second].removeprefix('ours, ')}"
    yield ""
    yield "Right calls / calls with each engine, and the verdict by F1 over all ranks from phylum to species."
    yield ""
    yield f"| Community | Database | genus: {first} | {second} | species: {first} | {second} | Same or better |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | --- |"
    for community, database, one in both:
        mine, theirs = (one["engines"][name]["scores"] for name in (first, second))
        cells = [_right(scores[rank]) for rank in ("genus", "species") for scores in (mine, theirs)]
        worse = [rank for rank in RANKS if Score(*mine[rank]).f1 < Score(*theirs[rank]).f1 - 5e-4]
        verdict = f"**worse at {', '.join(worse)}**" if worse else "yes"
        yield f"| {community} | {database} | {' | '.join(cells)} | {verdict} |"
    yield ""


def _lower_tier(found: Mapping[str, Any]) -> Iterator[str]:
    """What limits of identity for ranks cost and gain."""
    yield "## Genera in the lower tier"
    yield ""
    yield (
        "Reads whose best identity is 90 to 97 %: genera rightly named / named of how many that could be, with the "
        "default of `assign_taxa --rank-identities` (genus from 94.5 % on) and without limits, as in BioMaS."
    )
    yield ""
    yield "| Community | Database | Reads | default | precision, recall | none | precision, recall |"
    yield "| --- | --- | ---: | ---: | --- | ---: | --- |"
    for community, database, one in _cases(found):
        engine = next(iter(one["engines"].values()))
        counts = [engine["tiers"]["lower"]["genus"], engine["settings"][NO_LIMITS]["lower"]["genus"]]
        cells = []
        for genus in counts:
            score = Score(*genus)
            cells += [
                f"{score.right} / {score.called} of {score.known}",
                f"{_share(score.precision)}, {_share(score.recall)}",
            ]
        yield f"| {community} | {database} | {counts[0][0]:,} | {' | '.join(cells)} |"
    yield ""


def _community(name: str, found: Mapping[str, Any]) -> Iterator[str]:
    cases = [(database, one) for community, database, one in _cases(found) if community == name]
    yield f"## {name.capitalize()}: {cases[0][1]['words']}"
    yield ""
    yield f"References: {cases[0][1]['collection']}."
    yield ""
    for database, one in cases:
        yield f"### {name.capitalize()}, {database}"
        yield ""
        yield _told(one)
        yield ""
        yield "| | " + " | ".join(RANKS) + " |"
        yield "| --- |" + " --- |" * len(RANKS)
        for method, counts in methods(one).items():
            yield f"| {method} | " + " | ".join(_three(counts[rank]) for rank in RANKS) + " |"
        yield ""
        yield from _settings(one)


def _told(one: Mapping[str, Any]) -> str:
    members, references = one["members"], one["database"]
    tiers = next(iter(one["engines"].values()))["tiers_of_reads"]
    costs = {name: found["core_seconds"] for name, found in one["engines"].items()}
    return (
        f"{one['reads']:,} reads; {references['references']:,} references, {references['removed']:,} removed. The "
        f"species of {members['species_in_database']} of {members['members']} members is in the database, the genus of "
        f"{members['genus_in_database']}. Reads by tier: "
        + ", ".join(f"{tiers.get(tier, 0):,} {tier}" for tier in ("upper", "lower", "none"))
        + ". Core-seconds of the search: "
        + ", ".join(f"{ENGINES[name].removeprefix('ours, ')} {cost:.1f}" for name, cost in costs.items())
        + "."
    )


def _settings(one: Mapping[str, Any]) -> Iterator[str]:
    yield "Other settings than the defaults; the first with Bowtie 2 is BioMaS:"
    yield ""
    yield "| | species in the upper tier | genus | species |"
    yield "| --- | --- | --- | --- |"
    for name, engine in one["engines"].items():
        defaults = {**engine["tiers"], "all": engine["scores"]}
        for label, scores in {"defaults": defaults, **engine["settings"]}.items():
            if name == "exact" and label.startswith("--best-margin"):  # it tells no others than the best
                continue
            cells = [scores["upper"]["species"], scores["all"]["genus"], scores["all"]["species"]]
            shown = label if label == "defaults" else f"`{label}`"
            yield f"| {ENGINES[name]}: {shown} | {' | '.join(map(_three, cells))} |"
    yield ""


def _three(counts: Sequence[int]) -> str:
    score = Score(*counts)
    return f"{_share(score.precision)} / {_share(score.recall)} / {score.f1:.3f}"


def _right(counts: Sequence[int]) -> str:
    return f"{counts[3]:,} / {counts[2]:,}"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _made_with(entries: Mapping[str, Any]) -> Iterator[str]:
    for section, entry in entries.items():
        programs = ", ".join(
            entry["programs"][name].split(",")[0]
            for name in ("bowtie2", "flash", "vsearch")
            if name in entry["programs"]
        )
        yield f"*{section}*: measured {entry['measured']} at {entry['commit']} with {programs}.  "
