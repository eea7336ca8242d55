"""The product of a gene, in the words INSDC and UniProt use."""

from __future__ import annotations

import re

HYPOTHETICAL = "hypothetical protein"

_EMPTY_WORDS = re.compile(
    "hypothetical|uncharacteri[sz]ed|unknown|unnamed|putative|predicted|probable|possible|conserved|expressed|proteins?|"
    "product|gene|orf|of|function|the|partial|fragment|family|domain",
    re.IGNORECASE,
)
# Names that stand for a place in a genome or a list, not for what a protein does: yeeX, b1234, DUF4567, ABC_01234.
_PLACEHOLDER = re.compile(r"[yY][a-z]{2}[A-Za-z]|b\d{4}|(?:DUF|UPF|COG|PF)\d+|[A-Za-z]\w*_\w*\d")
# A domain that is there is there; what is put in doubt is its family's function.
_DOUBT = re.compile(r"^(?:putative|probable|possible|predicted) (?=\S)", re.IGNORECASE)
_UNKNOWN_FUNCTION = re.compile(r"\b(?:DUF|UPF)\d+\b")


def is_informative(product: str) -> bool:
    """Whether a product says more than that there is a protein (``conserved protein YeeX, partial`` does not)."""
    words = re.findall(r"[\w'-]+", product)
    return any(not _EMPTY_WORDS.fullmatch(word) and not _PLACEHOLDER.fullmatch(word) for word in words)


def product_of_domain(name: str, description: str) -> str:
    """Return the product of a protein of which a domain is all that is known.

    NCBI's form ``… domain-containing protein``, ``… family protein`` for a family; ``DUF1234 domain-containing
    protein`` for a family of unknown function.
    """
    if unknown := _UNKNOWN_FUNCTION.search(f"{description} {name}"):
        return f"{unknown[0]} domain-containing protein"
    words = _DOUBT.sub("", (description or name).strip().rstrip("."))
    lowered = words.lower()
    if lowered.endswith(" family"):
        return f"{words} protein"
    if lowered.endswith((" domain", " domains", " repeat", " repeats")):
        return f"{words.removesuffix('s')}-containing protein"
    return f"{words} domain-containing protein"
