"""What the headers of published reference sets say: small readers behind one interface, each for one form."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from metapipe.refdb.readers.ranks import Scheme, begins_a_lineage, by_pr2, by_silva, by_word, has_prefix
from metapipe.refdb.readers.taxon_names import without_organelle

#: Name (empty where the header has none) and lineage or taxid; None when the header is of another form.
Read = Callable[[str], tuple[str, str] | None]

_SINTAX = re.compile(r"^(\S.*?)[;\s]+tax=([^;]*)")
_SINTAX_RANK = re.compile(r"(^|,)\s*([a-z]{1,2}):")
_SILVA_NAME = re.compile(r"\S+\.\d+\.\d+")
#: What GTDB puts behind the lineage: ``[locus_tag=…] [location=…] [ssu_len=…]``.
_REMARKS = re.compile(r"\s+\[[a-z_]+=[^\]]*\].*$")
_BINOMIAL = re.compile(r"(?:Candidatus )?\[?[A-Z][A-Za-z-]+\]? [a-z][a-z-]+(?:\([\w.\s]*\))?")


@dataclass(frozen=True)
class HeaderForm:
    """One form of headers.

    :param collection: whose it is, for people.
    :param scheme: what says the ranks of its names where no prefix does; ``None``: the number of the names.
    """

    collection: str
    read: Read
    scheme: Scheme | None = None


def unite_header(header: str) -> tuple[str, str] | None:
    """UNITE's general release, ``Name|ACC|SH|reps|k__…;p__…``, and ``ACC|k__…;p__…|SH``.

    >>> unite_header("Glomus_sp|KX1|SH1.10FU|refs|k__Fungi;p__Glomeromycota")
    ('KX1|SH1.10FU', 'k__Fungi;p__Glomeromycota')
    >>> unite_header("UDB016649|k__Fungi;p__Basidiomycota|SH1281904.10FU")
    ('UDB016649|SH1281904.10FU', 'k__Fungi;p__Basidiomycota')
    """
    fields = [field.strip() for field in header.split("|")]
    lineages = [field for field in fields if has_prefix(field) and ";" in field]
    if len(fields) < 3 or len(lineages) != 1 or has_prefix(fields[0]):
        return None
    names = [field for field in fields if field != lineages[0]]
    return "|".join(names[1:3] if len(names) > 2 else names), lineages[0]


def itsonedb_header(header: str) -> tuple[str, str] | None:
    """ITSoneDB, ``ACC_ITS1_GB |Species name|taxid|…``.

    >>> itsonedb_header("KC306755_ITS1_GB|Rhizophagus irregularis|588596|ITS1 located by ENA annotation, 87bp")
    ('KC306755_ITS1_GB', '588596')
    """
    fields = [field.strip() for field in header.split("|")]
    if len(fields) < 3 or "_ITS" not in fields[0] or " " in fields[0] or not fields[2].isdecimal():
        return None
    return fields[0], fields[2]


def pr2_header(header: str) -> tuple[str, str] | None:
    """PR2, ``ACC|18S_rRNA|nucleus|strain|Eukaryota|…``, nine names at the end (eight before version 5).

    >>> pr2_header("AB1.1.9_U|18S_rRNA|nucleus||Eukaryota|TSAR|A|B|C|D|E|F|F_x")
    ('AB1.1.9_U', 'Eukaryota;TSAR;A;B;C;D;E;F;F_x')
    """
    fields = [field.strip() for field in header.split("|")]
    for count in (9, 8):
        names = fields[-count:]
        if len(fields) > count and begins_a_lineage(names[0]) and not has_prefix(names[0]):
            return fields[0], ";".join(names)
    return None


def sintax_header(header: str) -> tuple[str, str] | None:
    """SINTAX and UTAX, ``name;tax=d:Bacteria,p:Bacillota;``: USEARCH's RDP and LTP, UNITE's, PR2's and MIDORI's files.

    >>> sintax_header("AB1_S2;tax=d:Bacteria,g:Bacillus;")
    ('AB1_S2', 'd__Bacteria;g__Bacillus')
    """
    found = _SINTAX.match(header)
    if found is None:
        return None
    return found[1], _SINTAX_RANK.sub(lambda rank: f"{';' if rank[1] else ''}{rank[2]}__", found[2].replace('"', ""))


def rdp_header(header: str) -> tuple[str, str] | None:
    r"""RDP's release, ``S000494589 organism; strain<tab>Lineage=Root;rootrank;Bacteria;domain;…``.

    >>> rdp_header("S1 Bacillus sp.; X\tLineage=Root;rootrank;Bacteria;domain;Bacillota;phylum")
    ('S1', 'Root;rootrank;Bacteria;domain;Bacillota;phylum')
    """
    name, found, lineage = header.partition("Lineage=")
    return (name.split()[0], lineage.strip()) if found and name.split() else None


def midori_header(header: str) -> tuple[str, str] | None:
    """MIDORI, ``ACC.1.2.3###root_1;Eukaryota_2759;…``.

    >>> midori_header("AF382008.3.1672.3229###root_1;Eukaryota_2759;Chordata_7711")
    ('AF382008.3.1672.3229', 'root_1;Eukaryota_2759;Chordata_7711')
    """
    name, found, lineage = header.partition("###")
    return (name.strip(), lineage.strip()) if found and " " not in name.strip() else None


def silva_header(header: str) -> tuple[str, str] | None:
    """SILVA, ``ACC.start.stop Domain;…;organism``.

    >>> silva_header("AB1.1.1400 Bacteria;Bacillota;Bacillus subtilis")
    ('AB1.1.1400', 'Bacteria;Bacillota;Bacillus subtilis')
    """
    name, _, lineage = header.partition(" ")
    found = _SILVA_NAME.fullmatch(name) and _is_lineage(lineage) and not has_prefix(lineage.strip())
    return (name, lineage.strip()) if found and not lineage.rstrip().endswith(";") else None


def named_lineage(header: str) -> tuple[str, str] | None:
    """A name, a blank or tab, a lineage: GTDB, RDP's train sets, Greengenes2, CRABS, MIDORI for RDP.

    >>> named_lineage("RS_GCF_1.1 d__Bacteria;s__Bacillus subtilis [locus_tag=X] [location=1..9]")
    ('RS_GCF_1.1', 'd__Bacteria;s__Bacillus subtilis')
    """
    name, *rest = header.split(None, 1)
    lineage = _REMARKS.sub("", rest[0]).strip() if rest else ""
    return (name, lineage) if _is_lineage(lineage) else None


def lineage_alone(header: str) -> tuple[str, str] | None:
    """Train sets for DADA2's ``assignTaxonomy``: ``Bacteria;Bacillota;…;Bacillus;`` and no name.

    >>> lineage_alone("Bacteria;Bacillota;Bacilli;")
    ('', 'Bacteria;Bacillota;Bacilli')
    """
    return ("", header.strip().rstrip(";")) if ";" in header and begins_a_lineage(header.split(";")[0]) else None


def binomial(header: str) -> tuple[str, str] | None:
    """DADA2's ``assignSpecies``: name, genus, epithet, nothing else.

    >>> binomial("HG530070.1.1357 Escherichia albertii")
    ('HG530070.1.1357', 'g__Escherichia;s__Escherichia albertii')
    """
    name, _, organism = header.strip().partition(" ")
    if not _BINOMIAL.fullmatch(organism):
        return None
    return name, f"g__{organism.rpartition(' ')[0].strip('[]')};s__{organism}"


#: In the order in which they are tried; the first that reads a file's first header reads all of it.
HEADER_FORMS = (
    HeaderForm("SINTAX", sintax_header),
    HeaderForm("RDP", rdp_header, by_word),
    HeaderForm("MIDORI", midori_header),
    HeaderForm("UNITE", unite_header),
    HeaderForm("PR2", pr2_header, by_pr2),
    HeaderForm("ITSoneDB", itsonedb_header),
    HeaderForm("SILVA", silva_header, by_silva),
    HeaderForm("GTDB and others (name, lineage)", named_lineage),
    HeaderForm("DADA2 (lineage alone)", lineage_alone),
    HeaderForm("DADA2 (name, genus, species)", binomial),
)


def form_of(header: str) -> HeaderForm | None:
    """Return the first of ``HEADER_FORMS`` that can read a header; None when it is a bare name."""
    return next((form for form in HEADER_FORMS if form.read(header) is not None), None)


def _is_lineage(text: str) -> bool:
    text = text.strip()
    first = re.split(r"[;|,]", text, maxsplit=1)[0]
    # A domain alone is a lineage (SILVA has some), a sentence that begins with one is none.
    return has_prefix(text) or (begins_a_lineage(first) and (";" in text or without_organelle(first) == text))
