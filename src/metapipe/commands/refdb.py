"""``metapipe refdb build | install | list | verify``: what an administrator does with databases."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from metapipe.errors import MetapipeError
from metapipe.refdb import store
from metapipe.refdb.fetch import Say, silent
from metapipe.refdb.readers.taxdump import Taxdump

_EXAMPLES = """examples:
  metapipe refdb list                              what is installed, what can be
  metapipe refdb install ec-proteins pfam-gecco    build from public packages and install
  metapipe refdb install /data/marref-6.tar.gz     install a database made elsewhere
  metapipe refdb build --kind diamond --fasta uniref50.fasta.gz --name uniref50 --version 2024_03
  metapipe refdb build --kind hmm --hmm Pfam-A.hmm --name pfam --version 36.0
  metapipe refdb build --kind amplicon --fasta SILVA_138.2_SSURef_NR99_tax_silva.fasta.gz --name silva --version 138.2
  metapipe refdb build --kind amplicon --fasta sh_general_release.fasta --name unite --version 9.0
  metapipe refdb build --kind taxonomy-reads --fasta refseq.faa.gz --nodes nodes.dmp --names names.dmp --name refseq
  metapipe refdb build --kind markers --fasta refseq.faa.gz --nodes nodes.dmp --names names.dmp --name refseq-markers
  metapipe refdb verify --full                     hash every file of every database

Databases live in $METAPIPE_REFDB (default ~/.local/share/metapipe/refdb), downloads in $METAPIPE_DOWNLOADS
(default ~/.cache/metapipe/downloads). A stage takes NAME:VERSION, NAME (the newest version) or a folder.
"""
#: Without a kind, a protein FASTA becomes the first that takes one.
KINDS = ("hmm", "diamond", "amplicon", "taxonomy-reads", "markers")
_RAW = argparse.RawDescriptionHelpFormatter


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    """Add ``refdb`` with its four actions to the main command line."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "refdb", help="build, install, list and verify reference databases", epilog=_EXAMPLES, formatter_class=_RAW
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    build = actions.add_parser("build", help="build a database", epilog=_EXAMPLES, formatter_class=_RAW)
    build.add_argument("recipe", nargs="?", metavar="NAME[:VERSION]", help="a recipe (see `metapipe refdb list`)")
    build.add_argument("--output", type=Path, help="folder to build in (default: install)")
    build.add_argument("--kind", choices=KINDS, help="kind of database to make of your own file")
    build.add_argument(
        "--fasta",
        type=Path,
        help="protein FASTA for --kind diamond, taxonomy-reads and markers, marker genes for --kind amplicon; plain or "
        "gzip",
    )
    build.add_argument(
        "--hmm", type=Path, help="HMMER3 profiles (plain, gzip, or a tar archive of such files), for --kind hmm"
    )
    build.add_argument(
        "--kraken2",
        action="store_true",
        help="index the proteins for classify_reads --engine kraken2, too (kind taxonomy-reads)",
    )
    build.add_argument("--families", type=Path, help="for --kind hmm: KOfam's ko_list, or NCBIfam's hmm_PGAP.tsv")
    build.add_argument(
        "--taxonomy",
        type=Path,
        help="table of reference and lineage or NCBI taxid, or SILVA's tax_slv_*.txt (its ranks); without it the "
        "headers say the taxa: of marker genes those of SILVA, PR2, GTDB, RDP, DADA2, SINTAX, MIDORI, UNITE, ITSoneDB; "
        "of proteins those of UniProt, UniRef, RefSeq, MarRef, Kaiju",
    )
    build.add_argument("--nodes", type=Path, help="nodes.dmp of an NCBI taxdump, where taxids or organisms are given")
    build.add_argument("--names", type=Path, help="names.dmp of that taxdump")
    build.add_argument("--merged", type=Path, help="merged.dmp of that taxdump, if there is one")
    build.add_argument("--name", help="name of the database: lower case letters, digits, . _ -")
    build.add_argument("--version", default="1", help="version of the database (default: 1)")
    build.add_argument("--title", default="", help="what users see")
    build.add_argument("--licence", default="as its owner states", help="licence of the data")
    build.add_argument("--date", default="", help="date of the data, e.g. 2024-03")

    install = actions.add_parser(
        "install", help="install databases that are not there yet", epilog=_EXAMPLES, formatter_class=_RAW
    )
    install.add_argument(
        "what", nargs="+", metavar="NAME|FOLDER|ARCHIVE", help="recipe, database folder or tar archive"
    )
    install.add_argument("--force", action="store_true", help="again, even if it is there and whole")

    listing = actions.add_parser("list", help="what is installed, and what can be built")
    listing.add_argument("--json", action="store_true", help="installed databases as JSON, for programs")

    check = actions.add_parser("verify", help="find missing, truncated and altered files")
    check.add_argument("what", nargs="*", metavar="NAME|FOLDER", help="databases (default: all that are installed)")
    check.add_argument("--full", action="store_true", help="hash every file, even if it looks untouched")
    return parser


def run(options: argparse.Namespace, say: Say = silent) -> int:
    """Carry out one action; return the exit code. Problems are raised as :class:`MetapipeError`."""
    actions = {"build": _build, "install": _install, "list": _list, "verify": _verify}
    return actions[options.action](options, say)


def _build(options: argparse.Namespace, say: Say) -> int:
    from metapipe.refdb.builders.build import build_from_file, build_from_recipe
    from metapipe.refdb.recipe import find_recipe

    if options.recipe:
        recipe = find_recipe(options.recipe)
        target = options.output or store.home_of(recipe.name, recipe.version)
        manifest = build_from_recipe(recipe, target, say=say, words=options.kraken2)
    else:
        kind, file = _own_file(options)
        manifest = build_from_file(
            kind,
            file,
            options.output or store.home_of(options.name, options.version),
            taxonomy=options.taxonomy,
            taxdump=_taxdump(options),
            families=options.families,
            words=options.kraken2,
            name=options.name,
            version=options.version,
            title=options.title,
            licence=options.licence,
            date=options.date,
            say=say,
        )
    say(f"{manifest.label} {_counts(manifest.counts)}, {_size(manifest.bytes)}, digest {manifest.digest}")
    return 0


def _own_file(options: argparse.Namespace) -> tuple[str, Path]:
    given = {kind: options.hmm if kind == "hmm" else options.fasta for kind in KINDS}
    kind = options.kind or next((kind for kind, file in given.items() if file), None)
    if kind is None or not options.name:
        raise MetapipeError("E701", "give a recipe's name, or --kind, --name and --fasta or --hmm")
    if given[kind] is None:
        raise MetapipeError("E701", f"--kind {kind} needs {'--hmm' if kind == 'hmm' else '--fasta'}")
    if kind not in ("amplicon", "taxonomy-reads", "markers") and (
        options.taxonomy or options.nodes or options.names or options.merged
    ):
        raise MetapipeError(
            "E701", "--taxonomy, --nodes, --names and --merged are for --kind amplicon, taxonomy-reads and markers"
        )
    if kind != "hmm" and options.families:
        raise MetapipeError("E701", "--families is for --kind hmm")
    return kind, given[kind]


def _taxdump(options: argparse.Namespace) -> Taxdump | None:
    if options.nodes is None and options.names is None and options.merged is None:
        return None
    if options.nodes is None or options.names is None:
        raise MetapipeError("E701", "--nodes and --names belong together; --merged needs both")
    return Taxdump(options.nodes, options.names, options.merged)


def _install(options: argparse.Namespace, say: Say) -> int:
    from metapipe.refdb.builders.install import install

    for what in options.what:
        install(what, force=options.force, say=say)
    return 0


def _list(options: argparse.Namespace, say: Say) -> int:
    present = store.installed()
    if options.json:
        say(json.dumps([_row(entry) for entry in present], indent=1, sort_keys=True))
        return 0
    for entry in present:
        manifest = entry.manifest
        say(f"{manifest.label}  {manifest.kind}  {_size(manifest.bytes)}  {manifest.title}  [{manifest.digest[:12]}]")
    if not present:
        say("no database is installed")
    from metapipe.refdb.recipe import recipes

    labels = {entry.manifest.label for entry in present}
    for recipe in recipes():
        if recipe.label not in labels:
            say(f"{recipe.label}  {recipe.kind}  not installed  {recipe.title}")
    return 0


def _row(entry: store.Installed) -> dict[str, Any]:
    manifest = entry.manifest
    return {
        "value": manifest.label,
        "name": manifest.name,
        "version": manifest.version,
        "kind": manifest.kind,
        "title": manifest.title,
        "path": str(entry.path),
        "digest": manifest.digest,
        "bytes": manifest.bytes,
        "date": manifest.date,
        "licence": manifest.licence,
        "format": manifest.format,
        "tool": manifest.tool,
        "counts": manifest.counts,
    }


def _verify(options: argparse.Namespace, say: Say) -> int:
    from metapipe.refdb.verify import verify

    entries = [store.find(text) for text in options.what] if options.what else store.installed()
    first_problem: MetapipeError | None = None
    for entry in entries:
        try:
            hashed = verify(entry.path, entry.manifest, full=options.full)
            say(f"{entry.manifest.label} whole ({'all files hashed' if hashed else 'unchanged since the last check'})")
        except MetapipeError as error:
            # Go on: an administrator wants to know of all damaged databases, not of one a day.
            say(str(error))
            first_problem = first_problem or error
    if not entries:
        say("no database is installed")
    return first_problem.exit_code if first_problem else 0


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in counts.items())


def _size(number: float) -> str:
    for unit in ("B", "kB", "MB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} GB"
