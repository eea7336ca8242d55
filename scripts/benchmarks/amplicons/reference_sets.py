"""References with their taxonomy, from public packages: RefSeq's 16S, and the 18S of an old SILVA."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.amplicons.communities import REFSEQ, main_ranks_of
from benchmarks.measure import BenchmarkError
from benchmarks.part import Say
from benchmarks.place import BUILD, need
from metapipe.refdb.builders.ssu import refseq_references
from metapipe.refdb.fetch import obtain
from metapipe.refdb.readers.lineages import Placement
from metapipe.refdb.readers.references import Reference
from metapipe.refdb.readers.taxdump import Taxdump, place_taxids
from metapipe.refdb.recipe import find_recipe

Placed = tuple[list[Reference], Placement]
_BLAST = ("ssu-titles", "ssu-index", "ssu-sequences")
_TAXDUMP = ("ncbi-nodes", "ncbi-synonyms")
EUKARYOTES = 2759
#: Genes of organelles and of what else is no 18S rRNA of a nucleus.
_OTHER_GENES = re.compile(r"16S|mitochond|chloroplast|plastid|apicoplast|nucleomorph|cyanell|plasmid", re.IGNORECASE)
_BASES = re.compile(r"[ACGTRYSWKMBDHVN]+")
_NAMES = ("scientific name", "synonym", "equivalent name")
#: Words of a title that may be a name: *Genus species subsp. name strain …*.
_LONGEST_NAME, _SHORTEST_NAME = 6, 2


def references_of(collection: str, say: Say) -> Placed:
    """The references of a collection, and where they belong."""
    os.environ.setdefault("METAPIPE_DOWNLOADS", str(BUILD / "downloads"))
    if collection == REFSEQ:
        return refseq_references(obtain(find_recipe("ssu-refseq").sources, say=say))
    need("blastdbcmd")
    return _silva(say)


def _silva(say: Say) -> Placed:
    """18S of eukaryotes whose title begins with the name of a species that NCBI's taxonomy of 2013 has."""
    paths = obtain((*_BLAST, *_TAXDUMP), say=say)
    names = _species_names(paths["ncbi-synonyms"])
    references, taxids = [], {}
    for name, title, sequence in _blast_records([paths[alias] for alias in _BLAST]):
        taxid = _named(title, names)
        if taxid is not None and name not in taxids and not _OTHER_GENES.search(title) and _BASES.fullmatch(sequence):
            references.append(Reference(name, title, sequence, 0))
            taxids[name] = taxid
    placed = place_taxids(taxids, Taxdump(paths["ncbi-nodes"], paths["ncbi-synonyms"]))
    kept = [one for one in references if _is_species_of_eukaryotes(placed.taxon_of[one.name], placed)]
    return kept, placed


def _species_names(path: Path) -> dict[str, int]:
    """Name -> taxid, of names that are of one taxon only, synonyms included."""
    found: dict[str, int] = {}
    twice = set()
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            taxid, name, _, kind = (cell.strip() for cell in line.split("\t|")[:4])
            if kind in _NAMES and found.setdefault(name, int(taxid)) != int(taxid):
                twice.add(name)
    return {name: taxid for name, taxid in found.items() if name not in twice}


def _named(title: str, names: dict[str, int]) -> int | None:
    """The taxon of the longest name that a title begins with; of two words at least, so that a genus is none."""
    words = title.replace(",", " ").split()
    lengths = range(_LONGEST_NAME, _SHORTEST_NAME - 1, -1)
    found = (names.get(" ".join(words[:length])) for length in lengths if length <= len(words))
    return next((taxid for taxid in found if taxid is not None), None)


def _blast_records(files: list[Path]) -> Iterator[tuple[str, str, str]]:
    """Accession, title and bases of each record of a BLAST database."""
    with TemporaryDirectory() as folder:
        for file in files:
            (Path(folder) / file.name).symlink_to(file.resolve())
        base = Path(folder) / files[0].stem
        command = ["blastdbcmd", "-db", base, "-entry", "all", "-outfmt", "%t\t%s"]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        raise BenchmarkError(f"blastdbcmd: {done.stderr.strip()[-300:]}")
    for line in done.stdout.splitlines():
        title, _, sequence = line.rpartition("\t")
        label, _, words = title.partition("| ")
        yield label.rpartition("|")[2], words, sequence


def _is_species_of_eukaryotes(taxid: int, placed: Placement) -> bool:
    species = False
    while taxid not in (0, EUKARYOTES):
        species |= placed.taxa[taxid].rank == "species"
        taxid = placed.taxa[taxid].parent
    return species and taxid == EUKARYOTES


def only_under(collection: Placed, names: frozenset[str]) -> Placed:
    """The references of some genera only."""
    references, placed = collection
    genera = {taxid for taxid, taxon in placed.taxa.items() if taxon.rank == "genus" and taxon.name in names}
    kept = [one for one in references if main_ranks_of(placed.taxon_of[one.name], placed).get("genus") in genera]
    return kept, placed
