"""A tool offers what its stage declares, no more and no less, with the same defaults and limits."""

from __future__ import annotations

import dataclasses
import re
from importlib.metadata import version

import pytest
from wrapped_stages import SUITES, TOOL_IDS, TOOLS, Tool

from metapipe import __version__
from metapipe.errors import MetapipeError
from metapipe.stages.registry import STAGES

#: What the tool gives to every stage: cores, memory, place, lines of progress, summary, run facts.
OF_THE_RUNNER = {"--slots", "--memory-mb", "--workdir", "--progress", "--summary", "--report"}

FORMATS = {
    "fastq": "fastqsanger",
    "fasta": "fasta",
    "gff3": "gff3",
    "tabular": "tabular",
    "gbk": "genbank",
    "embl": "embl",
    "html": "html",
    "png": "png",
    "svg": "svg",
    "json": "json",
    "nwk": "newick",
    "biom1": "biom1",
    "txt": "txt",
}


#: (tool, option) → its default, where it serves another pipeline than the one that the stage has its defaults from.
OWN_DEFAULTS = {("metapipe_merge_pairs", "merger"): "vsearch"}


def options_of(tool: Tool) -> list[dataclasses.Field[object]]:
    return list(dataclasses.fields(tool.stage.options))


def test_every_stage_has_a_tool_and_every_tool_a_stage() -> None:
    files = {path.stem for suite, folder in SUITES.items() for path in folder.glob(f"{suite}_*.xml")}
    assert files == {tool.id for tool in TOOLS}
    assert set(TOOL_IDS) == set(STAGES)


def test_the_tool_gives_its_stage_exactly_the_options_the_stage_declares(tool: Tool) -> None:
    assert tool.flags == {flag.text for flag in tool.declared} | OF_THE_RUNNER


def test_options_have_the_defaults_and_limits_of_the_stage(tool: Tool) -> None:
    for field in options_of(tool):
        flag = tool.declared.options[field.name].text
        param = tool.parameter(flag)
        default, limits = OWN_DEFAULTS.get((tool.id, field.name), field.default), field.metadata
        if isinstance(default, bool):
            assert param.get("checked") == str(default).lower(), field.name
            assert param.get("truevalue") == flag
        elif limits["choices"]:
            assert [option.get("value") for option in param.iter("option")] == list(limits["choices"]), field.name
            chosen = [option.get("value") for option in param.iter("option") if option.get("selected") == "true"]
            assert chosen == [default], field.name
        elif isinstance(default, int | float):
            assert float(param.get("value", "nan")) == default, field.name
            assert param.get("type") == ("integer" if isinstance(default, int) else "float")
            for bound, attribute in ((limits["minimum"], "min"), (limits["maximum"], "max")):
                given = param.get(attribute)
                if bound is not None:
                    assert given is not None, f"{field.name} lacks {attribute}"
                    inside = float(given) >= bound if attribute == "min" else float(given) <= bound
                    assert inside, f"{field.name}: {attribute}={given}, but the stage accepts {bound}"
        elif param.get("optional") != "true":  # left empty, the tool gives the stage's default
            assert param.get("value", "") == default, field.name


ADAPTERS = ["ACGTACGT", "AGATCGGAAGAGCN", "ACGTACG", "", "acgtacgt", "ACGT ACGT", "A" * 200, "ACGUACGU", "ACGTACGT;rm"]


@pytest.mark.parametrize("adapter", ADAPTERS)
@pytest.mark.parametrize("stage_name", ["trim_reads", "trim_unmerged"])
def test_the_form_takes_the_adapters_that_the_stage_takes(stage_name: str, adapter: str) -> None:
    tool = next(tool for tool in TOOLS if tool.stage_name == stage_name)
    stage = tool.stage()
    for name in ("adapter_1", "adapter_2"):
        validator = tool.parameter(tool.declared.options[name].text).find("validator")
        assert validator is not None
        taken = re.match(validator.text or "", adapter) is not None
        try:
            stage.check(stage.options(**{name: adapter}))
        except MetapipeError:
            assert not taken, name
        else:
            assert taken, name


@pytest.mark.parametrize("value", ["0", "0.7", "1", "1.5", "97", "100"])
def test_the_form_takes_the_per_cent_that_the_stage_takes(tool: Tool, value: str) -> None:
    for field in options_of(tool):
        if field.metadata["per_cent"]:
            validator = tool.parameter(tool.declared.options[field.name].text).find("validator")
            assert validator is not None, field.name
            assert eval(validator.text or "", {"value": value}) == (value not in ("0.7", "1")), field.name


def test_outputs_have_the_format_the_stage_writes(tool: Tool) -> None:
    formats = {data.get("name"): data.get("format") for data in tool.root.iter("data")}
    for name, output in tool.stage.outputs.items():
        assert formats[tool.output_of(name)] == FORMATS[output.suffix], name


def test_databases_are_offered_by_the_kind_the_stage_needs(tool: Tool) -> None:
    kinds = [option.get("value") for option in tool.root.findall(".//options[@from_data_table]/filter")]
    assert kinds == [database.kind for database in tool.stage.databases.values()]
    for options in tool.root.findall(".//options[@from_data_table]"):
        validator = options.find("validator")
        assert validator is not None
        assert validator.get("type") == "no_options"
        assert "administrator" in validator.get("message", "")


def test_cores_and_memory_are_those_galaxy_gives(tool: Tool) -> None:
    assert '--slots "\\${GALAXY_SLOTS:-1}"' in tool.stage_call
    assert '--memory-mb "\\${GALAXY_MEMORY_MB:-4096}"' in tool.stage_call
    assert not [param for param in tool.root.iter("param") if "thread" in (param.get("name") or "")]


def test_the_tool_has_the_version_of_the_package(tool: Tool) -> None:
    requirements = {item.text: item.get("version") for item in tool.root.iter("requirement")}
    assert tool.root.get("version") == f"{__version__}+galaxy0"
    assert requirements["metapipe"] == __version__


@pytest.mark.parametrize(("stage_name", "package"), [("predict_genes", "pyrodigal"), ("search_domains", "pyhmmer")])
def test_required_versions_of_python_engines_are_those_tested(stage_name: str, package: str) -> None:
    tool = next(tool for tool in TOOLS if tool.stage_name == stage_name)
    requirements = {item.text: item.get("version") for item in tool.root.iter("requirement")}
    assert requirements[package] == version(package)
