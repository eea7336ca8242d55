"""The product of a gene, in the words INSDC and UniProt use."""

from __future__ import annotations

import re

HYPOTHETICAL = "hypothetical protein"

_EMPTY_WORDS = re.compile(
    "hypothetical|uncharacteri[sz]ed|unknown|unnamed|putative|predicted|probable|possible|conserved|expressed|proteins?|"
    "product|gene|orf|open|reading|frame|cds|of|the|a|an|and|or|in|with|from|to|function|partial|fragments?|family|"
    "(?:multi-?)?domain|similar|homolog(?:ue)?|imported|bacterial|archa?eal|archael|k?da|kd|kilodaltons?",
    re.IGNORECASE,
)
# Names that stand for a place in a genome, a list or a gel, not for what a protein does.
_PLACEHOLDER = re.compile(
    r"[yY][a-z]{2}[A-Za-z]"  # yeeX: genes of Escherichia coli and Bacillus subtilis that nobody has named
    r"|\w*orf[-_]?\d+\w*|gp\d+\w?"  # ORF12, C1orf12, phage gene product 12
    r"|[A-Za-z]{1,6}\d{4,}[A-Za-z]{0,2}|[A-Za-z]\w*_\w*\d\w?"  # locus tags: MJ0001, Rv1234c, HI_0123
    r"|(?:DUF|UPF|COG|PF)\d+"  # families without a name
    r"|[OPQ]\d[A-Z0-9]{3}\d|[A-NR-Z]\d(?:[A-Z][A-Z0-9]{2}\d){1,2}"  # UniProt accessions
    r"|-?\d+(?:-?kda)?",  # numbers and weights
    re.IGNORECASE,
)
# In a name that says outright that nothing is known: what may be a gene's or a locus' short name. (Elsewhere P450 and
# S12 say something; with a hyphen, 2-oxoacid and DNA-binding do here, too.)
_UNKNOWN = re.compile(r"\b(?:hypothetical|uncharacteri[sz]ed|unknown function|unnamed)\b", re.IGNORECASE)
_SHORT_NAME = re.compile(r"[A-Za-z]{0,6}\d+[A-Za-z]{0,3}|[A-Za-z]")
# Where a gene lies, or its like: UniProt's "in recA 5'region", RefSeq's "(plasmid)", "Rac prophage; …", "GB|AAV938".
_WHERE = re.compile(
    r"\bin \S+ (?:\S+ )?(?:[35]'\s?-?)?region\b|\((?:plasmid|chromosome|mitochondri\w+|chloroplast|plastid)\b[^)]*\)"
    r"|^[^;]*\b(?:prophage|phage-like element);|\b(?:gb|emb|dbj|ref)\|\S+",
    re.IGNORECASE,
)
# A domain that is there is there; what is put in doubt is its family's function.
_DOUBT = re.compile(r"^(?:putative|probable|possible|predicted) (?=\S)", re.IGNORECASE)
_UNKNOWN_FUNCTION = re.compile(r"\b(?:DUF|UPF)\d+\b")


def is_informative(product: str) -> bool:
    """Whether a product says more than that there is a protein (``conserved protein YeeX, partial`` does not).

    This is the one rule for it. Uninformative are: words for *nothing is known*, names of places (locus tags, ORF
    numbers, *in recA 5'region*), weights, accessions, and families without a name, alone or together. Sources: the
    names that UniProt and INSDC give proteins without known function (UniProt's and NCBI's *International protein
    nomenclature guidelines*, "proteins of unknown function": ``Uncharacterized protein`` + ordered locus name), and
    what annotators clean away: Prokka's ``cleanup_product`` (Seemann 2014), Bakta's ``revise_cds_product`` (Schwengers
    2021: weights, contig and ORF names).

    >>> [is_informative(name) for name in ("Uncharacterized protein MJ0001", "12.3 kDa protein", "12 kDa antigen")]
    [False, False, True]
    """
    words = re.findall(r"[\w'-]+", _WHERE.sub(" ", product))
    unknown = _UNKNOWN.search(product) is not None
    return any(
        not _EMPTY_WORDS.fullmatch(word)
        and not _PLACEHOLDER.fullmatch(word)
        and not (unknown and _SHORT_NAME.fullmatch(word))
        for word in words
    )


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
