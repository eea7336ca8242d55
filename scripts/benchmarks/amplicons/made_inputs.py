"""Reads of a community, and databases with and without what the reads come from. Each is made once."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from benchmarks.amplicons.communities import Community, choose_genera, main_ranks_of
from benchmarks.amplicons.reference_sets import Placed
from benchmarks.measure import BenchmarkError
from benchmarks.part import Say
from metapipe.demo.amplicons import cut_amplicons, write_amplicon_truth
from metapipe.demo.reads import simulate_amplicon_reads
from metapipe.errors import MetapipeError
from metapipe.refdb.builders.amplicon import REFERENCES, build_amplicon
from metapipe.refdb.builders.build import whole_folder
from metapipe.refdb.manifest import Manifest, Source, describe_files
from metapipe.refdb.readers.lineages import Placement
from metapipe.refdb.readers.references import Reference
from metapipe.refdb.verify import verify

#: The databases of a community: without the members' sequences, and those equal to them; besides, without half of the
#: members' genera altogether; with everything.
DATABASES = HELD_OUT, GENERA_OUT, MEMBERS_IN = "held-out", "genera-out", "members-in"
#: Goes up when reads are made in another way.
_READS_VERSION = "2"


def make_reads(community: Community, members: Sequence[str], collection: Placed, folder: Path, say: Say) -> list[Path]:
    """Simulate, merge, and trim what did not merge; return the files of what is classified: merged, or both mates.

    ``truth.tsv`` stands beside them.
    """
    references, placed = collection
    spec = community.spec(members)
    mark = folder / "made-of.json"
    made_of = json.dumps([spec.model_dump(mode="json"), community.merged, _READS_VERSION])
    if not (mark.is_file() and mark.read_text() == made_of):
        folder.mkdir(parents=True, exist_ok=True)
        amplicons, _ = cut_amplicons(spec, {reference.name: reference for reference in references}, placed)
        say(f"{community.name}: simulating {spec.pairs:,} pairs of {len(amplicons)} amplicons")
        pairs = [folder / f"reads_{mate}.fastq.gz" for mate in "12"]
        simulate_amplicon_reads(amplicons, spec.read_length, spec.seed, *pairs)
        write_amplicon_truth(amplicons, folder / "truth.tsv")
        run_stage("merge_pairs", "--reads-1", pairs[0], "--reads-2", pairs[1], "--outdir", folder / "merge")
        if not community.merged:
            apart = [next((folder / "merge").glob(f"unmerged-{mate}.*")) for mate in "12"]
            words = ["--reads-1", apart[0], "--reads-2", apart[1]]
            run_stage("trim_unmerged", *words, "--outdir", folder / "trim")
        mark.write_text(made_of)
    if community.merged:
        return [next((folder / "merge").glob("merged.*"))]
    return [next((folder / "trim").glob(f"trimmed-{mate}.*")) for mate in "12"]


def kept_references(community: Community, members: Sequence[str], collection: Placed, database: str) -> list[Reference]:
    """The references that one of a community's databases (:data:`DATABASES`) has."""
    references, placed = collection
    if database == MEMBERS_IN:
        return list(references)
    chosen = set(members)
    out = {reference.sequence for reference in references if reference.name in chosen}
    held_out = [reference for reference in references if reference.sequence not in out]
    if database == HELD_OUT:
        return held_out
    genera = choose_genera(community, members, placed)
    genus_of = {one.name: main_ranks_of(placed.taxon_of[one.name], placed).get("genus") for one in held_out}
    return [reference for reference in held_out if genus_of[reference.name] not in genera]


def make_database(folder: Path, references: Sequence[Reference], placed: Placement, say: Say) -> Path:
    """Build a database of some references, unless it is there."""
    names = sorted(reference.name for reference in references)
    if _is_there(folder, names):
        return folder
    say(f"building {folder.name}: {len(names):,} references")
    with whole_folder(folder) as scratch:
        built = build_amplicon(references, _under(placed, names), scratch)
        Manifest(
            schema=1, name=folder.name, version="1", kind="amplicon", title=folder.name,
            sources=[Source(package="benchmark", licence="as its sources", files={})],
            licence="as its sources", date="", format=built.format, tool=built.tool, counts=built.counts,
            builder="scripts/bench amplicon-truth", files=describe_files(scratch),
        ).write(scratch)  # fmt: skip
    return folder


def rows_of(path: Path) -> Iterator[list[str]]:
    """The cells of each row of a table, without its header."""
    with path.open() as lines:
        next(lines)
        for line in lines:
            yield line.rstrip("\n").split("\t")


def run_stage(name: str, *words: str | Path) -> None:
    """Run one of our stages in one process.

    :raises BenchmarkError: with its last words when it fails.
    """
    run_program([sys.executable, "-m", "metapipe.cli", name, *words, "--session", "inline"])


def run_program(command: Sequence[str | Path]) -> None:
    """Run a program to its end, or raise :class:`BenchmarkError` with its last words."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchmarkError(f"{' '.join(map(str, command[:4]))}: {(done.stderr or done.stdout).strip()[-300:]}")


def _is_there(folder: Path, names: list[str]) -> bool:
    try:
        verify(folder, full=True)
    except MetapipeError:
        return False
    return sorted(row[0] for row in rows_of(folder / REFERENCES)) == names


def _under(placed: Placement, names: Iterable[str]) -> Placement:
    """The placement of some references only, with the taxa above them."""
    taxa = {}
    taxon_of = {name: placed.taxon_of[name] for name in names}
    for taxid in set(taxon_of.values()):
        while taxid and taxid not in taxa:
            taxa[taxid] = placed.taxa[taxid]
            taxid = placed.taxa[taxid].parent
    return Placement(taxon_of, taxa)
