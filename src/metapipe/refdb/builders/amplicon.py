"""Kind ``amplicon``: marker genes (16S, 18S, ITS) as a Bowtie 2 index, and the taxonomy they belong to.

``references.fasta`` and its index ``reference.*.bt2``; ``references.tsv`` says which taxon a reference belongs to, and
``taxonomy.tsv`` holds the tree above them, nothing else.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.refdb.builders.diamond import Built
from metapipe.refdb.readers.lineages import Placement
from metapipe.refdb.readers.proteins import write_fasta
from metapipe.refdb.readers.ranks import SPECIES
from metapipe.refdb.readers.references import Reference

FASTA, INDEX, REFERENCES, TAXONOMY = "references.fasta", "reference", "references.tsv", "taxonomy.tsv"
REFERENCE_COLUMNS = ("reference", "taxid")
TAXONOMY_COLUMNS = ("taxid", "parent", "rank", "name", "flags")
UNCLASSIFIED = "unclassified"


def build_amplicon(references: Iterable[Reference], placed: Placement, folder: Path) -> Built:
    """Write the database's files into ``folder``, references in the order given.

    ``bowtie2-build`` runs on one thread and with a fixed seed, so that the same references give the same bytes.

    :raises MetapipeError: E301 without Bowtie 2, E401 when it fails, E108 without references.
    """
    program = shutil.which("bowtie2-build")
    if program is None:
        raise MetapipeError("E301", "bowtie2-build is needed (Debian package bowtie2)")
    counts = {"references": 0, "taxa": len(placed.taxa), "species": 0, "bases": 0}
    counts["species"] = sum(taxon.rank == SPECIES for taxon in placed.taxa.values())
    with (
        (folder / FASTA).open("w", encoding="utf-8", newline="\n") as fasta,
        (folder / REFERENCES).open("w", encoding="utf-8", newline="\n") as table,
    ):
        table.write("#" + "\t".join(REFERENCE_COLUMNS) + "\n")
        for reference in references:
            write_fasta(fasta, reference.name, reference.sequence)
            table.write(f"{reference.name}\t{placed.taxon_of[reference.name]}\n")
            counts["references"] += 1
            counts["bases"] += len(reference.sequence)
    if not counts["references"]:
        raise MetapipeError("E108", "there is no reference to build a database from")
    _write_taxonomy(placed, folder / TAXONOMY)
    _index(program, folder, counts["bases"])
    return Built("bowtie2 bt2", f"bowtie2 {_program_version(program)}", counts)


def lookup_characters(bases: int) -> int:
    """Bowtie 2's ``--ftabchars``: its look-up table has 4^n entries of 4 bytes, twice; 10 (8 MB) by default.

    The largest n up to that with which a table is no larger than an eighth of the bases. No alignment depends on it.

    >>> lookup_characters(100_000), lookup_characters(40_000_000)
    (5, 10)
    """
    return max(n for n in range(1, 11) if n == 1 or 4**n * 32 <= bases)


def _write_taxonomy(placed: Placement, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as target:
        target.write("#" + "\t".join(TAXONOMY_COLUMNS) + "\n")
        for taxid in sorted(placed.taxa):
            taxon = placed.taxa[taxid]
            parent, flags = str(taxon.parent or ""), UNCLASSIFIED if taxon.unclassified else ""
            target.write("\t".join((str(taxid), parent, taxon.rank, taxon.name, flags)) + "\n")


def _index(program: str, folder: Path, bases: int) -> None:
    argv = [program, "--threads", "1", "--seed", "0", "--ftabchars", str(lookup_characters(bases)), "--quiet"]
    done = subprocess.run([*argv, FASTA, INDEX], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode or not (folder / f"{INDEX}.rev.2.bt2").is_file():
        raise MetapipeError("E401", f"bowtie2-build: {(done.stderr or done.stdout).strip()[-300:]}")


def _program_version(program: str) -> str:
    text = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.search(r"version (\S+)", text)
    return match[1] if match else "unknown"
