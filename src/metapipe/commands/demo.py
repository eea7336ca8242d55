"""The command behind ``scripts/demo``: make the demo's reads, and judge a result by their truth."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from metapipe.demo.build import build_demo
from metapipe.demo.result_files import evaluate_files, figures, table_lines
from metapipe.errors import MetapipeError
from metapipe.refdb.fetch import Say

_EXAMPLES = """examples:
  scripts/demo build
  scripts/demo evaluate --truth .build/demo/truth --contigs contigs.fasta --gff annotation.gff3 --table annotation.tsv

The demo's default protein database, ec-proteins-heldout, lacks the proteins of the demo's genomes and species;
with ec-proteins the genes of two genomes find themselves, and its figures say less.
"""


def run(arguments: Sequence[str], demo: Path, say: Say) -> int:
    """Parse and carry out; return the exit code.

    :param demo: folder of the demo when none is given.
    :raises MetapipeError: whatever is wrong with the files given.
    """
    options = _parser(demo).parse_args(arguments)
    if options.action == "build":
        build_demo(options.output, options.community, say=say)
        return 0
    result = evaluate_files(options.truth, options.gff, options.contigs, options.table)
    if options.json:
        content = {
            "database": options.database,
            "database_held_out": options.database.startswith("ec-proteins-heldout"),
        }
        say(json.dumps({**content, **figures(result)}, indent=1, sort_keys=True))
        return 0
    held_out = "its proteins do not include those of the demo's genomes and species"
    if not options.database.startswith("ec-proteins-heldout"):
        held_out = "it may hold the very proteins that are looked for"
    say(f"protein database: {options.database} ({held_out})")
    for line in table_lines(result):
        say(line)
    return 0


def _parser(demo: Path) -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="scripts/demo",
        description="The synthetic marine community: make it, and judge a result by its truth.",
        epilog=_EXAMPLES,
        formatter_class=raw,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    build = actions.add_parser("build", help="make the reads and the truth (does nothing when they are there)")
    build.add_argument("--output", type=Path, default=demo, help="folder to write (default: .build/demo)")
    build.add_argument("--community", default="demo", choices=["demo", "test"], help="which recipe (default: demo)")
    judge = actions.add_parser(
        "evaluate", help="compare a result with the truth", epilog=_EXAMPLES, formatter_class=raw
    )
    judge.add_argument("--truth", type=Path, default=demo / "truth", help="folder with genes.tsv and genomes.fasta")
    judge.add_argument("--gff", type=Path, required=True, help="predicted or annotated genes, GFF3")
    judge.add_argument("--contigs", type=Path, required=True, help="contigs, FASTA")
    judge.add_argument("--table", type=Path, help="annotation table; without it no EC number is judged")
    judge.add_argument(
        "--database", default="ec-proteins-heldout:1", help="protein database the result was made with (for the record)"
    )
    judge.add_argument("--json", action="store_true", help="figures as JSON")
    return parser


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command on the demo of this checkout; return its exit code."""
    build = Path(os.environ["METAPIPE_BUILD"])
    os.environ.setdefault("METAPIPE_DOWNLOADS", str(build / "downloads"))
    try:
        return run(sys.argv[1:] if arguments is None else arguments, build / "demo", _say)
    except MetapipeError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
