"""The command behind ``scripts/run``: databases and demo made, Galaxy up, reads in, annotated results out.

It stands above all floors and is called twice: with ``--check`` by any Python before anything is installed, so options
and reads are looked at first; then by the environment's own Python, which goes the whole way.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from metapipe.commands.screen import Screen
from metapipe.errors import EX_BUG, EX_MEMORY, MetapipeError
from metapipe.galaxy.pipelines import METAPIPE, PIPELINES, Pipeline, has_own_reads
from metapipe.samples.read_pairs import Sample, find_samples
from metapipe.samples.sheet_files import samples_of_sheet

INTERRUPTED = 130
#: Of ``--check``: the help was asked for and shown, so there is nothing to install and nothing to run.
HELP_WAS_SHOWN = 3
#: In the path of a folder that Galaxy's jobs are to run in: its job scripts name paths without quotes.
_UNQUOTABLE = re.compile(r"[^\w@%+=:,./-]")
#: Of the mock community's read pairs, one in so many: mapping all to RefSeq's 16S takes minutes.
_THINNED = 4

_ENDING = """

Ctrl-C stops waiting, not the run: the same command goes on where it was.
"""


def parser(pipeline: Pipeline) -> argparse.ArgumentParser:
    """Return the command's options for one pipeline.

    Two are hidden. ``--check`` looks at options and reads, and does no more. ``--state`` names a Galaxy that is up:
    neither it nor the databases are looked after.
    """
    made = argparse.ArgumentParser(
        prog="scripts/run" if pipeline is METAPIPE else f"scripts/run {pipeline.name}",
        description=pipeline.description,
        epilog=f"examples:\n{pipeline.examples}{_ENDING}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    reads = made.add_mutually_exclusive_group()
    reads.add_argument(
        "--input",
        type=Path,
        metavar="DIR",
        help=f"folder with your own {'' if pipeline.takes_single else 'paired '}reads (default: the demo)",
    )
    reads.add_argument(
        "--samplesheet",
        type=Path,
        metavar="FILE",
        help="instead: CSV or TSV with the columns sample, fastq_1, fastq_2"
        f"{' (empty: single reads)' if pipeline.takes_single else ''}; files are looked for from its own folder",
    )
    made.add_argument("--results", type=Path, metavar="DIR", help="default: results")
    pipeline.add_options(made)
    made.add_argument("--again", action="store_true", help="run anew even if the same run is finished")
    made.add_argument("--quiet", action="store_true", help="no progress, only where the results are")
    made.add_argument("--show-password", action="store_true", help="print the user's password, not only where it is")
    made.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    made.add_argument("--state", type=Path, help=argparse.SUPPRESS)
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code. Its first word may name the pipeline (default: META-pipe)."""
    words = list(sys.argv[1:] if argv is None else argv)
    pipeline = PIPELINES[words.pop(0)] if words and words[0] in PIPELINES else METAPIPE
    try:
        arguments = parser(pipeline).parse_args(words)
    except SystemExit as ended:
        if not ended.code and "--check" in words:
            return HELP_WAS_SHOWN
        raise
    pipeline.fill_in(arguments)
    home = Path(os.environ.get("METAPIPE_HOME") or Path(__file__).resolve().parents[3])
    build = Path(os.environ.get("METAPIPE_BUILD") or home / ".build")
    screen = Screen(arguments.quiet)
    interrupted = "interrupted; run the same command again to go on"
    try:
        check(pipeline, arguments, build)
        if arguments.check:
            return 0
        state: Path | None = arguments.state
        if state is None:
            state = Path(os.environ.get("METAPIPE_GALAXY_STATE") or build / "galaxy")
            if code := _prepare(pipeline, arguments, home, build, state, screen):
                return code
        from metapipe.commands.sample_runs import run_samples

        interrupted = "Stopped waiting. What Galaxy runs goes on; the same command shows it again."
        arguments.results = arguments.results or home / "results"
        samples, name = _samples(pipeline, arguments, build / pipeline.demo_folder)
        return run_samples(pipeline, arguments, state, pipeline.workflow_file(home), samples, name, screen)
    except MetapipeError as error:
        screen.complain(f"{error}\n{error.detail}".rstrip())
        return error.exit_code
    except KeyboardInterrupt:
        screen.complain(interrupted)
        return INTERRUPTED
    except MemoryError:
        screen.complain(MetapipeError("E802"))
        return EX_MEMORY
    except Exception as error:
        screen.complain(MetapipeError("E901", f"{type(error).__name__}: {error}"))
        traceback.print_exc()
        return EX_BUG


def check(pipeline: Pipeline, arguments: argparse.Namespace, build: Path) -> None:
    """Refuse what can be seen to be wrong before anything is installed: nobody should wait minutes to hear of it.

    :raises MetapipeError: what is wrong with the reads or with the samplesheet; E701 when Galaxy could run nothing in
        ``build``.
    """
    if has_own_reads(arguments):
        _samples(pipeline, arguments, build)
    if _UNQUOTABLE.search(str(build)):
        raise MetapipeError(
            "E701",
            "Galaxy runs no job in a folder with blanks or shell characters in its path; "
            f"set METAPIPE_BUILD=/some/folder, found '{build}'",
        )


def _samples(pipeline: Pipeline, arguments: argparse.Namespace, demo: Path) -> tuple[list[Sample], str]:
    """The samples of the sheet or the folder given, or of the demo's, and what they are called together."""
    if arguments.samplesheet is not None:
        found = samples_of_sheet(arguments.samplesheet, single_too=pipeline.takes_single)
        return found, arguments.samplesheet.resolve().stem
    folder = arguments.input or demo
    return find_samples(folder, single_too=pipeline.takes_single), folder.resolve().name


def _prepare(
    pipeline: Pipeline, arguments: argparse.Namespace, home: Path, build: Path, state: Path, screen: Screen
) -> int:
    """Install the databases, make the demo's reads, bring Galaxy up, each as far as it is not there; 0 when all is.

    :raises MetapipeError: what databases and demo may say. What Galaxy and the installer say has been printed.
    """
    from metapipe.commands import galaxy
    from metapipe.refdb.builders.install import install

    os.environ["METAPIPE_REFDB"] = os.environ.get("METAPIPE_REFDB") or str(build / "refdb")
    os.environ["METAPIPE_DOWNLOADS"] = os.environ.get("METAPIPE_DOWNLOADS") or str(build / "downloads")
    for database in pipeline.databases_of(arguments):
        install(database, say=screen.say)
    if not has_own_reads(arguments) and (code := _make_demo(pipeline, home, build / pipeline.demo_folder, screen)):
        return code
    return galaxy.main(["up", "--state", str(state)])


def _make_demo(pipeline: Pipeline, home: Path, folder: Path, screen: Screen) -> int:
    if not pipeline.demo_is_simulated:
        from metapipe.demo.thinned import thin_reads

        if not all((folder / f"mock_{mate}.fastq.gz").is_file() for mate in "12"):
            for mate in "12":
                name = f"mock_{mate}.fastq.gz"
                thin_reads(home / "test-data" / "amplicon" / name, folder / name, _THINNED)
        return 0
    from metapipe.demo.build import build_demo, is_current
    from metapipe.demo.community import load_spec

    if shutil.which("art_illumina") is None and not is_current(folder, load_spec("demo")):
        done = subprocess.run([home / "scripts" / "install", "demo"], check=False)
        if done.returncode:
            return done.returncode
    build_demo(folder, say=screen.say)
    return 0


def _terminate(*_: object) -> None:
    """End as by Ctrl-C where ended from outside: what is half made is removed."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _terminate)
    sys.exit(main())
