"""docs/benchmarks/rrna.md from its JSON file. The same file gives the same page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.results import read

_HEAD = """# rRNA against the truth

Made by `scripts/bench rrna` from [rrna.json](rrna.json). Reads of 150 bases with 0.4 % errors, on both strands, are
taken from seven genomes whose rRNA genes are annotated (three bacteria, four archaea), from anywhere and around every
rRNA gene, so that many hold only the end of one. Places and errors are others than those the limits were chosen on.
"""


def write_page(folder: Path) -> None:
    """Write ``rrna.md`` beside the results."""
    entries = read(folder, "rrna").get("sections", {})
    lines = [_HEAD]
    for key, write in (("reads", _reads), ("speed", _speed), ("contigs", _contigs), ("taxa", _taxa)):
        if key in entries:
            lines += write(entries[key]["results"])
    for key, entry in entries.items():
        programs = ", ".join(f"{name} {entry['programs'].get(name, '')}" for name in ("pyhmmer", "vsearch"))
        lines.append(f"- *{key}*: {entry['measured']}, commit {entry['commit']}; {programs}")
    (folder / "rrna.md").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.4f}" if whole else "–"


def _reads(found: Mapping[str, Any]) -> Iterator[str]:
    yield "## Reads: `extract_rrna`"
    yield ""
    yield "Found of the reads that cover at least so many bases of an annotated rRNA, as that gene:"
    yield ""
    yield "| Reads of | ≥ 60 bases | found | recall | ≥ 100 bases | found | recall | ≥ 1 base | found |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    for label, one in found["recall"].items():
        cells = []
        for least in ("60", "100"):
            every, right = one.get(least, (0, 0))
            cells += [f"{every:,}", f"{right:,}", _share(right, every)]
        every, right = one["1"]
        yield f"| {label} | {' | '.join(cells)} | {every:,} | {right:,} |"
    yield ""
    kinds = found["kinds"]
    every = kinds["found"]
    yield (
        f"**Precision**: of {every:,} rRNAs that were cut out, {kinds['in an rRNA']:,} are of reads with a base of "
        f"an annotated one ({_share(kinds['in an rRNA'], every)}), {kinds['right gene']:,} of the right gene "
        f"({_share(kinds['right gene'], every)}), {kinds['right strand']:,} on the right strand "
        f"({_share(kinds['right strand'], every)}); the domain of life is right for {kinds['right domain']:,} of the "
        f"{kinds['with a domain']:,} that name one (5S names none). Of {found['without']:,} reads without a base of an "
        f"rRNA, {found['without_found']:,} were taken for one."
    )
    yield ""


def _speed(found: Mapping[str, Any]) -> Iterator[str]:
    sample, part = found["sample"], found["part"]
    yield "## Speed, beside nhmmer and pybarrnap over all reads"
    yield ""
    rate = sample["bases"] / 1e6 / sample["cpu_seconds"]
    yield (
        f"A sample as metagenomes are (one read in 300 of an rRNA; {sample['reads']:,} reads, "
        f"{sample['bases'] / 1e6:.2f} Mb) takes {sample['cpu_seconds']:.2f} CPU-seconds, start of the command "
        f"included: {rate:.2f} Mb a core-second, so "
        f"**{rate * 120:.0f} Mb a minute on two cores**."
    )
    yield ""
    yield (
        f"A part, {part['reads']:,} reads of which {part['of_60']:,} cover 60 bases or more of an rRNA, by other ways. "
        "*nhmmer* is HMMER's own, in process, with our eight models and E counted in as many reads; *pybarrnap* is "
        "run with its models of bacteria and of archaea, rejecting nothing for its length."
    )
    yield ""
    yield "| | found | of those with ≥ 60 bases | found by ours, too | only by it | only by ours | CPU s |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for label, one in part["ways"].items():
        cells = (one["found"], one["of_60"], one["both"], one["only_it"], one["only_ours"])
        yield f"| {label} | {' | '.join(f'{cell:,}' for cell in cells)} | {one['cpu_seconds']:.1f} |"
    yield ""


def _contigs(found: Mapping[str, Any]) -> Iterator[str]:
    yield "## Contigs: `extract_contig_rrna`"
    yield ""
    yield (
        f"{found['contigs']} contigs, the annotated genes with 5,000 bases on either side "
        f"({found['bases'] / 1e6:.2f} Mb): {found['right']:,} of {found['genes']:,} genes were found on their "
        f"strand over at least 80 % of their length (recall {_share(found['right'], found['genes'])}); "
        f"{found['found_right']:,} of {found['found']:,} regions are "
        f"such genes (precision {_share(found['found_right'], found['found'])}). "
        f"{found['cpu_seconds']:.1f} CPU-seconds."
    )
    yield ""


def _taxa(found: Mapping[str, Any]) -> Iterator[str]:
    yield "## Taxa of 16S: `classify_rrna` beside vsearch's SINTAX"
    yield ""
    yield (
        "Pieces of 150 bases of the genomes' 16S, and of references of the database itself, against the two databases "
        "that recipes build; cut-off 0.8 in both. *Placed*: at any rank. F1 at the genus. Ours gives taxa whose "
        "references share equally many words equal parts of the say, vsearch takes one of them: where the nearest "
        "references are of several genera, ours names the family, which costs F1 here."
    )
    yield ""
    yield "| Database | Pieces of | pieces | placed | genus named | right | F1 | vsearch: named | right | F1 |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    for label, one in found.items():
        for group, (every, placed, called, right) in one["ours"].items():
            _, _, named, true = one["vsearch"][group]
            yield (
                f"| `{label}` | {group} | {every:,} | {placed:,} | {called:,} | {right:,} | "
                f"{_f1(right, called, every)} | {named:,} | {true:,} | {_f1(true, named, every)} |"
            )
    yield ""
    for label, one in found.items():
        ours, theirs = one["cpu_seconds"]
        yield (
            f"`{label}`: both name the same genus, or none, for {one['same']:,} of {one['pieces']:,} pieces "
            f"({_share(one['same'], one['pieces'])}); {ours:.1f} and {theirs:.1f} CPU-seconds, the index included."
        )
        yield ""


def _f1(right: int, called: int, every: int) -> str:
    return f"{2 * right / (called + every):.3f}" if every else "–"
