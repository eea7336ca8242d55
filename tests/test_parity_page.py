"""docs/metapipe-parity.md names only what there is here, and all that META-pipe has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from metapipe.commands.run import parser
from metapipe.galaxy.pipelines import METAPIPE, PIPELINES
from metapipe.refdb.recipe import find_recipe
from metapipe.runner.attempt.attempt import load_stage
from metapipe.runner.declare.flags import flags_of
from metapipe.stages.registry import STAGES

HOME = Path(__file__).parents[1]
TEXT = (HOME / "docs/metapipe-parity.md").read_text()
ROWS = [tuple(row.strip("| ").split(" | ", 1)) for row in re.findall(r"(?m)^\| .*\|$", TEXT) if " | " in row]
HERE = [(theirs, ours) for theirs, ours in ROWS if ours not in ("Here", "---")]
NOT_HERE = "not here"
OF_EVERY_STAGE = {"--outdir", "--blocks"}
#: META-pipe's stages, parameters and outputs, of all its public versions (Nextflow 0.2.0, 2.0 and 1.0).
METAPIPES = """
PreProcessReads SeqPrep Trimmomatic AVGQUAL:20 SLIDINGWINDOW:4:15 MINLEN:75 rrnapred hmm16s pred16s.fasta
filtered.fastq.gz PairReads MEGAHIT contigs.fasta bbwrap pileup coverage.txt MaxBin bin.NNN.fasta sendsketch bin.sketch
Kaiju kaiju.out MAPseq mapseq.out MGA mga.out cds.nuc.fasta cds.prot.fasta PRIAM genomeECs genomeEnzymes predictableECs
sequenceECs.txt DIAMOND diamond.out InterProScan interpro.out
refdbDir exportDir reads readsCutoff contigsCutoff kaiju_refdb mapseq_refdb functionalAnnotation_removeIncompleteGenes
diamond_refdb diamond_sensitivity interpro_refdb priam_refdb
inputContigsCutoff useBlastUniref50 useInterproScan5 usePriam removeNonCompleteGenes exportMergedGenbank useBlastMarRef
validate execution-manager num-partitions priority tag hold
Glimmer3 BLAST hmmscan SignalP Phobius MEGAN Krona Annotator METAREP LCAClassifier CREST
"""


def stages_named(cell: str) -> list[str]:
    """Stages in the cell, in its order."""
    return [word for word in re.findall(r"`([a-z_]+)\b", cell) if word in STAGES]


def spans(cell: str) -> Iterator[tuple[str, str]]:
    """Each piece of code in a cell with the stage or command that it is of: the one named last before it."""
    about = ""
    for match in re.finditer(r"`([^`]+)`", cell):
        words = match[1].split()
        if words[0] in STAGES or words[0] in ("scripts/run", "metapipe", "scripts/galaxy"):
            about = match[1]
        yield match[1], about


@pytest.mark.parametrize("name", METAPIPES.split())
def test_everything_that_metapipe_has_is_found_by_its_name(name: str) -> None:
    theirs = " ".join(left for left, _ in ROWS) + TEXT[TEXT.index("BBSketch") :]
    assert re.search(rf"(?<![\w.]){re.escape(name)}(?![\w])", theirs), name


def test_every_row_says_where_it_is_or_that_it_is_not_here() -> None:
    for theirs, ours in HERE:
        assert theirs, ours
        assert "`" in ours or "](" in ours or NOT_HERE in ours or "accounts" in ours, theirs


def test_every_stage_and_output_that_is_named_exists() -> None:
    outputs = {name: {*load_stage(reference).outputs, "summary", "run_report"} for name, reference in STAGES.items()}
    kinds = {database.kind for one in STAGES.values() for database in load_stage(one).databases.values()}
    for _, ours in HERE:
        named = stages_named(ours)
        for code, _ in spans(ours):
            if re.fullmatch(r"[a-z][a-z0-9_-]*", code) and NOT_HERE not in ours:
                known = set(STAGES) | kinds | {"summary", "run_report", "pred16s"}
                known |= {output for name in named for output in outputs[name]}
                assert code in known, (code, ours)


def test_every_option_that_is_named_exists_where_it_is_said_to_be() -> None:
    for _, ours in HERE:
        for code, about in spans(ours):
            for option in re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", code):
                assert option in options_of(about) | OF_EVERY_STAGE, (option, about, ours)


def options_of(about: str) -> set[str]:
    """All options of a stage or of ``scripts/run``."""
    words = about.split()
    if words and words[0] in STAGES:
        declared = flags_of(load_stage(STAGES[words[0]]))
        groups = (declared.records, declared.side, declared.databases, declared.options, declared.outputs)
        return {flag.text for group in groups for flag in group.values()}
    if words[:1] == ["scripts/run"]:
        pipeline = PIPELINES.get(words[1] if len(words) > 1 else "", METAPIPE)
        return {option for action in parser(pipeline)._actions for option in action.option_strings}
    return set()


def test_every_database_that_is_named_has_a_recipe() -> None:
    labels = {code for _, ours in HERE for code, _ in spans(ours) if re.fullmatch(r"[a-z0-9-]+:[\w.-]+", code)}
    assert labels
    assert {find_recipe(label).label for label in labels} == labels
