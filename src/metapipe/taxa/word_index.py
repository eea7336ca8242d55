"""Kraken 2's index of the proteins of a database of kind ``taxonomy-reads``: what it is made of, what is kept of it.

It holds the words of the proteins (Wood, Lu & Langmead 2019, Genome Biology 20:257) with the lowest taxon that all
proteins with a word have in common. Taxa have the numbers of :class:`~metapipe.taxa.ancestry.Ancestry`, plus one, in
place of taxids: any taxonomy can be indexed, and what Kraken 2 says needs no looking up.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.taxa.ancestry import Ancestry
from metapipe.taxa.protein_names import taxid_of

#: Folder of the index in a database, and the files that a search reads.
FOLDER = "kraken2"
FILES = ("hash.k2d", "opts.k2d", "taxo.k2d")
BUILDER = "kraken2-build"
#: Bytes of ``opts.k2d`` between and behind its numbers: a C structure is written as it lies in memory, with whatever
#: stood there before.
_OPTIONS, _UNSAID = 64, (*range(33, 40), *range(60, 64))


def is_indexed(folder: Path) -> bool:
    """Whether a folder holds a whole index."""
    return all((folder / name).is_file() for name in FILES)


def write_sources(proteins: Path, ancestry: Ancestry, work: Path) -> None:
    """Write into the new folder ``work`` what ``kraken2-build`` reads.

    Proteins of taxids that the taxonomy lacks are left out: they have no say in a search with DIAMOND either.

    :param proteins: FASTA of proteins that are named ``NAME_TAXID``.
    :raises MetapipeError: E206 for a protein without a taxid.
    """
    for part in ("taxonomy", "library"):
        (work / part).mkdir(parents=True)
    with (work / "taxonomy" / "nodes.dmp").open("w") as nodes, (work / "taxonomy" / "names.dmp").open("w") as names:
        for number, parent in enumerate(ancestry.parents):
            nodes.write(f"{number + 1}\t|\t{parent + 1}\t|\t{ancestry.ranks[number]}\t|\n")
            names.write(f"{number + 1}\t|\ttaxon {number + 1}\t|\t\t|\tscientific name\t|\n")
    _write_library(proteins, ancestry, work)


def _write_library(proteins: Path, ancestry: Ancestry, work: Path) -> None:
    with (
        proteins.open("rb") as lines,
        (work / "library" / "proteins.faa").open("wb") as library,
        (work / "seqid2taxid.map").open("w") as taxa,
    ):
        taxon: int | None = None
        for number, line in enumerate(lines):
            if line.startswith(b">"):
                name = line[1:].decode(errors="replace").partition(" ")[0].strip()
                taxid = taxid_of(name)
                if taxid is None:
                    raise MetapipeError("E206", file=proteins.name, expected="a protein named NAME_TAXID", found=name)
                taxon = ancestry.numbers.get(taxid)
                if taxon is not None:
                    library.write(b">p%d\n" % number)
                    taxa.write(f"p{number}\t{taxon + 1}\n")
            elif taxon is not None:
                library.write(line)


def build_command(work: Path) -> list[str | Path]:
    """Return the command line that makes the index.

    With one thread: two take ten times the CPU-seconds to give the same bytes (measured: 3 s for 21 MB of proteins).
    """
    return [BUILDER, "--build", "--protein", "--no-masking", "--threads", "1", "--db", work]


def keep_index(work: Path, folder: Path) -> None:
    """Move the index into the new folder ``folder`` and remove all else of ``work``.

    :raises MetapipeError: E403 where there is none.
    """
    if not is_indexed(work):
        raise MetapipeError("E403", expected=f"{BUILDER} to write an index", found="none")
    options = bytearray((work / "opts.k2d").read_bytes())
    if len(options) == _OPTIONS:
        for place in _UNSAID:
            options[place] = 0
        (work / "opts.k2d").write_bytes(options)
    folder.mkdir(parents=True)
    for name in FILES:
        shutil.move(work / name, folder / name)
    shutil.rmtree(work)
