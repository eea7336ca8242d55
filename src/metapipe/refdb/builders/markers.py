"""Kind ``markers``: the proteins of 40 genes that every organism has once, by which cells can be counted.

The files are those of kind ``taxonomy-reads``, with these proteins only, named ``COG0012.ACCESSION_TAXID``: what a
search names says its gene and its taxon. The genes are told by fetchMGs' profiles, each with its own cut-off
(Ciccarelli et al. 2006, Science 311:1283; Sunagawa et al. 2013, Nature Methods 10:1196).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from metapipe.errors import MetapipeError
from metapipe.refdb.builders.diamond import FASTA, Built
from metapipe.refdb.builders.genomes import Slice, genome_taxonomy
from metapipe.refdb.builders.read_taxonomy import Said, build_read_taxonomy
from metapipe.refdb.readers.lineages import Placement
from metapipe.refdb.readers.proteins import read_fasta
from metapipe.refdb.readers.text_files import text_lines
from metapipe.refdb.sources import catalogue

_PACKAGE, _CUTOFFS = "fetchmgs", "marker-cutoffs"
#: Proteins searched at once; no result depends on it.
_BATCH = 20_000


@dataclass(frozen=True)
class MarkerProfile:
    """The profile of one gene. :param hmm: pyhmmer's HMM, with the gene's cut-off as its trusted one."""

    marker: str
    hmm: Any


def profile_sources() -> list[str]:
    """The names in ``sources.yml`` of the profiles and their cut-offs."""
    return [alias for package in catalogue() if package.name == _PACKAGE for alias in package.files]


def read_marker_profiles(paths: Mapping[str, Path]) -> list[MarkerProfile]:
    """Read the profiles, by their names.

    :param paths: source alias → file; others than those of :func:`profile_sources` are ignored.
    :raises MetapipeError: E205 where a profile has no cut-off.
    """
    from pyhmmer.plan7 import HMMFile  # here, not above: nobody else who builds a database needs it

    cutoffs = {}
    for _, line in text_lines(paths[_CUTOFFS], "E205"):
        cells = line.split()
        if cells and not line.startswith("#"):
            cutoffs[cells[0]] = float(cells[1])
    found = []
    for alias in sorted(profile_sources()):
        if alias == _CUTOFFS:
            continue
        marker = paths[alias].stem
        if marker not in cutoffs:
            raise MetapipeError("E205", file=paths[_CUTOFFS], expected=f"a cut-off of {marker}", found="none")
        with HMMFile(paths[alias]) as file:
            hmm: Any = file.read()
        hmm.cutoffs.trusted = (cutoffs[marker], cutoffs[marker])
        found.append(MarkerProfile(marker, hmm))
    return found


def marker_proteins(proteins: Iterable[Said], profiles: list[MarkerProfile]) -> Iterator[Said]:
    """The proteins that a profile takes, named after the best of those that do; the others are left out."""
    marker_of = {number: profile.marker for number, profile in enumerate(profiles)}
    stream = iter(proteins)
    while batch := list(itertools.islice(stream, _BATCH)):
        best = _best_profiles([protein.sequence for protein, _ in batch], profiles)
        for place, (protein, said) in enumerate(batch):
            if place in best:
                yield replace(protein, accession=f"{marker_of[best[place]]}.{protein.accession}"), said


def _best_profiles(sequences: list[str], profiles: list[MarkerProfile]) -> dict[int, int]:
    """Number of a sequence → that of the profile with the highest score above its cut-off; of equals the first."""
    import pyhmmer
    from pyhmmer.easel import DigitalSequenceBlock, TextSequence

    alphabet = pyhmmer.easel.Alphabet.amino()
    block: Any = DigitalSequenceBlock(
        alphabet,
        [
            TextSequence(name=str(number), sequence=sequence).digitize(alphabet)
            for number, sequence in enumerate(sequences)
            if sequence
        ],
    )
    best: dict[int, tuple[float, int]] = {}
    queries: Any = [profile.hmm for profile in profiles]
    for number, hits in enumerate(pyhmmer.hmmsearch(queries, block, bit_cutoffs="trusted", cpus=1)):
        for hit in hits:
            place = int(hit.name)
            if hit.included and (place not in best or hit.score > best[place][0]):
                best[place] = hit.score, number
    return {place: number for place, (_, number) in best.items()}


def build_markers(
    proteins: Iterable[Said],
    placed: Placement,
    folder: Path,
    merged: Mapping[int, int] | None = None,
    *,
    profiles: list[MarkerProfile],
) -> Built:
    """As :func:`~metapipe.refdb.builders.read_taxonomy.build_read_taxonomy`, with the proteins that are markers.

    :raises MetapipeError: E108 when none is; as there.
    """
    built = build_read_taxonomy(marker_proteins(proteins, profiles), placed, folder, merged)
    markers = {header.partition(".")[0] for header, _ in read_fasta(folder / FASTA)}
    tool = f"{built.tool}, pyhmmer {version('pyhmmer')}"
    return replace(built, tool=tool, counts={**built.counts, "markers": len(markers)})


def genome_markers(
    paths: Mapping[str, Path], folder: Path, also: Iterable[int] = (), slices: Mapping[str, Slice] | None = None
) -> Built:
    """Builder ``markers-of-genomes``: the markers of all sources that are genomes, with their taxonomy."""
    profiles = read_marker_profiles(paths)
    return genome_taxonomy(paths, folder, also, slices, build=partial(build_markers, profiles=profiles))
