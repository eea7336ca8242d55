"""A mock amplicon community: what a primer pair would copy out of reference sequences, in chosen amounts."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from metapipe.demo.placement import reverse_complement
from metapipe.errors import MetapipeError
from metapipe.refdb.readers.lineages import ROOT, Placement
from metapipe.refdb.readers.references import Reference

TRUTH_COLUMNS = ("source", "pairs", "taxid", "lineage")
#: Which bases a letter of a primer pairs with (IUPAC).
_CODES = {
    "A": "A", "C": "C", "G": "G", "T": "T", "R": "AG", "Y": "CT", "S": "CG", "W": "AT", "K": "GT", "M": "AC",
    "B": "CGT", "D": "AGT", "H": "ACT", "V": "ACG", "N": "ACGT",
}  # fmt: skip
#: A primer still works with this many mismatches.
_MISMATCHES = 2


class FragmentSpec(BaseModel):
    """A region copied between two primers, both given 5' to 3', and its share of the pairs of every member."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    forward: str
    reverse: str
    share: float


class MockSpec(BaseModel):
    """A recipe ``mock-*.yml``.

    :param pairs: read pairs in all.
    :param sigma: standard deviation of the natural logarithm of the members' abundances.
    :param members: references of the collection ``refseq-ssu``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    seed: int
    read_length: int
    pairs: int
    sigma: float
    fragments: list[FragmentSpec]
    members: list[str]


@dataclass(frozen=True)
class Amplicon:
    """What one primer pair copies from one reference, and how many pairs of reads it gives.

    :param sequence: from the forward primer to the reverse one, both included; the reference's own bases.
    :param lineage: from the root to the reference's taxon, ``taxid:rank:name`` joined by ``;``.
    """

    name: str
    reference: str
    sequence: str
    pairs: int
    taxid: int
    lineage: str


def load_mock(name: str) -> MockSpec:
    """Read the recipe ``mock-<name>.yml`` of this package."""
    text = resources.files("metapipe.refdb").joinpath("recipes", f"mock-{name}.yml").read_text(encoding="utf-8")
    return MockSpec.model_validate(yaml.safe_load(text))


def cut_amplicons(
    spec: MockSpec, references: Mapping[str, Reference], placed: Placement
) -> tuple[tuple[Amplicon, ...], tuple[str, ...]]:
    """Cut the members' fragments and draw their amounts.

    :returns: the amplicons, and the members of which no fragment could be cut (a primer does not bind).
    :raises MetapipeError: E702 when a member does not exist, or none can be cut.
    """
    missing = sorted(set(spec.members) - references.keys())
    if missing:
        raise MetapipeError("E702", f"mock-{spec.name}.yml names a reference that does not exist", found=missing[0])
    pieces: dict[str, dict[str, str]] = {}
    for member in spec.members:
        found = {fragment.name: cut(references[member].sequence, fragment) for fragment in spec.fragments}
        pieces[member] = {name: piece for name, piece in found.items() if piece and len(piece) >= spec.read_length}
    bound = [member for member in spec.members if pieces[member]]
    if not bound:
        raise MetapipeError("E702", f"mock-{spec.name}.yml: the primers bind to none of the members")
    amplicons = []
    for member, pairs in zip(bound, draw_pairs(spec, len(bound)), strict=True):
        shares = {fragment.name: fragment.share for fragment in spec.fragments if fragment.name in pieces[member]}
        for fragment, count in zip(shares, divide(pairs, list(shares.values())), strict=True):
            if count:
                taxid = placed.taxon_of[member]
                amplicons.append(
                    Amplicon(
                        name=f"{member}_{fragment}",
                        reference=member,
                        sequence=pieces[member][fragment],
                        pairs=count,
                        taxid=taxid,
                        lineage=lineage_of(taxid, placed),
                    )
                )
    return tuple(amplicons), tuple(member for member in spec.members if not pieces[member])


def cut(sequence: str, fragment: FragmentSpec) -> str | None:
    """The piece between two primers, both included; ``None`` when one does not bind.

    >>> cut("TTACGTAACCCCGGTTA", FragmentSpec(name="x", forward="ACGT", reverse="AACC", share=1.0))
    'ACGTAACCCCGGTT'
    """
    start = binding_site(sequence, fragment.forward, 0)
    if start is None:
        return None
    backward = reverse_complement(fragment.reverse)
    end = binding_site(sequence, backward, start + len(fragment.forward))
    return None if end is None else sequence[start : end + len(backward)]


def binding_site(sequence: str, primer: str, start: int) -> int | None:
    """Where a primer binds best from ``start`` on (the first of equals), with at most two mismatches."""
    allowed = [frozenset(_CODES[letter]) for letter in primer]
    best: tuple[int, int] | None = None
    for place in range(start, len(sequence) - len(primer) + 1):
        misses = 0
        for letters, base in zip(allowed, sequence[place : place + len(primer)], strict=True):
            misses += base not in letters
            if misses > _MISMATCHES:
                break
        else:
            if best is None or misses < best[0]:
                best = misses, place
    return None if best is None else best[1]


def draw_pairs(spec: MockSpec, members: int) -> list[int]:
    """Log-normal abundances as numbers of pairs; every member has one at least when there are enough."""
    dice = random.Random(spec.seed)  # noqa: S311  (a reproducible draw, not a secret)
    weights = [math.exp(dice.gauss(0.0, spec.sigma)) for _ in range(members)]
    return [count + 1 for count in divide(max(spec.pairs - members, 0), weights)]


def divide(total: int, weights: Sequence[float]) -> list[int]:
    """Divide a number of things by weights, the largest remainders rounded up.

    >>> divide(10, [0.5, 0.25, 0.25])
    [5, 3, 2]
    """
    exact = [total * weight / sum(weights) for weight in weights]
    counts = [int(value) for value in exact]
    order = sorted(range(len(weights)), key=lambda place: (counts[place] - exact[place], place))
    for place in order[: total - sum(counts)]:
        counts[place] += 1
    return counts


def lineage_of(taxid: int, placed: Placement) -> str:
    """The lineage of a taxon as our tables write it."""
    steps = []
    while taxid:
        taxon = placed.taxa[taxid]
        steps.append(f"{taxid}:{taxon.rank}:{taxon.name}")
        taxid = taxon.parent if taxid != ROOT else 0
    return ";".join(reversed(steps))


def write_amplicon_truth(amplicons: Sequence[Amplicon], path: Path) -> None:
    """Write one row a source; a read is named ``<source>-<number>``."""
    with path.open("w", encoding="utf-8", newline="\n") as target:
        target.write("#" + "\t".join(TRUTH_COLUMNS) + "\n")
        for amplicon in amplicons:
            target.write(f"{amplicon.name}\t{amplicon.pairs}\t{amplicon.taxid}\t{amplicon.lineage}\n")


def source_of(read: str) -> str:
    """The source in a read's name.

    >>> source_of("NR_1.1_V4-12/1")
    'NR_1.1_V4'
    """
    return read.rpartition("-")[0]
