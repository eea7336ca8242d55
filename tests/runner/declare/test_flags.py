"""What a declaration asks of the command line, derived once: the words a user types and where their values end up."""

from __future__ import annotations

from dataclasses import dataclass

from stages_for_tests import Identity

from metapipe.runner.declare.elements import FastqPairs, Output, RefDB, SideFile, WholeInput, option
from metapipe.runner.declare.flags import flags_of


@dataclass(frozen=True)
class Options:
    min_length: int = option(1, "shortest")


class Everything(Identity):
    name = "everything"
    records = FastqPairs()
    side = {"gene_table": SideFile("tabular", "genes")}
    databases = {"hmm": RefDB("hmm", "profiles")}
    outputs = {"long-reads": Output("fastq", "long"), "short_reads": Output("fastq", "short")}
    options = Options


def test_every_part_of_a_declaration_has_its_flag() -> None:
    assert [flag.text for flag in flags_of(Everything)] == [
        "--reads-1",
        "--reads-2",
        "--gene-table",
        "--reads-1-name",
        "--reads-2-name",
        "--gene-table-name",
        "--db-hmm",
        "--min-length",
        "--out-long-reads",
        "--out-short-reads",
    ]


def test_a_value_is_where_argparse_leaves_it() -> None:
    flags = flags_of(Everything)
    assert flags.options["min_length"].attribute == "min_length"
    assert flags.outputs["long-reads"].attribute == "out_long_reads"
    assert flags.names["reads-1"].attribute == "reads_1_name"


def test_a_stage_without_records_asks_for_none() -> None:
    class Nothing(Everything):
        records = None
        invariance = WholeInput()

    assert flags_of(Nothing).records == {}
    assert list(flags_of(Nothing).names) == ["gene_table"]
