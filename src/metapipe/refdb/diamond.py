"""Kind ``diamond``: annotated proteins as FASTA (``proteins.fasta``) and as a DIAMOND database (``proteins.dmnd``)."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.refdb.proteins import Protein, write_proteins

FASTA, DATABASE = "proteins.fasta", "proteins.dmnd"


@dataclass(frozen=True)
class Built:
    """What a builder reports for the manifest: file format, program that wrote it, counts for people."""

    format: str
    tool: str
    counts: dict[str, int]


def build_diamond(proteins: Iterable[Protein], folder: Path) -> Built:
    """Write both files into ``folder``.

    ``makedb`` writes neither times nor paths; its bytes do not depend on the number of threads (tested).

    :raises MetapipeError: E301 without DIAMOND, E401 when it fails, E107 for a repeated accession, E108 for none.
    """
    program = shutil.which("diamond")
    if program is None:
        raise MetapipeError("E301", "diamond is needed (Debian package diamond-aligner)")
    counts = {"proteins": 0, "with_ec": 0, "with_go": 0, "residues": 0}
    fasta, database = folder / FASTA, folder / DATABASE
    write_proteins(_counted(proteins, counts), fasta)
    if not counts["proteins"]:
        raise MetapipeError("E108", "there is no protein to build a database from")
    argv = [program, "makedb", "--in", str(fasta), "--db", str(database), "--threads", "1", "--quiet"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode or not database.is_file():
        raise MetapipeError("E401", f"diamond makedb: {(done.stderr or done.stdout).strip()[-300:]}")
    return Built(f"diamond {_format_version(program, database)}", f"diamond {_program_version(program)}", counts)


def _counted(proteins: Iterable[Protein], counts: dict[str, int]) -> Iterable[Protein]:
    for protein in proteins:
        if not protein.sequence:
            continue
        counts["proteins"] += 1
        counts["with_ec"] += bool(protein.ec)
        counts["with_go"] += bool(protein.go)
        counts["residues"] += len(protein.sequence)
        yield protein


def _format_version(program: str, database: Path) -> str:
    argv = [program, "dbinfo", "--db", str(database)]
    text = subprocess.run(argv, capture_output=True, text=True, check=False).stdout
    match = re.search(r"format version\s+(\d+)", text)
    return match.group(1) if match else "unknown"


def _program_version(program: str) -> str:
    return subprocess.run([program, "version"], capture_output=True, text=True, check=False).stdout.split()[-1]
