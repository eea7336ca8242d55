"""The annotation table (``annotate``'s TSV): counted in one pass, and its best rows kept for the page."""

from __future__ import annotations

import heapq
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from metapipe.errors import MetapipeError
from metapipe.proteins.distant_hits import DistantCounts
from metapipe.proteins.product_names import HYPOTHETICAL, is_informative
from metapipe.proteins.protein_hits import MIN_IDENTITY

#: Columns without which a table is not an annotation table; the others (``annotate`` writes 32) may be missing.
REQUIRED = ("gene", "tier", "product")

_EC = re.compile(r"(?:EC[ :]?)?([1-7])\.(?:\d+|-)(?:\.(?:n?\d+|-)){0,2}")


@dataclass(frozen=True)
class Gene:
    """One row of the table, as text to be shown; a column that the table lacks is empty.

    :param ec: complete and partial EC numbers.
    :param identity: of the significant protein hit, in per cent; empty where there is none.
    :param protein_search: whether a protein search was part of the evidence; so ``domain_search``.
    """

    gene: str
    place: str
    strand: str
    partial: bool
    tier: int | None
    product: str
    name: str
    ec: tuple[str, ...]
    domains: tuple[str, ...]
    taxon: str
    identity: str
    protein_search: bool
    domain_search: bool
    product_of_hit: bool = False

    @property
    def is_distant(self) -> bool:
        """Whether its significant protein hit has less than 30 % identity."""
        try:
            return float(self.identity) < MIN_IDENTITY
        except ValueError:
            return False


@dataclass
class GeneTally:
    """What the whole table adds up to."""

    genes: int = 0
    partial: int = 0
    protein_search: bool = False
    domain_search: bool = False
    with_ec: int = 0
    distant: DistantCounts = field(default_factory=DistantCounts)
    tiers: Counter[int] = field(default_factory=Counter)
    products: Counter[str] = field(default_factory=Counter)
    ec_classes: Counter[int] = field(default_factory=Counter)
    domains: Counter[str] = field(default_factory=Counter)
    taxa: Counter[str] = field(default_factory=Counter)
    shown: list[Gene] = field(default_factory=list)


def tally(lines: Iterable[bytes], file: str, keep: int) -> GeneTally:
    """Count the table and keep its ``keep`` best-supported genes (best tier first, then as in the file).

    :param file: name of the table as the user knows it.
    :raises MetapipeError: E111 with file and line when it is no annotation table.
    """
    counts = GeneTally()
    best: list[tuple[int, int, Gene]] = []
    for index, gene in enumerate(genes(lines, file)):
        counts.genes += 1
        counts.partial += gene.partial
        counts.protein_search |= gene.protein_search
        counts.domain_search |= gene.domain_search
        if gene.tier is not None:
            counts.tiers[gene.tier] += 1
        if gene.is_distant:
            counts.distant.add(
                tier_1=gene.tier == 1, product=gene.product_of_hit, gene_name=bool(gene.name), ec=bool(gene.ec)
            )
        classes = ec_classes(gene.ec)
        counts.with_ec += bool(classes)
        counts.ec_classes.update(classes)
        if gene.product and is_informative(gene.product):
            counts.products[gene.product] += 1
        counts.domains.update(set(gene.domains))
        if gene.taxon:
            counts.taxa[gene.taxon] += 1
        # A heap of the worst kept row on top: memory stays at ``keep`` rows for a table of millions.
        entry = (-(gene.tier or 9), -index, gene)
        if len(best) < keep:
            heapq.heappush(best, entry)
        elif entry[:2] > best[0][:2]:
            heapq.heapreplace(best, entry)
    counts.shown = [gene for _, _, gene in sorted(best, key=lambda entry: (-entry[0], -entry[1]))]
    return counts


def genes(lines: Iterable[bytes], file: str) -> Iterator[Gene]:
    """Read the rows of an annotation table."""
    columns: list[str] = []
    for number, raw in enumerate(lines, start=1):
        line = raw.decode("utf-8", "replace").rstrip("\r\n")
        cells = line.split("\t")
        if number == 1:
            columns = [name.strip() for name in line.removeprefix("#").split("\t")]
            if not set(REQUIRED) <= set(columns):
                _refuse_header(file, line)
        elif len(cells) != len(columns):
            raise MetapipeError(
                "E111", file=file, line=number, expected=f"{len(columns)} columns", found=f"{len(cells)} columns"
            )
        else:
            yield _gene(dict(zip(columns, (cell.strip() for cell in cells), strict=True)))
    if not columns:
        _refuse_header(file, "nothing")


def ec_classes(numbers: Iterable[str]) -> set[int]:
    """Return the main classes (1–7) of EC numbers; ``2.7.7.6`` and ``3.1.-.-`` give {2, 3}, other words nothing."""
    return {int(found.group(1)) for number in numbers if (found := _EC.fullmatch(number))}


def listed(cell: str) -> list[str]:
    """Split a cell that lists things with ``;``."""
    return [word for word in (part.strip() for part in cell.split(";")) if word]


def _gene(cells: Mapping[str, str]) -> Gene:
    start, end, tier = cells.get("start", ""), cells.get("end", ""), cells["tier"]
    return Gene(
        gene=cells["gene"],
        place=f"{start}–{end}" if start and end else "",
        strand={"+": "+", "-": "−"}.get(cells.get("strand", ""), ""),
        partial="1" in cells.get("partial", ""),
        tier=int(tier) if tier in ("1", "2", "3") else None,
        product=cells["product"],
        name=cells.get("gene_name", ""),
        ec=(*listed(cells.get("ec", "")), *listed(cells.get("ec_partial", ""))),
        domains=tuple(listed(cells.get("domain_names", ""))),
        taxon=cells.get("organism", ""),
        identity=cells.get("hit_identity_pct", "") if cells.get("hit_significant") == "yes" else "",
        protein_search=cells.get("transferred_level", "") != "",
        domain_search=cells.get("functional_level", "") != "",
        product_of_hit=cells["product"] == cells.get("hit_product") != HYPOTHETICAL,
    )


def _refuse_header(file: str, found: str) -> NoReturn:
    expected = "the header line of an annotation table, with " + ", ".join(REQUIRED)
    raise MetapipeError("E111", file=file, line=1, expected=expected, found=found)
