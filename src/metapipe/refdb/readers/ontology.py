"""The Gene Ontology as an OBO file: names of terms, how special they are, and the EC numbers they correspond to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from metapipe.refdb.readers.proteins import clean_ec


@dataclass(frozen=True)
class Term:
    """One term. ``ec`` holds complete (four-field) numbers only; ``parents`` are its ``is_a`` terms."""

    accession: str
    name: str
    parents: tuple[str, ...]
    ec: tuple[str, ...]


def read_terms(path: Path) -> dict[str, Term]:
    """Read the terms of an OBO file, by accession.

    EC numbers are those of ``xref: EC:`` lines. A partial number (``EC:2.4.1.-``) is left out: it says no more than
    the term's own name does.
    """
    terms: dict[str, Term] = {}
    accession, name, parents, numbers = "", "", list[str](), list[str]()
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in [*lines, "[end]"]:
            if line.startswith("["):
                if accession:
                    terms[accession] = Term(accession, name, tuple(parents), _complete(numbers))
                accession, name, parents, numbers = "", "", [], []
            elif line.startswith("id: GO:"):
                accession = line[4:].strip()
            elif line.startswith("name: "):
                name = line[6:].strip()
            elif line.startswith("is_a: "):
                parents.append(line[6:].split()[0])
            elif line.startswith("xref: EC:"):
                numbers.append(line[9:].split()[0])
    return terms


def ec_of_go(terms: Mapping[str, Term]) -> dict[str, tuple[str, ...]]:
    """GO accession → EC numbers, of the terms that have any."""
    return {accession: term.ec for accession, term in terms.items() if term.ec}


def most_special(accessions: Collection[str], terms: Mapping[str, Term]) -> list[Term]:
    """The terms of a set that are no ancestor of another one in it; those with EC numbers first, then deeper ones.

    Depth is the longest way up: the shortest would put a special term that has one general parent near the top.
    """
    present = [terms[accession] for accession in sorted(set(accessions)) if accession in terms]
    above = {ancestor for term in present for parent in term.parents for ancestor in _lineage(parent, terms)}
    leaves = [term for term in present if term.accession not in above]
    return sorted(leaves, key=lambda term: (not term.ec, "binding" in term.name, -_depth(term, terms), term.accession))


def _lineage(accession: str, terms: Mapping[str, Term]) -> set[str]:
    seen, waiting = set[str](), [accession]
    while waiting:
        current = waiting.pop()
        if current not in seen and current in terms:
            seen.add(current)
            waiting.extend(terms[current].parents)
    return seen


def _depth(term: Term, terms: Mapping[str, Term]) -> int:
    return 1 + max((_depth(terms[parent], terms) for parent in term.parents if parent in terms), default=0)


def _complete(numbers: list[str]) -> tuple[str, ...]:
    return tuple(number for number in clean_ec(numbers) if "-" not in number)
