"""From a stage's declaration to its command-line options, and from parsed options to a run."""

from __future__ import annotations

import argparse
import dataclasses
import math
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from metapipe import machine
from metapipe.errors import MetapipeError, warning_line
from metapipe.runner.attempt.attempt import load_stage
from metapipe.runner.blocks.resources import IDLE_DEFAULT, Resources, SessionKind
from metapipe.runner.declare.elements import Database, FastqPairs, default_file_names
from metapipe.runner.declare.flags import Flags, flags_of
from metapipe.runner.declare.given import Given
from metapipe.runner.declare.stage import Stage
from metapipe.runner.guard.launcher import adopt_orphans, end_descendants
from metapipe.runner.run.engine import run_stage
from metapipe.runner.run.request import Places, Request, Voice
from metapipe.runner.sessions.event_log import VARIABLE
from metapipe.stages.registry import SUMMARIES, reference_of

Say = Callable[[str], None]
_Otherwise = TypeVar("_Otherwise", int, None)

_MATES = ("forward", "reverse")
_ANY_SESSION = "auto"


def add_stage_parser(commands: Any, name: str) -> None:
    """Add the subcommand of one stage; its help shows inputs, databases, options, outputs, in that order."""
    stage = load_stage(reference_of(name))
    try:
        _fill(commands, name, stage)
    except argparse.ArgumentError as error:
        raise TypeError(f"stage {stage.__module__}.{stage.__qualname__}: {error}, which every stage has") from error


class _HelpAsItIs(argparse.RawDescriptionHelpFormatter):
    """Shows a stage's help as it was written: a per cent sign is one."""

    def _expand_help(self, action: argparse.Action) -> str:
        return action.help or ""


def _fill(commands: Any, name: str, stage: type[Stage]) -> None:
    example = f"example:\n  {stage.example}" if stage.example else None
    parser = commands.add_parser(
        name,
        help=SUMMARIES.get(name, "").replace("%", "%%"),
        description=stage.summary,
        epilog=example,
        allow_abbrev=False,
        formatter_class=_HelpAsItIs,
    )
    flags = flags_of(stage)
    _add_inputs(parser.add_argument_group("inputs"), stage, flags)
    if stage.databases:
        group = parser.add_argument_group("databases (NAME:VERSION as installed, or a folder)")
        for key, declared in stage.databases.items():
            flag = flags.databases[key].text
            group.add_argument(flag, required=not declared.optional, metavar="DATABASE", help=declared.help)
    _add_options(parser, stage, flags)
    group = parser.add_argument_group("outputs (name them one by one, or give a folder for all)")
    group.add_argument("--outdir", type=Path, metavar="DIR", help="write every output here under its default name")
    names = default_file_names(stage.outputs)
    for key, output in stage.outputs.items():
        text = f"{output.help} ({names[key]})"
        group.add_argument(flags.outputs[key].text, type=Path, metavar="FILE", help=text)
    group.add_argument("--summary", type=Path, metavar="FILE", help="counts, options, engines and databases, as JSON")
    group.add_argument("--report", type=Path, metavar="FILE", help="what the run cost: times, cores, attempts, as JSON")
    group.add_argument("--quarantine", type=Path, metavar="FILE", help="records that made the program fail")
    _add_running(parser.add_argument_group("running"))


def _add_inputs(group: Any, stage: type[Stage], flags: Flags) -> None:
    if stage.records is not None:
        for position, key in enumerate(stage.records.files):
            text, required = stage.records.help, True
            if isinstance(stage.records, FastqPairs):
                text = text.format(_MATES[position])
                if stage.records.or_single:
                    alone = "single reads" if stage.records.in_step else "single, merged or interleaved reads"
                    text += (f"; or with {alone}", f"; left out for {alone}")[position]
                    required = position == 0
            group.add_argument(flags.records[key].text, type=Path, required=required, metavar="FILE", help=text)
            group.add_argument(flags.names[key].text, metavar="NAME", help=argparse.SUPPRESS)
    for key, side in stage.side.items():
        action = "append" if side.multiple else "store"
        flag, required = flags.side[key].text, not side.optional
        group.add_argument(flag, type=Path, required=required, metavar="FILE", action=action, help=side.help)
        group.add_argument(flags.names[key].text, metavar="NAME", action=action, help=argparse.SUPPRESS)


def _add_options(parser: argparse.ArgumentParser, stage: type[Stage], flags: Flags) -> None:
    fields = dataclasses.fields(stage.options)
    if not fields:
        return
    group = parser.add_argument_group("options")
    for field in fields:
        text = str(field.metadata["help"])
        flag = flags.options[field.name].text
        if isinstance(field.default, bool):
            group.add_argument(flag, action="store_true", default=field.default, help=text)
            continue
        choices = field.metadata.get("choices")
        shown = f" (default {field.default})" if field.default not in ("", None) else ""
        group.add_argument(
            flag,
            type=_converter(field),
            default=field.default,
            choices=choices,
            metavar=None if choices else "VALUE",
            help=text + shown,
        )


def _converter(field: dataclasses.Field[Any]) -> Callable[[str], Any]:
    kind: Callable[[str], Any] = type(field.default)
    lowest, highest = field.metadata.get("minimum"), field.metadata.get("maximum")

    def convert(text: str) -> Any:
        try:
            value = kind(text)
            if kind is float and not math.isfinite(value):
                raise ValueError
        except ValueError:
            raise argparse.ArgumentTypeError(
                f"expected {'a whole number' if kind is int else 'a number'}, found {text!r}"
            ) from None
        if (lowest is not None and value < lowest) or (highest is not None and value > highest):
            raise argparse.ArgumentTypeError(f"expected {_limits(lowest, highest)}, found {text}")
        if field.metadata.get("per_cent") and 0 < value <= 1:
            raise argparse.ArgumentTypeError(
                f"expected per cent, as {value * 100:g} for a share of {text}, found {text}"
            )
        return value

    return convert


def _limits(lowest: float | None, highest: float | None) -> str:
    if highest is None:
        return f"a value of at least {lowest}"
    return f"a value of at most {highest}" if lowest is None else f"a value from {lowest} to {highest}"


def _add_running(group: Any) -> None:
    group.add_argument(
        "--slots",
        type=_at_least_one,
        default=_from_environment("GALAXY_SLOTS", machine.cores()),
        metavar="N",
        help="blocks or threads at once (default: $GALAXY_SLOTS, else all cores)",
    )
    group.add_argument(
        "--memory-mb",
        type=_at_least_one,
        default=_from_environment("GALAXY_MEMORY_MB", None),
        metavar="N",
        help="limit of memory for all slots together (default: $GALAXY_MEMORY_MB, else what the machine has)",
    )
    group.add_argument(
        "--session",
        choices=(_ANY_SESSION, *(kind.value for kind in SessionKind)),
        default=_ANY_SESSION,
        help="inline: no Spark; local: Spark on this host; cluster: of $METAPIPE_SPARK_MASTER; "
        "warm: that of `metapipe warm up`; auto: what pays",
    )
    group.add_argument(
        "--max-quarantined",
        type=_at_least_zero,
        default=10,
        metavar="N",
        help="records that may make the program fail before the run does (default 10)",
    )
    group.add_argument(
        "--blocks", type=_at_least_one, metavar="N", help="force this many blocks (for tests and benchmarks)"
    )
    group.add_argument(
        "--timeout", type=_seconds, metavar="SECONDS", help="longest time for the largest block (default: plenty)"
    )
    group.add_argument(
        "--idle-timeout",
        type=_seconds_or_none,
        default=IDLE_DEFAULT,
        metavar="SECONDS",
        help=f"longest time a block may give no sign of life, 0: for ever (default {IDLE_DEFAULT:.0f})",
    )
    group.add_argument(
        "--workdir",
        type=Path,
        metavar="DIR",
        help="where finished blocks wait; a rerun goes on from there (default: .metapipe-work beside the outputs)",
    )
    group.add_argument(
        "--event-log",
        type=Path,
        default=Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None,
        metavar="DIR",
        help=f"keep Spark's event log here (default: ${VARIABLE}, else none)",
    )
    group.add_argument("--progress", action="store_true", help="show progress even when standard error is no terminal")


def _at_least_one(text: str) -> int:
    return _whole_number(text, 1)


def _at_least_zero(text: str) -> int:
    return _whole_number(text, 0)


def _whole_number(text: str, lowest: int) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) < lowest:
        raise argparse.ArgumentTypeError(f"expected a whole number from {lowest}, found {text!r}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number of seconds above 0, found {text!r}")
    return value


def _seconds_or_none(text: str) -> float:
    return 0.0 if text in ("0", "0.0") else _seconds(text)


def _from_environment(name: str, otherwise: _Otherwise) -> int | _Otherwise:
    text = os.environ.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and int(text) > 0 else otherwise


def run_stage_command(arguments: argparse.Namespace, say: Say, warn: Say, rewrite: Say) -> int:
    """Run the stage that was parsed and say in one line what came out.

    :param rewrite: shows a line of progress in place of the one before, for a terminal.
    """
    reference = reference_of(arguments.command)
    stage = load_stage(reference)
    values, flags = vars(arguments), flags_of(stage)
    outputs = _outputs(stage, flags, values)
    adopt_orphans()
    live = sys.stderr.isatty()
    progress = rewrite if live else warn if arguments.progress else None
    home = next(iter(outputs.values())).parent
    given = Given(
        records={
            key: values[flag.attribute] for key, flag in flags.records.items() if values[flag.attribute] is not None
        },
        side=_side(flags, values),
        databases=_databases(stage, flags, values),
        labels=_labels(flags, values),
        options=stage.options(**{name: values[flag.attribute] for name, flag in flags.options.items()}),
    )
    resources = Resources(
        slots=arguments.slots,
        memory_mb=arguments.memory_mb,
        timeout=arguments.timeout,
        idle_timeout=arguments.idle_timeout,
        max_quarantined=arguments.max_quarantined,
        blocks=arguments.blocks,
        session=None if arguments.session == _ANY_SESSION else SessionKind(arguments.session),
    )
    places = Places(
        outputs=outputs,
        workdir=arguments.workdir or home / ".metapipe-work",
        summary=arguments.summary or (arguments.outdir / "summary.json" if arguments.outdir else None),
        report=arguments.report or (arguments.outdir / "run_report.json" if arguments.outdir else None),
        quarantine=arguments.quarantine,
        event_log=arguments.event_log,
    )
    try:
        result = run_stage(Request(reference, given, places, resources, Voice(progress, warn, live)))
    finally:
        end_descendants()
    if result.quarantined and result.quarantine is not None:
        warn(
            warning_line(
                "W402",
                f"{result.quarantined} record(s) made the program fail and were set aside in {result.quarantine.name}",
            )
        )
    say(_closing_line(arguments.command, result.summary, result.report))
    return 0


def _outputs(stage: type[Stage], flags: Flags, values: dict[str, Any]) -> dict[str, Path]:
    folder: Path | None = values["outdir"]
    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise MetapipeError("E501", f"cannot make the folder ({error.strerror})", file=folder) from error
    outputs: dict[str, Path] = {}
    for key, name in default_file_names(stage.outputs).items():
        path = values[flags.outputs[key].attribute] or (folder / name if folder is not None else None)
        if path is not None:
            outputs[key] = path
    if not outputs:
        raise MetapipeError("E701", "no output asked for: give --outdir or one of the --out-… options")
    return outputs


def _side(flags: Flags, values: dict[str, Any]) -> dict[str, list[Path]]:
    given = {key: values[flag.attribute] for key, flag in flags.side.items()}
    return {key: path if isinstance(path, list) else [path] for key, path in given.items() if path is not None}


def _databases(stage: type[Stage], flags: Flags, values: dict[str, Any]) -> dict[str, Database]:
    asked = {key: values[flag.attribute] for key, flag in flags.databases.items()}
    if not any(asked.values()):
        return {}
    from metapipe.refdb.store import resolve

    return {key: resolve(text, kind=stage.databases[key].kind) for key, text in asked.items() if text is not None}


def _labels(flags: Flags, values: dict[str, Any]) -> dict[str, str]:
    labels: dict[str, str] = {}
    for key, flag in flags.names.items():
        given = values[flag.attribute]
        if isinstance(given, list):
            labels.update({f"{key}.{position}": name for position, name in enumerate(given)})
        elif given:
            labels[key] = given
    return labels


def _closing_line(command: str, summary: dict[str, Any], report: dict[str, Any]) -> str:
    counts = {key: value for key, value in summary["results"].items() if isinstance(value, int | str)}
    shown = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in counts.items())
    totals = report["totals"]
    cost = f"{totals['wall_seconds']:.1f} s, {totals['core_seconds_used']:.1f} core-s, {report['session']}"
    return f"{command}: {shown or 'done'} [{cost}]"
