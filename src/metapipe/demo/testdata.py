"""The files of ``test-data/``: every one of them is made here, from public packages and fixed seeds."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path

from metapipe.demo.amplicons import cut_amplicons, load_mock, write_amplicon_truth
from metapipe.demo.badinput import write_input_files
from metapipe.demo.community import Member, assemble_community, load_spec, write_truth
from metapipe.demo.its import write_its
from metapipe.demo.placement import reverse_complement
from metapipe.demo.reads import simulate_amplicon_reads, simulate_reads, write_gzip
from metapipe.demo.rrna import write_rrna_data
from metapipe.digests import sha256_of
from metapipe.refdb.builders.build import build_from_recipe
from metapipe.refdb.builders.ssu import refseq_references
from metapipe.refdb.fetch import Say, obtain, silent
from metapipe.refdb.readers.proteins import clean_text, write_fasta
from metapipe.refdb.recipe import find_recipe

TINY_DATABASES = (
    "metapipe-tiny-proteins:1",
    "metapipe-tiny-domains:1",
    "metapipe-tiny-taxa:1",
    "metapipe-tiny-markers:1",
    "biomas-tiny-16s:1",
)
SUMS = "sha256sums"
#: Folders made here; ``scripts/galaxy-test-data`` and some tests make others.
FOLDERS = ("amplicon", "bad", "its", "refdb", "rrna", "truth", "unusual")
#: (member, first base, last base, strand) of each test contig, longest first as the assembly stage orders them.
CONTIGS = (
    (0, 1, 12000, "+"),
    (1, 501, 9500, "-"),
    (2, 1, 6000, "+"),
    (0, 18001, 19800, "-"),
    (1, 15001, 15600, "+"),  # shorter than the usual cut-off of 1000
)


def build_test_data(folder: Path, cache: Path | None = None, say: Say = silent) -> list[str]:
    """Write everything below ``folder``; return the relative paths written, ``sha256sums`` last.

    :raises MetapipeError: E205 when the source packages cannot be had, E301 without ART or DIAMOND.
    """
    spec = load_spec("test")
    members = assemble_community(spec, cache, say)
    write_truth(members, folder / "truth")
    reads = folder / "reads_1.fastq.gz", folder / "reads_2.fastq.gz"
    say("simulating reads")
    simulate_reads(members, spec.seed, *reads)
    write_contigs(members, folder / "contigs.fasta")
    write_gzip(folder / "contigs.fasta.gz", (folder / "contigs.fasta").read_bytes())
    write_member_proteins(members, folder / "proteins.fasta")
    write_input_files(gzip.decompress(reads[0].read_bytes()), gzip.decompress(reads[1].read_bytes()), folder)
    for label in TINY_DATABASES:
        name, _, version = label.partition(":")
        build_from_recipe(find_recipe(label), folder / "refdb" / name / version, cache, say)
    write_amplicons(folder / "amplicon", cache, say)
    write_its(folder / "its")
    write_rrna_data(folder / "rrna", cache, say)
    return write_sums(folder)


def write_amplicons(folder: Path, cache: Path | None = None, say: Say = silent) -> None:
    """Write the reads of the mock amplicon community and which taxon each comes from."""
    spec = load_mock("tiny-16s")
    recipe = find_recipe("biomas-tiny-16s")
    # As in that database: species stay where the taxonomy has them.
    references, placed = refseq_references(obtain(recipe.sources, cache, say), spec.members, rename=False)
    amplicons, _ = cut_amplicons(spec, {reference.name: reference for reference in references}, placed)
    folder.mkdir(parents=True, exist_ok=True)
    say(f"simulating reads of {len(amplicons)} amplicons")
    reads = folder / "mock_1.fastq.gz", folder / "mock_2.fastq.gz"
    simulate_amplicon_reads(amplicons, spec.read_length, spec.seed, *reads)
    write_amplicon_truth(amplicons, folder / "truth.tsv")


def write_contigs(members: Sequence[Member], path: Path) -> None:
    """Write known pieces of the slices as contigs named as the assembly stage names them; genes lie on both strands."""
    with path.open("w", encoding="ascii", newline="\n") as target:
        for number, (position, start, end, strand) in enumerate(CONTIGS, 1):
            member = members[position]
            piece = member.sequence[start - 1 : end]
            if strand == "-":
                piece = reverse_complement(piece)
            write_fasta(target, f"contig_{number:06d} {member.name}:{start}-{end}({strand})", piece)


def write_member_proteins(members: Sequence[Member], path: Path) -> None:
    """Write the annotated proteins of the slices, and one that resembles nothing."""
    with path.open("w", encoding="ascii", newline="\n") as target:
        for member in members:
            for gene, protein in zip(member.genes, member.proteins, strict=True):
                write_fasta(target, f"{gene.locus} {clean_text(gene.product)}", protein)
        write_fasta(target, "orphan made up; resembles nothing", "MQNHCWYMHQWCNYHWMQCHNWYQMCHWNQYCMHWQNCYWHM")


def write_sums(folder: Path) -> list[str]:
    """Write ``sha256sums`` (format of ``sha256sum``) over every file made here; documents are not data."""
    paths = [
        path.relative_to(folder).as_posix()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and path.name not in (SUMS, "README.md")
        and not path.name.startswith(".")
        and (path.parent == folder or path.relative_to(folder).parts[0] in FOLDERS)
    ]
    lines = [f"{sha256_of(folder / path)}  {path}\n" for path in paths]
    (folder / SUMS).write_text("".join(lines), encoding="ascii")
    return [*paths, SUMS]


def compare_folders(fresh: Path, kept: Path) -> list[str]:
    """Say in what two builds differ, one line each; nothing when they agree.

    gzip files are compared by their content: another zlib compresses the same reads into other bytes.
    """
    differences = []
    old, new = ({line[66:]: line[:64] for line in (f / SUMS).read_text().splitlines()} for f in (kept, fresh))
    for path in sorted(old.keys() | new.keys()):
        if path not in new or path not in old:
            differences.append(f"{path}: only in {'the committed' if path in old else 'the fresh'} copy")
        elif old[path] != new[path] and not _same_content(fresh / path, kept / path):
            differences.append(f"{path}: differs")
    return differences


def _same_content(left: Path, right: Path) -> bool:
    if left.suffix != ".gz" or left.parent.name == "bad":
        return False
    return gzip.decompress(left.read_bytes()) == gzip.decompress(right.read_bytes())
