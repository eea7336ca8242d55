"""The command line, ``metapipe WORD …``: parses, calls, prints, exits; nothing below prints.

A stage's options come from its declaration, so a new stage needs no line here.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from metapipe import __version__
from metapipe.errors import CODES, EX_LOST, MetapipeError
from metapipe.stages.registry import STAGES, SUMMARIES

_EPILOG = """examples:
  metapipe predict_genes --contigs contigs.fasta --outdir genes
  metapipe search_proteins --proteins genes/proteins.fasta --db-proteins ec-proteins:1 --slots 4 --outdir hits
  metapipe report genes/run_report.json
  metapipe refdb list
  metapipe STAGE --help          what a stage reads, writes and can be told
"""


class Terminated(BaseException):
    """SIGTERM: a Galaxy job was cancelled. Raised so that everything started is ended and removed."""


def _terminate(*_: object) -> None:
    raise Terminated


class _Parser(argparse.ArgumentParser):
    """Reports wrong options as every other user error: one line with a code."""

    def error(self, message: str) -> None:  # type: ignore[override]
        raise MetapipeError("E701", f"{message} (see {self.prog} --help)")


def say(line: str) -> None:
    """Print one line of progress or result to standard output."""
    try:
        print(line, flush=True)
    except BrokenPipeError:  # the reader has gone (``metapipe errors | head``); what was asked for is done
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def warn(line: str) -> None:
    """Print one line to standard error."""
    with contextlib.suppress(BrokenPipeError):
        print(line, file=sys.stderr, flush=True)


def complain(error: MetapipeError) -> int:
    """Print the line that says what is wrong and, where METAPIPE_ADVICE is set, one that says what to do.

    :returns: the exit code: the error's own, or EX_LOST where the line could not be printed.
    """
    lines = [str(error)]
    if os.environ.get("METAPIPE_ADVICE"):
        lines.append(f"What to do: {CODES[error.code].remedy}")
    try:
        warn("\n".join([*lines, error.detail] if error.detail else lines))
    except OSError:
        return EX_LOST
    return error.exit_code


def rewrite(line: str) -> None:
    """Show one line on the terminal behind standard error in place of the one before; an empty one clears it."""
    with contextlib.suppress(OSError):
        columns = os.get_terminal_size(2).columns or 80
        # Written at once and unbuffered: a timer may call this at any moment.
        os.write(2, f"\r{line[: columns - 1]}\x1b[K".encode("utf-8", "replace"))


#: Commands that are no stages: module with ``add_parser`` and ``run``, line of the help, what ``run`` prints with. Only
#: the module of the command that was asked for is imported.
COMMANDS: dict[str, tuple[str, str, tuple[Callable[[str], None], ...]]] = {
    "refdb": ("metapipe.commands.refdb", "build, install, list and verify reference databases", (say,)),
    "report": ("metapipe.commands.report", "show what runs cost and how they went, from their run reports", (say,)),
    "cluster": ("metapipe.commands.cluster", "run a Spark cluster: its secret, its master, its workers", (say, warn)),
    "instance": ("metapipe.commands.instances", "a Galaxy from a request: plan, make, check, take away", (say, warn)),
    "warm": ("metapipe.commands.warm", "keep a Spark session ready for many short jobs", (say, warn)),
}


def build_parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """Build the parser; only the command that was asked for is imported and filled in."""
    parser = _Parser(
        prog="metapipe",
        description="META-pipe for Galaxy: stages of marine metagenome annotation on a Spark job runner.",
        epilog=_EPILOG,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"metapipe {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    asked = next((word for word in arguments if not word.startswith("-")), "").replace("-", "_")
    for name in STAGES:
        if name == asked:
            from metapipe.commands.stage import add_stage_parser

            add_stage_parser(commands, name)
        else:
            commands.add_parser(name, help=SUMMARIES[name])
    for name, (module, summary, _) in COMMANDS.items():
        if name == asked:
            importlib.import_module(module).add_parser(commands)
        else:
            commands.add_parser(name, help=summary)
    commands.add_parser(
        "prepare_spark", help="make the class-data archive that lets Spark start in a quarter of the time"
    )
    commands.add_parser("errors", help="list all error codes, what they mean and what to do")
    if asked not in commands.choices:
        _add_outside_stages(commands, asked)
    return parser


def _add_outside_stages(commands: Any, asked: str) -> None:
    """Add the stages of other packages. A name that META-pipe has itself stays META-pipe's."""
    from metapipe.stages.other_packages import outside_stages

    for name, (_, package) in outside_stages().items():
        if name == asked:
            from metapipe.commands.stage import add_stage_parser

            add_stage_parser(commands, name)
        elif name not in commands.choices:
            commands.add_parser(name, help=f"a stage of {package}")


def run(arguments: Sequence[str]) -> int:
    """Parse and carry out; returns the exit code. User errors are raised as MetapipeError."""
    words = [
        word.replace("-", "_") if position == 0 and not word.startswith("-") else word
        for position, word in enumerate(arguments)
    ]
    options = build_parser(words).parse_args(words)
    if options.command == "errors":
        from metapipe.errors import table_markdown

        say(table_markdown().rstrip())
        return 0
    if options.command == "prepare_spark":
        return _prepare_spark()
    if options.command in COMMANDS:
        module, _, printers = COMMANDS[options.command]
        return int(importlib.import_module(module).run(options, *printers))
    from metapipe.commands.stage import run_stage_command

    return run_stage_command(options, say, warn, rewrite)


def _prepare_spark() -> int:
    import tempfile
    from pathlib import Path

    from metapipe.runner.sessions.local import prepare_archive

    with tempfile.TemporaryDirectory(prefix="metapipe-") as folder:
        archive = prepare_archive(Path(folder))
    say(
        "no class-data archive made: Spark will start more slowly"
        if archive is None
        else f"class-data archive ready ({archive.name})"
    )
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of the ``metapipe`` program."""
    signal.signal(signal.SIGTERM, _terminate)
    try:
        code = run(sys.argv[1:] if arguments is None else arguments)
    except MetapipeError as error:
        code = complain(error)
    except KeyboardInterrupt:
        warn("interrupted; run the same command again to go on from the blocks that are done")
        code = 130
    except Terminated:
        warn("ended from outside; run the same command again to go on from the blocks that are done")
        code = 128 + signal.SIGTERM
    except MemoryError:
        code = complain(MetapipeError("E802"))
    except Exception as error:
        code = complain(MetapipeError("E901", f"{type(error).__name__}: {error}"))
        traceback.print_exc()
    return code


if __name__ == "__main__":
    sys.exit(main())
