"""Names of taxa as reference collections write them: what fits our tables, and what says "not known"."""

from __future__ import annotations

import re
from collections.abc import Iterable

#: What PR2 hangs on every name of an organelle's lineage → the organelle.
_PR2_ORGANELLES = {
    "apic": "apicoplast",
    "chrom": "chromatophore",
    "mito": "mitochondrion",
    "nucl": "nucleomorph",
    "plas": "plastid",
}
#: Taxa under which SILVA keeps organelles, among the bacteria they come from → the organelle.
ORGANELLE_TAXA = {"Chloroplast": "plastid", "Mitochondria": "mitochondrion"}

#: Names that say "not known" (UNITE, SILVA, Greengenes), and species known by their genus only (``Glomus sp``).
_PLACEHOLDER = re.compile(
    r"^(unidentified|uncultured|unclassified|unassigned|unknown|undetermined|ambiguous taxa|metagenome"
    r"|environmental samples?)\b|^(no rank|na|nan|none|other)$"
    r"|\b(incertae sedis|metagenome)$|^[A-Z][\w-]* sp\.?$",
    re.IGNORECASE,
)
#: PR2 fills a rank that is not known with the name above and one X more for each rank: ``Bacillariophyta_XX``; with
#: ``_sp.`` where the species is not known either.
_PR2_PLACEHOLDER = re.compile(r"_X+(_sp\.?)?$")
#: MIDORI fills it with the rank and the name above or below: ``order_Vannellidae``.
_MIDORI_PLACEHOLDER = re.compile(r"^(phylum|class|order|family|genus|species)[_ ][A-Z]")
_MIDORI_NUMBER = re.compile(r"_\d+$")


def plain_name(text: str) -> str:
    """A name that fits our tables: one line, blanks single, and neither tab nor ``;`` nor ``:`` nor ``|`` in it.

    >>> plain_name("Vibrio  sp. A;B")
    'Vibrio sp. A,B'
    """
    text = re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", text)
    return text.replace(";", ",").replace("|", "/").replace(":", ".").strip()


def says_nothing(name: str) -> bool:
    """Whether a name stands for "not known".

    >>> says_nothing("uncultured bacterium"), says_nothing("order_Vannellidae"), says_nothing("Vibrio natriegens")
    (True, True, False)
    """
    return bool(_PLACEHOLDER.search(name.replace("_", " ")) or _MIDORI_PLACEHOLDER.search(name))


def is_filled_from_above(name: str, above: Iterable[str]) -> bool:
    """Whether PR2 has filled a rank with a name above it. (GTDB's ``Clostridium_X`` is a genus of its own.)

    >>> is_filled_from_above("Bacillariophyta_XX", ["Gyrista", "Bacillariophyta"])
    True
    >>> is_filled_from_above("Clostridium_X", ["Bacillota", "Clostridiaceae"])
    False
    """
    base = _PR2_PLACEHOLDER.sub("", name)
    return base != name and base in above


def organism_says_nothing(name: str) -> bool:
    """Whether the name of an organism, at the place of the species, is that of none: it begins in lower case and goes
    on (``marine bacterium``, ``human gut metagenome``), as no binomial does.

    >>> organism_says_nothing("gamma proteobacterium HTCC"), organism_says_nothing("Vibrio sp. 12")
    (True, False)
    """
    return says_nothing(name) or (name[:1].islower() and " " in name)


def without_numbers(names: list[str]) -> list[str]:
    """Take NCBI's numbers off names that all have one (MIDORI's ``Chordata_7711``).

    >>> without_numbers(["Eukaryota_2759", "Homo sapiens_9606"]), without_numbers(["Bacteria", "UBA_12"])
    (['Eukaryota', 'Homo sapiens'], ['Bacteria', 'UBA_12'])
    """
    known = [name for name in names if name]
    if len(known) < 2 or not all(map(_MIDORI_NUMBER.search, known)):
        return names
    return [_MIDORI_NUMBER.sub("", name) for name in names]


def organelle(name: str) -> str:
    """What is put behind a name that has PR2's mark of an organelle.

    >>> organelle("Eukaryota:plas"), organelle("Eukaryota")
    (' (plastid)', '')
    """
    mark = name.rpartition(":")[2]
    return f" ({_PR2_ORGANELLES[mark]})" if ":" in name and mark in _PR2_ORGANELLES else ""


def without_organelle(name: str) -> str:
    """The name alone.

    >>> without_organelle("Eukaryota:mito")
    'Eukaryota'
    """
    bare, _, mark = name.rpartition(":")
    return bare if mark in _PR2_ORGANELLES else name
