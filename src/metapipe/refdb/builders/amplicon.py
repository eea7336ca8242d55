"""Kind ``amplicon``: marker genes (16S, 18S, ITS) as a Bowtie 2 index, and the taxonomy they belong to.

``references.fasta`` and its index ``reference.*.bt2``; ``references.tsv`` says which taxon a reference belongs to, and
``taxonomy.tsv`` holds the tree above them, nothing else.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.refdb.builders.diamond import Built
from metapipe.refdb.readers.lineages import Placement
from metapipe.refdb.readers.proteins import read_records, write_fasta
from metapipe.refdb.readers.ranks import SPECIES

FASTA, INDEX, REFERENCES, TAXONOMY = "references.fasta", "reference", "references.tsv", "taxonomy.tsv"
REFERENCE_COLUMNS = ("reference", "taxid")
TAXONOMY_COLUMNS = ("taxid", "parent", "rank", "name", "flags")
UNCLASSIFIED = "unclassified"
_BASES = re.compile(r"[^ACGTRYSWKMBDHVN]")
#: Letters that no nucleotide code has.
_PROTEIN = re.compile(r"[EFILPQZJOX]")


@dataclass(frozen=True)
class Reference:
    """One sequence: its name (the header's first word), the whole header, its bases in upper case, T for U.

    :param line: line of the header in its file.
    """

    name: str
    header: str
    sequence: str
    line: int


def read_references(path: Path) -> list[Reference]:
    """Read a nucleotide FASTA file, plain or gzip. Gaps of an alignment (``-`` and ``.``) are taken out.

    A name may stand twice: the headers may hold better ones, see :func:`check_names`.

    :raises MetapipeError: E101 not FASTA or a record without name or sequence, E108 empty, E109 a letter that is no
        base, E110 protein, E201 no such file.
    """
    if not path.is_file():
        raise MetapipeError("E201", file=path)
    found: list[Reference] = []
    for line, header, text in read_records(path):
        name = header.split()[0] if header.split() else ""
        sequence = re.sub(r"[-.\s]", "", text).upper().replace("U", "T")
        if not name or not sequence:
            raise MetapipeError("E101", file=path, line=line, expected="a name and a sequence", found=f">{header}")
        strange = _BASES.search(sequence)
        if strange is not None:
            code = "E110" if len(_PROTEIN.findall(sequence)) * 10 > len(sequence) else "E109"
            raise MetapipeError(code, file=path, line=line, expected=f"bases in {name}", found=strange[0])
        found.append(Reference(name, header, sequence, line))
    if not found:
        raise MetapipeError("E108", file=path)
    return found


def check_names(references: Iterable[Reference], fasta: Path) -> None:
    """Every name stands once, and can stand in our tables and in those of the mapper.

    :raises MetapipeError: E107, E101.
    """
    seen: dict[str, int] = {}
    for reference in references:
        name, line = reference.name, reference.line
        # SAM has meanings of its own for '*' and '='.
        if not name.isprintable() or name.split() != [name] or name in ("*", "="):
            raise MetapipeError("E101", file=fasta, line=line, expected="a name of printable letters", found=name)
        if name in seen:
            expected = f"every reference once (line {seen[name]} has it already)"
            raise MetapipeError("E107", file=fasta, line=line, expected=expected, found=name)
        seen[name] = line


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
