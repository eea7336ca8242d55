"""What a database says of one of its proteins: the title behind its accession."""

from __future__ import annotations

import re
from dataclasses import dataclass

from metapipe.stages.plain_text import one_line

SEPARATOR = "~~~"

_EC = re.compile(r"[1-7](?:\.(?:\d+|n\d+|-)){1,3}")
_GO = re.compile(r"GO:\d{7}")
# UniProt (``name OS=… OX=… GN=… PE=… SV=…``) and UniRef (``name n=… Tax=… TaxID=… RepID=…``).
_FIELD = re.compile(r" (OS|OX|GN|PE|SV|n|Tax|TaxID|RepID)=")
_ORGANISM = re.compile(r"^(.*\S) \[([^\[\]]+)\]$")


@dataclass(frozen=True, slots=True)
class SubjectTitle:
    """A protein's description; what is not known is empty.

    :param ec: EC numbers with four levels, unknown ones as ``-`` (``1.1.1.-``), in the title's order.
    :param go: terms ``GO:0000000`` in the title's order.
    :param taxid: NCBI taxon, digits.
    """

    product: str = ""
    gene: str = ""
    ec: tuple[str, ...] = ()
    go: tuple[str, ...] = ()
    taxid: str = ""
    organism: str = ""


def parse_title(title: str) -> SubjectTitle:
    """Read a title (without accession) in any of the forms found in the wild.

    ``EC~~~gene~~~product~~~GO;GO~~~taxid~~~organism`` is ours (Prokka's, continued); trailing fields may be missing.
    UniProt's and UniRef's ``name KEY=value``, NCBI's ``name [organism]`` and free text are taken too.
    """
    title = one_line(title)
    if SEPARATOR in title:
        ec, gene, product, go, taxid, organism = (*(part.strip() for part in title.split(SEPARATOR, 5)), *[""] * 5)[:6]
        return SubjectTitle(
            product=product,
            gene=gene,
            ec=ec_numbers(ec),
            go=go_terms(go),
            taxid=taxid if taxid.isascii() and taxid.isdigit() else "",
            organism=organism,
        )
    first, *rest = _FIELD.split(title)
    if rest:
        fields = dict(zip(rest[::2], rest[1::2], strict=True))
        taxid = fields.get("OX", fields.get("TaxID", ""))
        return SubjectTitle(
            product=first.strip(),
            gene=fields.get("GN", "").strip(),
            taxid=taxid.strip() if taxid.strip().isascii() and taxid.strip().isdigit() else "",
            organism=fields.get("OS", fields.get("Tax", "")).strip(),
        )
    if named := _ORGANISM.match(title):
        return SubjectTitle(product=named[1], organism=named[2])
    return SubjectTitle(product=title)


def ec_numbers(text: str) -> tuple[str, ...]:
    """Return the EC numbers in a ``;``- or ``,``-separated list, padded to four levels; anything else is left out."""
    found: dict[str, None] = {}
    for part in re.split(r"[;,\s]+", text):
        number = part.removeprefix("EC:").removeprefix("EC").rstrip(".")
        if _EC.fullmatch(number):
            levels = number.split(".")
            found[".".join(levels + ["-"] * (4 - len(levels)))] = None
    return tuple(found)


def go_terms(text: str) -> tuple[str, ...]:
    """Return the GO terms that stand in a text, each once."""
    return tuple(dict.fromkeys(_GO.findall(text)))
