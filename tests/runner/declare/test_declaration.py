"""A slip in a stage's declaration is one sentence when its class is made, not a traceback when a user runs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from stages_for_tests import Identity

from metapipe.runner.attempt.attempt import load_stage
from metapipe.runner.declare.declaration import check_declaration
from metapipe.runner.declare.elements import (
    Exact,
    Fasta,
    FastqPairs,
    NoOptions,
    Output,
    PinnedGlobals,
    RefDB,
    SideFile,
    option,
)
from metapipe.runner.declare.merge import HeaderOnce
from metapipe.runner.declare.stage import Stage, Task


class Undecorated(NoOptions):
    low: int = option(1, "lowest")


@dataclass(frozen=True)
class NoDefault:
    low: int


@dataclass(frozen=True)
class BareDefault:
    low: int = 3


@dataclass(frozen=True)
class Options:
    """Makes the options that a test asks for."""

    low: int = option(1, "lowest")


def options(kind: str, default: Any, help: str = "lowest", **limits: Any) -> type:
    return dataclass(frozen=True)(
        type("Made", (), {"__annotations__": {"low": kind}, "low": option(default, help, **limits)})
    )


SLIPS: dict[str, tuple[dict[str, Any], str]] = {
    "a dash in the name": ({"name": "my-stage"}, "name must be small letters, digits and underscores"),
    "a capital in the name": ({"name": "MyStage"}, "found 'MyStage'"),
    "no summary": ({"summary": ""}, "summary must be a text"),
    "a number for the version": ({"version": 2}, "version must be a text, found 2"),
    "an example of another stage": ({"example": "metapipe other --x"}, "example must begin with 'metapipe made '"),
    "records not called": ({"records": Fasta}, "records must be Fasta.*the class Fasta: add \\(\\)"),
    "an unknown alphabet": ({"records": Fasta("contigs", alphabet="protein")}, "must be 'dna', 'aa' or 'any'"),
    "an input with a blank": ({"records": Fasta("my contigs")}, "found 'my contigs'"),
    "no outputs": ({"outputs": {}}, "outputs must name at least one file"),
    "outputs as a list": ({"outputs": [Output("txt", "x")]}, "outputs must be a dict"),
    "an output of the wrong type": ({"outputs": {"copy": "fasta"}}, "outputs 'copy' must be Output"),
    "an output without help": ({"outputs": {"copy": Output("fasta", "")}}, "'copy' has no help"),
    "two outputs of one name": (
        {"outputs": {"my-copy": Output("txt", "x"), "my_copy": Output("txt", "y")}},
        "output 'my_copy' and output 'my-copy' are both --out-my-copy",
    ),
    "two outputs in one file": (
        {"outputs": {"one": Output("txt", "x", label="Mine"), "two": Output("txt", "y", label="Mine")}},
        "two outputs would both be the file 'mine.txt'",
    ),
    "an output in the summary's place": (
        {"outputs": {"summary": Output("json", "x")}},
        "two outputs would both be the file 'summary.json'",
    ),
    "a suffix with its dot": ({"outputs": {"copy": Output(".fasta", "x")}}, "without its dot, found '.fasta'"),
    "an unknown merge": ({"outputs": {"copy": Output("txt", "x", "concat")}}, "merge of output 'copy'.*'concat'"),
    "a merge not called": ({"outputs": {"copy": Output("txt", "x", HeaderOnce)}}, "the class HeaderOnce: add"),
    "a side file of the wrong type": ({"side": {"table": "tabular"}}, "side 'table' must be SideFile"),
    "a database without help": ({"databases": {"hmm": RefDB("hmm", "")}}, "databases 'hmm' has no help"),
    "options as a dict": ({"options": {"low": 1}}, "options must be a dataclass"),
    "options undecorated": ({"options": Undecorated}, "write @dataclass\\(frozen=True\\) above class Undecorated"),
    "an option without a default": ({"options": NoDefault}, "option 'low' must be declared with option"),
    "an option without option()": ({"options": BareDefault}, "option 'low' must be declared with option"),
    "an option without help": ({"options": options("int", 1, "")}, "option 'low' has no help"),
    "an option of a strange type": ({"options": options("tuple", ())}, "must be a bool, int, float or str"),
    "a whole number for a float": ({"options": options("float", 1)}, "is a float, but its default is 1"),
    "a flag that is on": ({"options": options("bool", True)}, "its default must be False"),
    "a default that is no choice": ({"options": options("str", "c", choices=["a", "b"])}, "none of its choices"),
    "a default outside the limits": ({"options": options("int", 1, minimum=2)}, "outside its own limits"),
    "an option named as the input": (
        {"options": options("int", 1), "records": Fasta("low")},
        "option 'low' and input 'low' are both --low",
    ),
    "a side file named as the input": ({"side": {"contigs": SideFile("txt", "x")}}, "are both --contigs"),
    "no invariance": ({"invariance": None}, "invariance must say why"),
    "an invariance not called": ({"invariance": Exact}, "the class Exact: add"),
    "unknown totals": ({"invariance": PinnedGlobals(("bases",))}, "totals of PinnedGlobals"),
    "totals without a comma": ({"invariance": PinnedGlobals("records")}, "totals of PinnedGlobals"),  # type: ignore[arg-type]
    "nothing to cut": ({"records": None}, "must be WholeInput"),
    "mates out of step that are cut": ({"records": FastqPairs(in_step=False)}, "must be WholeInput"),
    "memory with a unit": ({"memory_mb": "2G"}, "memory_mb must be a number from 1, found '2G'"),
    "a negative number of threads": ({"threads": -1}, "threads must be a number from 0"),
    "no rate": ({"rate": 0}, "rate must be residues a second"),
    "programs as a list": ({"programs": ["seqkit"]}, "programs must be a dict"),
    "run without state": ({"run": lambda self, task: None}, "run must be a method that takes \\(self, task, state\\)"),
    "setup with state": ({"setup": lambda self, task, state: None}, "setup must be a method that takes"),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_one_sentence_that_names_the_class(slip: str) -> None:
    attributes, sentence = SLIPS[slip]
    with pytest.raises(TypeError, match=sentence) as caught:
        type("Made", (Identity,), {"name": "made", "__module__": "here", **attributes})
    assert str(caught.value).startswith("stage here.Made: ")
    assert "\n" not in str(caught.value)


def test_a_stage_without_run_is_told_so() -> None:
    attributes = {name: getattr(Identity, name) for name in ("name", "summary", "outputs", "invariance", "records")}
    with pytest.raises(TypeError, match="has no method run"):
        type("Made", (Stage,), attributes)


class Nameless(Stage):
    summary = "test"

    def run(self, task: Task, state: Any) -> None: ...


def test_a_class_without_a_name_is_a_base_until_it_is_loaded_as_a_stage() -> None:
    with pytest.raises(TypeError, match=r"stage .*Nameless: name must be"):
        load_stage(f"{__name__}:Nameless")


def test_what_is_no_stage_is_not_loaded() -> None:
    for reference in ("stages_for_tests:fail", "stages_for_tests:HowToFail"):
        with pytest.raises(TypeError, match="is not a stage"):
            load_stage(reference)


def test_inputs_with_dashes_and_underscores_are_well_declared() -> None:
    class Fine(Identity):
        name = "fine_2"
        records = FastqPairs("reads-1", "reads_2")
        side = {"a_table": SideFile("tabular", "x")}
        outputs = {"a-copy": Output("fastq.gz", "x"), "b_copy": Output("txt", "y")}
        options = Options

    check_declaration(Fine)
