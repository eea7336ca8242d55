"""The command behind ``scripts/run``: reads in, annotated results out. The only module here that prints."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metapipe.errors import MetapipeError
from metapipe.formats.file_names import folder_names, safe_name
from metapipe.galaxy.courses import COURSES, METAPIPE, Course
from metapipe.galaxy.progress import Changes, Step, clock, status_line
from metapipe.galaxy.reads import Sample, find_samples

if TYPE_CHECKING:  # `--check` and `--help` run before anything is installed
    from bioblend.galaxy import GalaxyInstance

    from metapipe.galaxy.connection import Account
    from metapipe.galaxy.workflow import Workflow

INTERRUPTED = 130

_ENDING = """

Ctrl-C stops waiting, not the run: the same command goes on where it was.
"""


@dataclass
class Screen:
    """Lines that stay, and on a terminal one line that moves."""

    quiet: bool
    terminal: bool = field(default_factory=lambda: sys.stdout.isatty())
    _moving: bool = False

    def say(self, line: str = "") -> None:
        """Print a line that stays."""
        self.still()
        print(line, flush=True)

    def tell(self, line: str) -> None:
        """Print a line that stays unless the user wants quiet."""
        if not self.quiet:
            self.say(line)

    def move(self, line: str) -> None:
        """Rewrite the moving line; does nothing where output is no terminal."""
        if self.terminal and not self.quiet:
            print(f"\r\x1b[K{line}", end="", flush=True)
            self._moving = True

    def complain(self, what: object) -> None:
        """Print a line on standard error."""
        self.still()
        print(what, file=sys.stderr, flush=True)

    def still(self) -> None:
        """Clear the moving line."""
        if self._moving:
            print("\r\x1b[K", end="", flush=True)
            self._moving = False

    @property
    def width(self) -> int:
        """Columns of the terminal but one: a line that fills the last one would wrap."""
        return shutil.get_terminal_size().columns - 1


@dataclass(frozen=True)
class Run:
    """One sample's run of the workflow."""

    history_id: str
    id: str
    results: Path


@dataclass(frozen=True)
class Errand:
    """What one call of the command does for every run.

    :param title: what histories are called. :param parameters: workflow input label → value.
    :param again: start a new run even where the same one is finished.
    """

    gi: GalaxyInstance
    account: Account
    workflow: Workflow
    workflow_id: str
    parameters: dict[str, Any]
    again: bool
    results: Path
    screen: Screen
    title: str

    def start(self, samples: Sequence[Sample], name: str, folder: str) -> Run:
        """Upload reads and start the workflow on them, or find both done before.

        :param samples: one, or all that the workflow takes together.
        :param folder: in the folder of results, for this run's.
        """
        from metapipe.galaxy.running import find_run, start_run
        from metapipe.galaxy.uploading import upload_reads, upload_samples

        def sending(file: str, share: float) -> None:
            self.screen.move(f"Uploading {file}: {share:.0%}")

        history = f"{self.title} {name}"
        if self.workflow.takes_samples_together:
            reads = upload_samples(self.gi, samples, name, history, sending)
        else:
            reads = upload_reads(self.gi, samples[0], history, sending)
        self.screen.tell(f"Reads of {name}: {'in Galaxy already' if reads.reused else 'uploaded'}")
        given = (self.gi, self.workflow, self.workflow_id, reads, self.parameters)
        run_id = None if self.again else find_run(*given)
        if run_id is None:
            run_id = start_run(*given)
            self.screen.tell(f"Workflow on {name}: started")
        else:
            self.screen.tell(f"Workflow on {name}: same reads, same settings; showing that run (--again starts anew)")
        return Run(reads.history_id, run_id, self.results / folder)

    def finish(self, run: Run) -> MetapipeError | None:
        """Wait for a run and fetch its results. A failure is printed and returned: other samples go on."""
        from metapipe.galaxy.downloading import download_outputs
        from metapipe.galaxy.running import wait

        began = time.monotonic()
        changes = Changes()

        def look(steps: Sequence[Step]) -> None:
            seconds = time.monotonic() - began
            for line in changes.lines(steps, seconds):
                self.screen.tell(line)
            self.screen.move(status_line(steps, seconds, self.screen.width))

        failed: MetapipeError | None = None
        try:
            try:
                invocation = wait(self.gi, self.workflow, run.id, look)
            except MetapipeError as error:
                if not self.workflow.takes_samples_together:
                    raise
                # What failed is one sample's; the others have their results, and are compared.
                failed = error
                self.screen.complain(error)
                invocation = self.gi.invocations.show_invocation(run.id)
            files = download_outputs(self.gi, invocation, run.results, whole=failed is None)
        except MetapipeError as error:
            self.screen.complain(error)
            self.screen.say(f"History   {self.account.history_url(run.history_id)}")
            return error
        if failed is None:
            self.screen.tell(f"Done in {clock(time.monotonic() - began)}.\n")
        elif files:
            self.screen.tell("What did not fail is done:\n")
        if files:
            self._show(run, invocation, files)
        self.screen.say(f"History   {self.account.history_url(run.history_id)}")
        return failed

    def _show(self, run: Run, invocation: Mapping[str, Any], files: Mapping[str, Path]) -> None:
        folders = Counter(path.parent.name for path in files.values() if path.parent != run.results)
        shown = [path.name for path in files.values() if path.parent == run.results]
        shown += [f"{folder}/ ({count} files)" for folder, count in folders.items()]
        self.screen.say(f"Results   {run.results}/: {', '.join(sorted(shown))}")
        for label, path in files.items():
            if label.partition("/")[0] in ("Report", "Reports"):
                self.screen.say(f"Report    {path}")
                if label in invocation["outputs"]:
                    self.screen.say(f"          {self.account.dataset_url(invocation['outputs'][label]['id'])}")


def parser(course: Course) -> argparse.ArgumentParser:
    """Return the command's options for one workflow.

    ``scripts/run`` sets the hidden ones. ``--check`` looks at options and reads and prints what the run needs:
    a line ``demo`` for the demo's reads and a line ``database NAME:VERSION`` for each database.
    """
    made = argparse.ArgumentParser(
        prog="scripts/run" if course is METAPIPE else f"scripts/run {course.name}",
        description=course.description,
        epilog=f"examples:\n{course.examples}{_ENDING}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--input", type=Path, metavar="DIR", help="folder with your own paired reads (default: the demo)")
    made.add_argument("--results", type=Path, metavar="DIR", default=Path("results"), help="default: %(default)s")
    course.add_options(made)
    made.add_argument("--again", action="store_true", help="run anew even if the same run is finished")
    made.add_argument("--quiet", action="store_true", help="no progress, only where the results are")
    made.add_argument("--show-password", action="store_true", help="print the user's password, not only where it is")
    made.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    for name in ("--demo", "--state", "--workflow"):
        made.add_argument(name, type=Path, help=argparse.SUPPRESS)
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code. Its first word may name the workflow (default: META-pipe's)."""
    words = list(sys.argv[1:] if argv is None else argv)
    course = COURSES[words.pop(0)] if words and words[0] in COURSES else METAPIPE
    arguments = parser(course).parse_args(words)
    course.fill_in(arguments)
    screen = Screen(arguments.quiet)
    try:
        if not arguments.check:
            return _run(course, arguments, screen)
        if arguments.input is not None:
            find_samples(arguments.input)
        elif course.demo_is_built:
            screen.say("demo")
        for database in course.databases_of(arguments):
            screen.say(f"database {database}")
        return 0
    except MetapipeError as error:
        screen.complain(error)
        return error.exit_code
    except KeyboardInterrupt:
        screen.complain("Stopped waiting. What Galaxy runs goes on; the same command shows it again.")
        return INTERRUPTED


def _run(course: Course, arguments: argparse.Namespace, screen: Screen) -> int:
    from metapipe.galaxy.connection import Account, connect, talking_to_galaxy
    from metapipe.galaxy.workflow import Workflow, import_once

    folder: Path = arguments.input or arguments.demo
    samples = find_samples(folder)
    account = Account.read(arguments.state)
    workflow = Workflow.read(arguments.workflow)
    parameters = chosen_parameters(course, workflow, arguments)
    gi = connect(account)
    with talking_to_galaxy(account.url):
        workflow_id = import_once(gi, workflow)
        given = (gi, account, workflow, workflow_id, parameters, arguments.again, arguments.results, screen)
        errand = Errand(*given, course.title)
        name = folder.resolve().name
        if workflow.takes_samples_together or len(samples) == 1:
            runs = [errand.start(samples, name, safe_name(name))]
        else:
            folders = folder_names(sample.name for sample in samples)
            runs = [errand.start([sample], sample.name, folders[sample.name]) for sample in samples]
        failed = [error for run in runs if (error := errand.finish(run))]
    screen.say(f"Galaxy    {account.url}")
    password = account.password if arguments.show_password else f"in {account.password_file}"
    screen.say(f"Log in    as {account.email}, password {password}")
    return failed[0].exit_code if failed else 0


def chosen_parameters(course: Course, workflow: Workflow, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return input label → value: the workflow's defaults and what the user chose instead.

    :raises MetapipeError: E702 when the workflow has no input for an option given.
    """
    parameters = {label: entry["default"] for label, entry in workflow.inputs.items() if "default" in entry}
    for option, label in course.parameters.items():
        value = getattr(arguments, option)
        if value is None:
            continue
        if label not in workflow.inputs:
            raise MetapipeError(
                "E702", f"workflow {workflow.title}: no input {label!r} for --{option.replace('_', '-')}"
            )
        parameters[label] = value
    return parameters


if __name__ == "__main__":
    sys.exit(main())
