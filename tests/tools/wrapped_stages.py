"""The tools as Galaxy sees them: XML with all macros expanded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from xml.etree.ElementTree import Element

from galaxy.tool_util.loader import load_tool

from metapipe.runner.attempt.attempt import load_stage
from metapipe.runner.declare.flags import Flags, flags_of
from metapipe.runner.declare.stage import Stage
from metapipe.stages.registry import STAGES

ROOT = Path(__file__).resolve().parents[2]
SUITES = {name: ROOT / "tools" / name for name in ("metapipe", "biomas")}


def suite_of(stage_name: str) -> str:
    """The suite a stage's tool belongs to, by the package its code is in."""
    return "biomas" if STAGES[stage_name].startswith(("metapipe.biomas.", "metapipe.merging.")) else "metapipe"


#: A tool keeps its id when its stage is renamed: users' workflows name it.
TOOL_IDS = {name: f"{suite_of(name)}_{name}" for name in STAGES} | {"annotation_report": "metapipe_report"}


@dataclass(frozen=True)
class Tool:
    """One tool and the stage it wraps. :param also_in: another suite than the stage's own that has a tool of it."""

    stage_name: str
    also_in: str = ""

    @property
    def suite(self) -> str:
        return self.also_in or suite_of(self.stage_name)

    @property
    def id(self) -> str:
        return f"{self.also_in}_{self.stage_name}" if self.also_in else TOOL_IDS[self.stage_name]

    @property
    def path(self) -> Path:
        return SUITES[self.suite] / f"{self.id}.xml"

    @cached_property
    def root(self) -> Element:
        root: Element = load_tool(str(self.path)).getroot()
        return root

    @cached_property
    def stage(self) -> type[Stage]:
        return load_stage(STAGES[self.stage_name])

    @cached_property
    def declared(self) -> Flags:
        """The options that the stage's declaration asks for."""
        return flags_of(self.stage)

    @cached_property
    def command(self) -> str:
        """The Cheetah template, tokens filled in."""
        return self.root.findtext("command") or ""

    @property
    def stage_call(self) -> str:
        """The part of the command that follows ``metapipe <stage>``."""
        return self.command.split(f"metapipe {self.stage_name}", 1)[1]

    def parameter(self, argument: str) -> Element:
        """The ``<param>`` whose ``argument`` is this one."""
        found = [param for param in self.root.iter("param") if param.get("argument") == argument]
        assert found, f"{self.path.name} has no parameter {argument}"
        return found[0]

    def output_of(self, name: str) -> str:
        """Galaxy's name of the stage's output ``name``."""
        target = self.stage_call.split(f"{self.declared.outputs[name].text} '$", 1)[1].split("'", 1)[0]
        return target.rpartition(".")[2]

    @property
    def flags(self) -> set[str]:
        """All options the tool can give to its stage, those of booleans included."""
        words = set(re.findall(r"(?<![\w-])--[a-z0-9-]+", self.stage_call))
        return words | {param.get("truevalue", "") for param in self.root.iter("param")} - {""}


TOOLS = [
    *(Tool(name) for name in STAGES),
    *(Tool(name, also_in="metapipe") for name in ("merge_pairs", "combine_samples")),
]
