"""Taxa from an NCBI taxdump: ``nodes.dmp``, ``names.dmp`` and ``merged.dmp``, fields between ``\\t|\\t``."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.refdb.readers.lineages import ROOT, Placement, Taxon
from metapipe.refdb.readers.ranks import NO_RANK
from metapipe.refdb.readers.taxon_names import plain_name
from metapipe.refdb.readers.text_files import open_text

#: Nodes under which NCBI keeps what has no place of its own. BioMaS sets their matches back in the same way.
_UNPLACED = re.compile(r"^(unclassified|environmental samples?|uncultured|unidentified)\b", re.IGNORECASE)
#: What kinds of names tell an organism, the surest first.
_KINDS_OF_NAMES = ("scientific name", "synonym", "equivalent name")
#: taxid → parent, rank, name; None for a number that does not exist.
LookUp = Callable[[int], "Node | None"]


@dataclass(frozen=True)
class Node:
    """A node as NCBI has it; the root is its own parent."""

    parent: int
    rank: str
    name: str


@dataclass(frozen=True)
class Taxdump:
    """The three files of a taxdump; ``merged`` may be missing."""

    nodes: Path
    names: Path
    merged: Path | None = None


def place_taxids(taxids: Mapping[str, int], dump: Taxdump) -> Placement:
    """Place references by NCBI's numbers; a number merged into another is followed.

    :param taxids: reference → taxid.
    :raises MetapipeError: E116 for an unknown taxid, E117 for a taxonomy that is no tree, E111 for a malformed line,
        E201 for a missing file.
    """
    current, nodes = _current(taxids, dump), _read_nodes(dump.nodes)
    for name, taxid in current.items():
        if taxid not in nodes:
            hint = "" if dump.merged else "; merged.dmp, given with --merged, knows numbers that were given up"
            raise MetapipeError(
                "E116", f"reference {name}{hint}", file=dump.nodes, expected="its taxid", found=str(taxid)
            )
    followed = sum(taxids[name] != taxid for name, taxid in current.items())
    remarks = (f"{followed:,} references have a taxid that NCBI has merged into another",) if followed else ()
    return _placed(current, nodes, dump, remarks)


def place_known_taxids(taxids: Mapping[str, int], dump: Taxdump) -> Placement:
    """The same, but what has a number that the taxonomy lacks (unknown, or deleted) is left out.

    :raises MetapipeError: as :func:`place_taxids`, but for E116.
    """
    nodes = _read_nodes(dump.nodes)
    current = {name: taxid for name, taxid in _current(taxids, dump).items() if taxid in nodes}
    return _placed(current, nodes, dump)


def _current(taxids: Mapping[str, int], dump: Taxdump) -> dict[str, int]:
    merged = read_merged(dump.merged) if dump.merged else {}
    return {name: merged.get(taxid, taxid) for name, taxid in taxids.items()}


def _placed(
    taxids: Mapping[str, int], nodes: Mapping[int, tuple[int, str]], dump: Taxdump, remarks: tuple[str, ...] = ()
) -> Placement:
    wanted = on_lineages(set(taxids.values()), lambda taxid: nodes.get(taxid, (None,))[0], dump.nodes)
    names = _read_names(dump.names, wanted)
    return placement(taxids, {taxid: Node(*nodes[taxid], names[taxid]) for taxid in wanted}, remarks)


def taxids_of_names(names: Collection[str], dump: Taxdump) -> dict[str, int]:
    """The taxids of organisms, by their scientific name, else by a synonym; names that two taxa have are left out.

    :raises MetapipeError: E111 for a malformed line, E201 for a missing file.
    """
    found: dict[str, dict[str, set[int]]] = {kind: {} for kind in _KINDS_OF_NAMES}
    for line, fields in _rows(dump.names, 4):
        if fields[1] in names and fields[3] in found:
            found[fields[3]].setdefault(fields[1], set()).add(_number(fields[0], dump.names, line))
    taxids: dict[str, int] = {}
    for kind in reversed(_KINDS_OF_NAMES):
        for name, numbers in found[kind].items():
            taxids.pop(name, None)
            if len(numbers) == 1:
                taxids[name] = min(numbers)
    return taxids


def placement(taxon_of: Mapping[str, int], nodes: Mapping[int, Node], remarks: tuple[str, ...] = ()) -> Placement:
    """The placement made of NCBI's nodes. Its root is called root, and has no parent."""
    taxa = {ROOT: Taxon(ROOT, 0, NO_RANK, "root")}
    for taxid, node in nodes.items():
        if taxid != ROOT:
            name = plain_name(node.name)
            taxa[taxid] = Taxon(taxid, node.parent, node.rank, name, is_unplaced(name))
    return Placement(dict(taxon_of), taxa, remarks)


def is_unplaced(name: str) -> bool:
    """Whether a node holds what NCBI could not place, by its name.

    >>> is_unplaced("unclassified Vibrio"), is_unplaced("Bacteria incertae sedis")
    (True, False)
    """
    return bool(_UNPLACED.search(name))


def on_lineages(taxids: set[int], parent_of: Callable[[int], int | None], file: Path) -> set[int]:
    """All numbers on the way from the root to ``taxids``.

    :raises MetapipeError: E117 for a cycle or an unknown parent.
    """
    known = {ROOT}
    for taxid in taxids:
        path: dict[int, None] = {}
        while taxid not in known:
            path[taxid] = None
            parent = parent_of(taxid)
            if parent is None:
                raise MetapipeError("E117", file=file, expected=f"the parent of taxon {taxid}", found="none")
            if parent in path:
                message = "the taxonomy runs in a circle"
                raise MetapipeError("E117", message, file=file, expected=f"root above taxon {taxid}", found=str(parent))
            taxid = parent
        known.update(path)
    return known


def _read_nodes(path: Path) -> dict[int, tuple[int, str]]:
    nodes = {}
    for line, fields in _rows(path, 3):
        nodes[_number(fields[0], path, line)] = _number(fields[1], path, line), plain_name(fields[2])
    if ROOT not in nodes:
        raise MetapipeError("E117", file=path, expected="the root, taxon 1", found="none")
    return nodes


def _read_names(path: Path, wanted: set[int]) -> dict[int, str]:
    names = {ROOT: "root"}
    for line, fields in _rows(path, 4):
        if fields[3] == "scientific name" and (taxid := _number(fields[0], path, line)) in wanted:
            names[taxid] = fields[1]
    missing = sorted(wanted - names.keys())
    if missing:
        raise MetapipeError("E117", file=path, expected=f"a scientific name of taxon {missing[0]}", found="none")
    return names


def read_merged(path: Path) -> dict[int, int]:
    """Numbers that were given up → the number each was merged into. Raises E111, E201."""
    return {_number(fields[0], path, line): _number(fields[1], path, line) for line, fields in _rows(path, 2)}


def _rows(path: Path, width: int) -> Iterator[tuple[int, list[str]]]:
    if not path.is_file():
        raise MetapipeError("E201", file=path)
    with open_text(path, "E111") as lines:
        for number, line in enumerate(lines, 1):
            fields = [field.strip() for field in line.rstrip("\n").removesuffix("|").split("\t|")]
            if len(fields) < width:
                expected = f"{width} fields between '|', as in an NCBI taxdump"
                raise MetapipeError("E111", file=path, line=number, expected=expected, found=line.strip())
            yield number, fields


def _number(text: str, path: Path, line: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise MetapipeError("E111", file=path, line=line, expected="a taxid", found=text)
    return int(text)
