"""The command behind ``scripts/run``: reads in, annotated results out. The only module here that prints."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metapipe.errors import MetapipeError
from metapipe.galaxy.naming import safe_name
from metapipe.galaxy.progress import Changes, Step, clock, status_line
from metapipe.galaxy.reads import Sample, find_samples

if TYPE_CHECKING:  # `--check` and `--help` run before anything is installed
    from bioblend.galaxy import GalaxyInstance

    from metapipe.galaxy.connection import Account
    from metapipe.galaxy.workflow import Workflow

INTERRUPTED = 130

#: Option on the command line → label of the workflow's input.
PARAMETERS = {
    "min_contig_length": "Minimum contig length",
    "complete_genes_only": "Complete genes only",
    "protein_database": "Protein database",
    "domain_database": "Domain database",
}

#: The demo is judged with a protein database that holds none of its own proteins; your reads get all there are.
DEMO_PROTEINS, OWN_PROTEINS, DOMAINS = "ec-proteins-heldout:1", "ec-proteins:1", "pfam-gecco:35.0"

_EPILOG = """\
examples:
  scripts/run                                  the demo: a small marine community
  scripts/run --input ~/reads                  your own paired reads: SAMPLE_R1.fastq.gz and SAMPLE_R2.fastq.gz
  scripts/run --input ~/reads --min-contig-length 500 --complete-genes-only
  scripts/run --again                          run the demo anew instead of showing the finished run

Several samples in one folder get one history and one results folder each. Ctrl-C stops waiting, not the run:
the same command goes on where it was.
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
        return shutil.get_terminal_size().columns - 1


@dataclass(frozen=True)
class Run:
    """One sample's run of the workflow."""

    history_id: str
    id: str
    results: Path


@dataclass(frozen=True)
class Errand:
    """What one call of the command does for every sample.

    :param parameters: workflow input label → value.
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

    def start(self, sample: Sample, name: str) -> Run:
        """Upload the sample's reads and start the workflow on them, or find both done before."""
        from metapipe.galaxy.running import find_run, start_run
        from metapipe.galaxy.uploading import upload_reads

        def sending(file: str, share: float) -> None:
            self.screen.move(f"Uploading {file}: {share:.0%}")

        reads = upload_reads(self.gi, sample, f"META-pipe {name}", sending)
        self.screen.tell(f"Reads of {name}: {'in Galaxy already' if reads.reused else 'uploaded'}")
        given = (self.gi, self.workflow, self.workflow_id, reads, self.parameters)
        run_id = None if self.again else find_run(*given)
        if run_id is None:
            run_id = start_run(*given)
            self.screen.tell(f"Workflow on {name}: started")
        else:
            self.screen.tell(f"Workflow on {name}: same reads, same settings; showing that run (--again starts anew)")
        return Run(reads.history_id, run_id, self.results / safe_name(name))

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

        try:
            invocation = wait(self.gi, self.workflow, run.id, look)
            files = download_outputs(self.gi, invocation, run.results)
        except MetapipeError as error:
            self.screen.complain(error)
            self.screen.say(f"History   {self.account.history_url(run.history_id)}")
            return error
        self.screen.tell(f"Done in {clock(time.monotonic() - began)}.\n")
        self.screen.say(f"Results   {run.results}/: {', '.join(sorted(path.name for path in files.values()))}")
        for label, path in files.items():
            if path.suffix == ".html":
                self.screen.say(f"Report    {path}")
                self.screen.say(f"          {self.account.dataset_url(invocation['outputs'][label]['id'])}")
        self.screen.say(f"History   {self.account.history_url(run.history_id)}")
        return None


def parser() -> argparse.ArgumentParser:
    """Return the command's options.

    ``scripts/run`` sets the hidden ones. ``--check`` looks at options and reads and prints what the run needs:
    a line ``demo`` for the demo's reads and a line ``database NAME:VERSION`` for each database.
    """
    made = argparse.ArgumentParser(
        prog="scripts/run",
        description="Take paired reads through META-pipe on a Galaxy of this machine, to annotated results.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--input", type=Path, metavar="DIR", help="folder with your own paired reads (default: the demo)")
    made.add_argument("--results", type=Path, metavar="DIR", default=Path("results"), help="default: %(default)s")
    made.add_argument("--min-contig-length", type=_length, metavar="N", help="shortest contig kept, in bases; 0: all")
    made.add_argument("--complete-genes-only", action="store_true", default=None, help="leave out genes cut by an end")
    made.add_argument(
        "--protein-database",
        metavar="NAME:VERSION",
        help=f"default: {OWN_PROTEINS}; for the demo {DEMO_PROTEINS}, which lacks the demo's own proteins",
    )
    made.add_argument("--domain-database", metavar="NAME:VERSION", default=DOMAINS, help="default: %(default)s")
    made.add_argument("--again", action="store_true", help="run anew even if the same run is finished")
    made.add_argument("--quiet", action="store_true", help="no progress, only where the results are")
    made.add_argument("--show-password", action="store_true", help="print the user's password, not only where it is")
    made.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    for name in ("--demo", "--state", "--workflow"):
        made.add_argument(name, type=Path, help=argparse.SUPPRESS)
    return made


def _length(text: str) -> int:
    value = int(text)
    if value < 0:
        raise ValueError
    return value


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    arguments = parser().parse_args(argv)
    if arguments.protein_database is None:
        arguments.protein_database = DEMO_PROTEINS if arguments.input is None else OWN_PROTEINS
    screen = Screen(arguments.quiet)
    try:
        if not arguments.check:
            return _run(arguments, screen)
        if arguments.input is None:
            screen.say("demo")
        else:
            find_samples(arguments.input)
        screen.say(f"database {arguments.protein_database}")
        screen.say(f"database {arguments.domain_database}")
        return 0
    except MetapipeError as error:
        screen.complain(error)
        return error.exit_code
    except KeyboardInterrupt:
        screen.complain("Stopped waiting. What Galaxy runs goes on; the same command shows it again.")
        return INTERRUPTED


def _run(arguments: argparse.Namespace, screen: Screen) -> int:
    from metapipe.galaxy.connection import Account, connect, talking_to_galaxy
    from metapipe.galaxy.workflow import Workflow, import_once

    folder: Path = arguments.input or arguments.demo
    samples = find_samples(folder)
    account = Account.read(arguments.state)
    workflow = Workflow.read(arguments.workflow)
    parameters = chosen_parameters(workflow, arguments)
    gi = connect(account)
    with talking_to_galaxy(account.url):
        workflow_id = import_once(gi, workflow)
        errand = Errand(gi, account, workflow, workflow_id, parameters, arguments.again, arguments.results, screen)
        title = folder.resolve().name
        runs = [errand.start(sample, title if len(samples) == 1 else sample.name) for sample in samples]
        failed = [error for run in runs if (error := errand.finish(run))]
    screen.say(f"Galaxy    {account.url}")
    password = account.password if arguments.show_password else f"in {account.password_file}"
    screen.say(f"Log in    as {account.email}, password {password}")
    return failed[0].exit_code if failed else 0


def chosen_parameters(workflow: Workflow, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return input label → value: the workflow's defaults and what the user chose instead.

    :raises MetapipeError: E702 when the workflow has no input for an option given.
    """
    parameters = {label: entry["default"] for label, entry in workflow.inputs.items() if "default" in entry}
    for option, label in PARAMETERS.items():
        value = getattr(arguments, option)
        if value is None:
            continue
        if label not in workflow.inputs:
            raise MetapipeError(
                "E702", f"workflow {workflow.title}: no input {label!r} for --{option.replace('_', '-')}"
            )
        parameters[label] = value
    return parameters
