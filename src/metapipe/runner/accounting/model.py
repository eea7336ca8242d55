"""The shape of ``run_report.json``, every field with its meaning and unit. The published schema is made from it.

Only readers import this module (Pydantic takes a moment to load); the tests hold every written report against it.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class Failure(_Part):
    """What ended a failed run, in the user's words."""

    code: str = Field(description="METAPIPE error code without prefix; empty when the run was interrupted")
    exit_code: int = Field(description="exit code of the program", ge=1, le=255)
    message: str = Field(description="the one line the user saw")
    detail: str = Field(description="the program's own last words or a traceback; may be empty")


class Host(_Part):
    """The machine on which the run was started."""

    name: str = Field(description="host on which the run was started; blocks name their own")
    system: str = Field(description="kernel, its release and the machine's architecture")
    python: str = Field(description="version of Python")
    cores: int = Field(description="cores of this host", ge=1)


class Input(_Part):
    """One input file as it was given."""

    name: str = Field(description="the file as the user knows it")
    bytes: Count = Field(description="size of the file as given, in bytes")
    sha256: Sha256 = Field(description="sha256 of the file as given")
    records: Count | None = Field(description="sequence records; null for a file that is not cut into blocks")
    residues: Count | None = Field(description="letters of all records; null for a file that is not cut into blocks")


class Planned(_Part):
    """How the work was cut, and what it was expected to take."""

    blocks: int = Field(description="blocks the input was cut into", ge=1)
    estimated_seconds: Seconds = Field(description="work expected, in core-seconds")
    residues_per_core_second: float | None = Field(description="the rate assumed, in letters per core-second")
    reason: str = Field(description="why so many blocks and why this session")


class Binary(_Part):
    """A program file of the stage."""

    path: str = Field(description="where the program was found on the host that started the run")
    sha256: Sha256 = Field(description="sha256 of the program file")


class Command(_Part):
    """One command line of a program, whatever the number of blocks that ran it."""

    argv: list[str] = Field(description="the program and its arguments; {block} stands for the block's own folder")
    times: int = Field(description="how many blocks ran it so", ge=1)


class Reference(_Part):
    """A reference database, identified by the digest of its manifest."""

    name: str = Field(description="name of the reference database")
    version: str = Field(description="its version")
    kind: str = Field(description="its kind, such as diamond or hmm")
    digest: str = Field(description="sha256 of its manifest, which holds the digests of its files")


class Phase(_Part):
    """What the run was doing, from when to when."""

    name: str = Field(description="check, scan, plan, session start, blocks, session end, merge or digests")
    start: Seconds = Field(description="seconds from the start of the run to the start of the phase")
    end: Seconds = Field(description="seconds from the start of the run to the end of the phase")


class Try(_Part):
    """One attempt at one block. What a kept block cost was spent by an earlier run, so its times are 0 here."""

    key: list[Count] = Field(description="ordinal of the block; halves of block 3 are [3, 0] and [3, 1]")
    try_: int = Field(alias="try", description="1 for the first attempt at this block, 2 for the second …", ge=1)
    outcome: Literal["ok", "error", "crashed", "timeout", "memory", "skipped", "lost"] = Field(
        description="how it ended; skipped: not started, because another block's failure had ended the run; "
        "lost: with its worker, so that nothing is known of what it used"
    )
    code: str = Field(description="METAPIPE error code; empty when ok")
    message: str = Field(description="what went wrong, in a sentence; empty when ok")
    records: Count = Field(description="records (pairs) in the block")
    residues: Count = Field(description="letters in the block")
    bytes_in: Count = Field(description="uncompressed bytes of input read")
    bytes_out: Count = Field(description="bytes of output written")
    host: str = Field(description="host on which it ran")
    pid: Count = Field(description="process id of the worker that ran it")
    started: float = Field(description="Unix time in seconds, by the clock of its host")
    wall: Seconds = Field(description="seconds from start to end")
    user: Seconds = Field(description="CPU seconds in user mode of the block's child and all below it")
    system: Seconds = Field(description="CPU seconds in the kernel of the block's child and all below it")
    worker_cpu: Seconds = Field(description="CPU seconds of the worker itself meanwhile")
    max_rss_kib: Count = Field(description="peak resident memory of its largest process, in KiB")
    kept: bool = Field(description="true when an interrupted run had done it already")
    stderr: str = Field(description="end of what the program wrote to standard error, at most 4096 characters")


class Energy(_Part):
    """An estimate: (core-seconds used × W per core + memory held × W per GiB × wall time) × PUE."""

    estimated_kwh: float = Field(description="the estimate, in kWh", ge=0)
    watts_per_core: float = Field(description="power of one busy core assumed, in W", ge=0)
    watts_per_core_source: str = Field(description="where that comes from: a publication, or the variable that set it")
    pue: float = Field(description="power usage effectiveness of the computing centre assumed, 1 or more", ge=1)
    pue_source: str = Field(description="where that comes from: a publication, or the variable that set it")
    watts_per_gib: float = Field(description="power of a GiB of memory assumed, in W", ge=0)


class Totals(_Part):
    """Sums over the run. Times are in seconds, core-seconds are CPU time, memory is in MiB."""

    wall_seconds: Seconds = Field(description="seconds from the start to the end of the run")
    core_seconds_used: float = Field(
        description="CPU seconds of the run: this process, all it waited for, and blocks on other hosts"
    )
    core_seconds_in_blocks: Seconds = Field(description="the part of it spent in blocks")
    core_seconds_allocated: Seconds = Field(description="wall seconds times slots")
    efficiency: float = Field(description="core-seconds in blocks per core-second allocated, a fraction", ge=0)
    overhead_seconds: Seconds = Field(description="wall seconds not explained by blocks evenly spread over the slots")
    max_rss_mib: float = Field(description="peak memory of the largest process of any block, in MiB", ge=0)
    max_rss_together_mib: float = Field(
        description="most memory of blocks at the same time, in MiB: a sum of peaks, so an upper bound", ge=0
    )
    residues_per_core_second: float | None = Field(
        description="letters done per core-second in blocks: the learned rate; null when nothing was done"
    )
    retries: Count = Field(description="blocks and halves of blocks that were run again")
    kept: Count = Field(description="blocks that an interrupted run had done already")
    quarantined: Count = Field(description="records that were set aside")
    energy: Energy = Field(description="estimate of the electricity used, with its assumptions")


class Written(_Part):
    """One output file as it was delivered."""

    bytes: Count = Field(description="size in bytes")
    sha256: Sha256 = Field(description="sha256 of the file")


class RunReport(_Part):
    """What one run of one stage cost and how it went, as metapipe writes it (run_report.json)."""

    schema_: Literal[2] = Field(alias="schema", description="version of this shape")
    status: Literal["ok", "failed"] = Field(description="whether the outputs were written")
    error: Failure | None = Field(description="what ended a failed run; null when ok")
    metapipe: str = Field(description="version of metapipe")
    stage: str = Field(description="name of the stage")
    version: str = Field(description="version of the stage's rules")
    started: float = Field(description="Unix time in seconds at which the run began")
    host: Host = Field(description="where the run was started")
    options: dict[str, Any] = Field(description="the stage's options, defaults included")
    inputs: dict[str, Input] = Field(description="inputs by name; those of a list are name.0, name.1 …")
    plan_hash: str = Field(
        pattern="^([0-9a-f]{64})?$",
        description="sha256 of all that the result depends on; a rerun with the same hash goes on; empty before a plan",
    )
    plan: Planned | None = Field(description="how the work was cut; null when the run failed before")
    session: str = Field(
        description="where blocks ran: inline, local, cluster or warm; empty when the run failed before"
    )
    session_facts: dict[str, Any] = Field(
        description="what the session says of itself: master, cores, version and settings of Spark, sandbox"
    )
    slots: int = Field(description="blocks that could run at once", ge=1)
    memory_mb: Count = Field(description="memory for all slots together, in MiB")
    programs: dict[str, str] = Field(description="versions of the engines behind the stage; empty for a failed run")
    binaries: dict[str, Binary] = Field(description="the program files of the stage that were found")
    commands: list[Command] = Field(description="programs that finished blocks launched, each command line once")
    databases: dict[str, Reference] = Field(description="reference databases by the stage's name for them")
    phases: list[Phase] = Field(description="what the run was doing when, in order")
    attempts: list[Try] = Field(description="one row for each attempt at a block, in input order")
    totals: Totals = Field(description="sums over the run")
    outputs: dict[str, Written] = Field(description="outputs written, by name; empty for a failed run")


def json_schema() -> str:
    """The text of ``run_report.schema.json`` (JSON Schema 2020-12)."""
    schema = RunReport.model_json_schema(by_alias=True)
    text = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "META-pipe run report"}
    return json.dumps(text, indent=1, ensure_ascii=False) + "\n"


def fields_markdown() -> str:
    """The fields as Markdown tables, one for each part (a section of ``docs/run-report.md``)."""
    schema = json.loads(json_schema())
    parts = {"the report": schema} | schema["$defs"]
    lines: list[str] = []
    for name, part in parts.items():
        lines += [f"### {name[0].upper()}{name[1:]}", "", "| Field | Type | Meaning |", "| --- | --- | --- |"]
        lines += [
            f"| `{field}` | {_type(declared)} | {declared['description']} |"
            for field, declared in part["properties"].items()
        ]
        lines.append("")
    return "\n".join(lines)


def _type(declared: dict[str, Any]) -> str:
    if "anyOf" in declared:
        return " or ".join(_type(one) for one in declared["anyOf"])
    if "$ref" in declared:
        return str(declared["$ref"]).rpartition("/")[2]
    if "const" in declared:
        return f"{declared['const']}"
    if "enum" in declared:
        return "word"
    if declared["type"] == "array":
        return f"list of {_type(declared['items'])}"
    if declared["type"] == "object" and isinstance(declared.get("additionalProperties"), dict):
        return f"name → {_type(declared['additionalProperties'])}"
    return str(declared["type"])
