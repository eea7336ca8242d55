"""Names of files and histories: what a user typed must never leave the results folder or need quoting.

A result has one label, and its file one name made from it, whoever writes it: ``metapipe STAGE --outdir`` (the label
the stage declares) and ``scripts/run`` (the label of the workflow's output).
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Mapping

#: Format, as stages and Galaxy call it → the ending people know.
_SUFFIXES = {
    "biom1": "biom",
    "genbank": "gbk",
    "newick": "nwk",
    "tabular": "tsv",
    "fastqsanger": "fastq",
    "fastqsanger.gz": "fastq.gz",
    "txt": "txt",
}
_LONGEST = 80


def safe_name(text: str) -> str:
    """Return ``text`` as a file name: lower-case ASCII letters, digits, ``.``, ``_`` and single ``-``.

    >>> safe_name("Annotated genes (GFF3)")
    'annotated-genes-gff3'
    >>> safe_name("../../etc/passwd")
    'etc-passwd'
    >>> safe_name("…")
    'unnamed'
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9._]+", "-", plain.lower())
    name = re.sub(r"\.{2,}", ".", name).strip("-._")
    name = re.sub(r"-*([._])-*", r"\1", name)
    return name[:_LONGEST].strip("-._") or "unnamed"


def output_file_name(label: str, format: str) -> str:
    """Return the file name of an output from its label and its format.

    The format a label ends with in parentheses is said by the suffix already.

    >>> output_file_name("Annotation (GenBank)", "genbank")
    'annotation.gbk'
    >>> output_file_name("Report", "html")
    'report.html'
    """
    suffix = _SUFFIXES.get(format, format)
    stem = re.sub(r"\s*\([^()]*\)\s*$", "", label) or label
    return f"{safe_name(stem)}.{suffix}"


def unique_file_names(outputs: dict[str, str]) -> dict[str, str]:
    """Map each label to its file name; labels whose short names clash keep their parentheses, then get a number.

    :param outputs: label → format.

    >>> unique_file_names({"Genes (DNA)": "fasta", "Genes (protein)": "fasta"})
    {'Genes (DNA)': 'genes-dna.fasta', 'Genes (protein)': 'genes-protein.fasta'}
    """
    names = {label: output_file_name(label, format) for label, format in outputs.items()}
    taken = list(names.values())
    for label, format in outputs.items():
        if taken.count(names[label]) > 1:
            names[label] = f"{safe_name(label)}.{_SUFFIXES.get(format, format)}"
    return numbered(names)


def folder_names(names: Iterable[str]) -> dict[str, str]:
    """Map each name to a folder's name that none of the others has.

    >>> folder_names(["Bay 1", "bay-1", "bay-1-2"])
    {'Bay 1': 'bay-1', 'bay-1': 'bay-1-3', 'bay-1-2': 'bay-1-2'}
    """
    return numbered({name: safe_name(name) for name in names})


def numbered(made: Mapping[str, str]) -> dict[str, str]:
    """Return the made names, each new: ``-2``, ``-3`` … before the ending of one that another has already."""
    given, taken = set(made.values()), set[str]()
    names = {}
    for label, name in made.items():
        if name in taken:
            stem, dot, suffix = name.partition(".")
            others = (f"{stem}-{number}{dot}{suffix}" for number in itertools.count(2))
            name = next(other for other in others if other not in taken | given)
        taken.add(name)
        names[label] = name
    return names
