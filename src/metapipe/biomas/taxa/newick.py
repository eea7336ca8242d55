"""The tree in Newick format, with the numbers of each taxon as NHX comments.

BioMaS writes the same features: ``name, taxid, assigned, summarized, Order`` (*Order* holds the rank). Format:
https://phylipweb.github.io/phylip/newicktree.html; NHX: https://www.phylosoft.org/NHX/ (Zmasek & Eddy 2001).
"""

from __future__ import annotations

import re

from metapipe.taxa.taxon_tree import Taxon, TaxonTree

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9.-]*")
#: Signs that separate the parts of an NHX comment or of a tree; ETE, which BioMaS uses, replaces the same ones.
_NHX_SIGNS = re.compile(r"[\s:,()\[\]=;'\"\\&]+")


def newick(tree: TaxonTree) -> str:
    """Return the tree on one line; without any taxon, the empty tree ``;``. Reads without a taxon are no part of it."""
    text: dict[int, str] = {}
    for taxon in reversed(list(tree)):
        # Children come before their parent in this order.
        below = ",".join(text.pop(child.taxid) for child in taxon.children)
        text[taxon.taxid] = (f"({below})" if below else "") + label(taxon.name) + _comment(taxon)
    return (text[tree.root.taxid] if tree.root else "") + ";\n"


def label(name: str) -> str:
    """Return a name as Newick wants it: single quotes around it where it is more than letters and digits.

    A quote inside is doubled. An unquoted underscore would be read as a blank, so it is quoted, too. A backslash, which
    the standard does not know but some readers take for an escape, becomes a slash.
    """
    if _PLAIN.fullmatch(name):
        return name
    return "'" + name.replace("\\", "/").replace("'", "''") + "'"


def _comment(taxon: Taxon) -> str:
    features = {
        "name": _NHX_SIGNS.sub("_", taxon.name),
        "taxid": str(taxon.taxid),
        "assigned": str(taxon.direct_reads),
        "summarized": str(taxon.total_reads),
        "Order": _NHX_SIGNS.sub("_", taxon.rank),
    }
    return "[&&NHX:" + ":".join(f"{key}={value}" for key, value in features.items()) + "]"
