"""A paragraph for the methods section of a paper, from the steps that were run, and what to cite."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from metapipe.reporting.citations import Citation
from metapipe.reporting.methods import shown
from metapipe.reporting.summaries import Summary

PIPELINE = (
    Citation(
        "Fosso B et al. (2015) BioMaS: a modular pipeline for Bioinformatic analysis of Metagenomic AmpliconS. "
        "BMC Bioinformatics 16:203.",
        "10.1186/s12859-015-0595-z",
    ),
)
TANGO = (
    Citation(
        "Clemente JC, Jansson J, Valiente G (2011) Flexible taxonomic assignment of ambiguous sequencing reads. "
        "BMC Bioinformatics 12:8.",
        "10.1186/1471-2105-12-8",
    ),
    Citation(
        "Alonso-Alemany D et al. (2014) Further steps in TANGO: improved taxonomic assignment in metagenomics. "
        "Bioinformatics 30:17–23.",
        "10.1093/bioinformatics/btt256",
    ),
)
RANK_IDENTITIES = Citation(
    "Yarza P et al. (2014) Uniting the classification of cultured and uncultured bacteria and archaea using 16S rRNA "
    "gene sequences. Nature Reviews Microbiology 12:635–645.",
    "10.1038/nrmicro3330",
)


def of_classification(summaries: Mapping[str, Sequence[Summary]]) -> tuple[Citation, ...]:
    """What to cite for the choice of taxa."""
    run = _first(summaries, "assign_taxa")
    return (*TANGO, RANK_IDENTITIES) if run is not None and _limits(run) else TANGO


def paragraph(summaries: Mapping[str, Sequence[Summary]]) -> str:
    """Return the sentences of the steps that left a summary; empty without any."""
    return " ".join(sentence for sentence in (tell(summaries) for tell in _TOLD) if sentence)


def _first(summaries: Mapping[str, Sequence[Summary]], *stages: str) -> Summary | None:
    return next((summaries[stage][0] for stage in stages if summaries.get(stage)), None)


def _program(run: Summary, program: str, name: str) -> str:
    version = run.programs.get(program, "")
    return f"{name} {version}".strip()


def _option(run: Summary, name: str, default: Any) -> str:
    return shown(run.options.get(name, default))


def _merging(summaries: Mapping[str, Sequence[Summary]]) -> str:
    run = _first(summaries, "merge_pairs")
    if run is None:
        return ""
    merger = str(run.options.get("merger", "flash"))
    length = run.options.get("fragment_length")
    given = f" for amplicons of {shown(length)} bases" if merger == "flash" and length else ""
    return f"Overlapping read pairs were merged with {_program(run, merger, _NAMES.get(merger, merger))}{given}."


def _dereplication(summaries: Mapping[str, Sequence[Summary]]) -> str:
    run = _first(summaries, "dereplicate")
    if run is None:
        return ""
    text = (
        f"Merged reads shorter than {_option(run, 'min_length', 50)} bases were left out and identical ones counted "
        f"once, with their number ({_program(run, 'vsearch', 'VSEARCH')})"
    )
    if run.options.get("min_size", 1) != 1:
        text += f"; sequences seen fewer than {_option(run, 'min_size', 1)} times were left out"
    if run.options.get("chimera_check"):
        text += "; chimeras were removed (UCHIME de novo)"
    return text + "."


def _trimming(summaries: Mapping[str, Sequence[Summary]]) -> str:
    run = _first(summaries, "trim_unmerged")
    if run is None:
        return ""
    return (
        f"Pairs that did not merge were trimmed with {_program(run, 'cutadapt', 'Cutadapt')} by Trim Galore's rules "
        f"(quality {_option(run, 'quality', 25)}, stringency {_option(run, 'stringency', 5)}, both mates at least "
        f"{_option(run, 'min_length', 50)} bases long)."
    )


def _mapping(summaries: Mapping[str, Sequence[Summary]]) -> str:
    run = _first(summaries, "map_amplicons", "map_pairs")
    if run is None:
        return ""
    both = summaries.get("map_amplicons") and summaries.get("map_pairs")
    what = "Merged reads and unmerged pairs" if both else "The reads"
    names = [
        f"{database.get('name', '')}, version {database.get('version', '')}" for database in run.databases.values()
    ]
    against = f" to the reference sequences of {names[0]}," if names else ""
    if run.options.get("engine") == "exact":
        return (
            f"{what} were placed whole{against} the differences being counted with {_program(run, 'edlib', 'edlib')}; "
            "all references of the best identity were taken."
        )
    return f"{what} were mapped{against} with {_program(run, 'bowtie2', 'Bowtie 2')}."


def _filtering(summaries: Mapping[str, Sequence[Summary]]) -> str:
    run = _first(summaries, "filter_matches")
    if run is None:
        return ""
    upper, lower = _option(run, "upper_identity", 97), _option(run, "lower_identity", 90)
    return (
        f"Alignments over less than {_option(run, 'min_coverage', 70)} % of a read were left out. A read's relatives "
        f"are all references that it matches with at least {upper} % identity (upper tier) or, where there is none, "
        f"with at least {lower} % (lower tier); the mates of a pair must match the same reference."
    )


def _classification(summaries: Mapping[str, Sequence[Summary]]) -> str:
    run = _first(summaries, "assign_taxa")
    if run is None:
        return ""
    text = (
        "Each read was placed in the taxonomy of its relatives by the method of TANGO "
        f"(q = {_option(run, 'q', 0.5)} in the upper tier, {_option(run, 'lower_q', 1.0)} in the lower); species and "
        "taxa below come from the upper tier only."
    )
    if limits := _limits(run):
        told = re.sub(r"\s*,\s*", ", ", limits).replace("=", " ")
        text += f" A read of the lower tier was named at a rank only from an identity, in per cent, of {told} on."
    return text


def _limits(run: Summary) -> str:
    """The option ``rank_identities``; empty where there is none, as in summaries of before it was."""
    limits = str(run.options.get("rank_identities", "none")).strip()
    return "" if limits == "none" else limits


def _counting(summaries: Mapping[str, Sequence[Summary]]) -> str:
    run = _first(summaries, "summarise_taxa")
    return "Counts are of reads, identical ones counted as often as they were sequenced." if run else ""


_NAMES = {"flash": "FLASH", "vsearch": "VSEARCH"}
_TOLD = (_merging, _dereplication, _trimming, _mapping, _filtering, _classification, _counting)
