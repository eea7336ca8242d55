"""What a database says of one of its proteins: the title behind its accession. The one reader of protein headers."""

from __future__ import annotations

import re
from dataclasses import dataclass

from metapipe.formats.plain_text import one_line

SEPARATOR = "~~~"

_EC = re.compile(r"[1-7](?:\.(?:\d+|n\d+|-)){1,3}")
_GO = re.compile(r"GO:\d{7}")
# UniProt (``name OS=… OX=… GN=… PE=… SV=…``) and UniRef (``name n=… Tax=… TaxID=… RepID=…``).
_FIELD = re.compile(r" (OS|OX|GN|PE|SV|n|Tax|TaxID|RepID)=")
# UniProtKB's names as NCBI has them: ``RecName: Full=…; Short=…; EC=…; AltName: Full=…; Flags: Precursor``.
_FULL_NAME = re.compile(r"^(?:RecName|SubName): Full=([^;]+)")
# What NCBI says of a record, and not of the protein.
_RECORD = re.compile(
    r"^(?:(?:MULTISPECIES|PREDICTED|LOW QUALITY PROTEIN|PARTIAL|UNVERIFIED(?:_\w+)?|(?:MAG|TPA)(?:[ _]\w+)*): ?)+"
)
_FRAGMENT = re.compile(r"(?:, partial| \(Fragments?\)|; Flags: [\w ;]+)$", re.IGNORECASE)
# ``[EC:1.1.1.1 2.7.7.6]``, ``(EC 2.7.2.1)``, ``EC=1.7.2.1``, ``EC:1.1.1.1``.
_NUMBERS = r"[1-7](?:\.(?:\d+|n\d+|-)){1,3}"
_EC_IN_TEXT = re.compile(
    rf"[\[(]EC[ :=_]?\s*((?:{_NUMBERS}[\s,;]*(?:EC[ :=]?\s*)?)+)[\])]|(?<![\w.])EC[ :=]\s*({_NUMBERS})(?![\w.]);?"
)
# NCBI's translated CDS and MarRef: ``[gene=dnaA] [protein=…] [mmp_id=…]``.
_ATTRIBUTE = re.compile(r"\s*\[([A-Za-z_]+)=((?:[^\[\]]|\[[^\[\]]*\])*)\]")
# An organism in brackets: a genus and more, a genus or a higher taxon alone, or one of NCBI's words for "not cultured".
_ORGANISM = re.compile(
    r"(?:Candidatus |\[?[A-Z][a-z]+(?:-[a-z]+)?\]?[ _]|['\"]?[A-Z][a-z]+['\"]? )\S.*|[A-Z][a-z]{3,}"
    r"|(?:uncultured|unclassified|unidentified|candidate|marine|synthetic|environmental)\b.*"
    r"|.*\b\w*(?:bacterium|archaeon|archaeote|metagenome|phage|virus|symbiont)\b.*|.* sp\. .*",
)
# Words in brackets that say what an enzyme takes or holds.
_NO_ORGANISM = re.compile(
    r"(?:zinc|iron|copper|manganese|nickel|ferredoxin|flavodoxin|precursor|fragment)s?", re.IGNORECASE
)


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
    UniProt's and UniRef's ``name KEY=value``, NCBI's ``MULTISPECIES: name [organism]``, ``RecName: Full=…`` and
    ``[gene=…] [protein=…]``, EC numbers as ``[EC:…]``, ``(EC …)`` or ``EC=…``, and free text are taken too. Of several
    titles in one header (NCBI's nr) the first counts.
    """
    title = one_line(title.partition("\x01")[0])
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
    attributes = {key.lower(): value.strip() for key, value in _ATTRIBUTE.findall(title)}
    first, *rest = _FIELD.split(_ATTRIBUTE.sub("", title))
    fields = dict(zip(rest[::2], rest[1::2], strict=True))
    name, organism = _split_organism(_RECORD.sub("", first))
    numbers = ec_numbers(";".join("".join(found) for found in _EC_IN_TEXT.findall(name)))
    if full := _FULL_NAME.match(name):
        name = full[1]
    if numbers:
        name = _tidied(_EC_IN_TEXT.sub(" ", name))
    name = _FRAGMENT.sub("", name).strip(" ;")
    taxid = fields.get("OX", fields.get("TaxID", attributes.get("taxid", ""))).strip()
    return SubjectTitle(
        product=attributes.get("protein", attributes.get("product", "")) or name,
        gene=fields.get("GN", attributes.get("gene", "")).strip(),
        ec=numbers or ec_numbers(attributes.get("ec_number", "")),
        taxid=taxid if taxid.isascii() and taxid.isdigit() else "",
        organism=fields.get("OS", fields.get("Tax", attributes.get("organism", ""))).strip() or organism,
    )


def _tidied(name: str) -> str:
    """A name out of which something was taken: no blank before a comma, no comma before another or a bracket."""
    name = re.sub(r"\s+([,;])", r"\1", one_line(name))
    return re.sub(r",(?=,)|,(?= \()", "", name).strip(" ,;")


def _split_organism(title: str) -> tuple[str, str]:
    """A title without the organism in brackets at its end, and the organism; brackets may hold brackets."""
    if not title.endswith("]"):
        return title, ""
    depth = 0
    for place in range(len(title) - 1, -1, -1):
        depth += (title[place] == "]") - (title[place] == "[")
        if depth == 0:
            organism = title[place + 1 : -1].strip()
            named = _ORGANISM.fullmatch(organism) and not _NO_ORGANISM.fullmatch(organism)
            # A bracket within a word (enoyl-[acyl-carrier-protein]) belongs to it.
            return (
                (title[:place].rstrip(), organism) if named and title[place - 1 : place] in ("", " ") else (title, "")
            )
    return title, ""


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
