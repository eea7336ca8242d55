"""Kind ``hmm``: profiles of protein families (``profiles.h3m``) and what is known of each family (``families.tsv``)."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from metapipe.errors import MetapipeError
from metapipe.refdb.diamond import Built
from metapipe.refdb.proteins import clean_ec, clean_text

PROFILES, FAMILIES = "profiles.h3m", "families.tsv"
COLUMNS = ("accession", "name", "description", "interpro", "interpro_name", "go", "ec")
_SPECIFIC = ("family", "domain", "homologous_superfamily")


@dataclass(frozen=True)
class InterproEntry:
    """The InterPro entry that a family's signature belongs to. ``go`` are accessions of all three namespaces."""

    accession: str
    name: str
    type: str
    go: tuple[str, ...]


def build_hmm(
    profiles: Path,
    folder: Path,
    entries: Mapping[str, InterproEntry],
    ec_of_go: Mapping[str, tuple[str, ...]],
    only: Collection[str] | None = None,
) -> Built:
    """Write both files into ``folder``.

    :param profiles: HMMER3 file, text or binary.
    :param entries: family accession without version → InterPro entry (see :func:`read_interpro`).
    :param ec_of_go: GO accession → EC numbers (:func:`metapipe.refdb.ontology.ec_of_go`).
    :param only: family accessions without version to keep; all when ``None``.
    :raises MetapipeError: E101 when the file holds no profiles, E204 when a profile lacks its gathering cut-offs.
    """
    counts = {"families": 0, "with_interpro": 0, "with_go": 0, "with_ec": 0}
    with (
        (folder / PROFILES).open("wb") as binary,
        (folder / FAMILIES).open("w", encoding="utf-8", newline="\n") as table,
    ):
        table.write("\t".join(COLUMNS) + "\n")
        for profile in _read_profiles(profiles):
            accession = _text(profile.accession) or _text(profile.name)
            family = accession.partition(".")[0]
            if only is not None and family not in only:
                continue
            if profile.cutoffs.gathering is None:
                # Without GA every site would need its own threshold, and results would not be comparable.
                raise MetapipeError("E204", file=profiles, expected="a gathering cut-off (GA)", found=accession)
            profile.write(binary, binary=True)
            entry = entries.get(family)
            go = entry.go if entry else ()
            ec = clean_ec(number for term in go for number in ec_of_go.get(term, ()))
            row = [accession, _text(profile.name), _text(profile.description)]
            row += [entry.accession, entry.name] if entry else ["", ""]
            table.write("\t".join(clean_text(cell) for cell in [*row, ";".join(go), ";".join(ec)]) + "\n")
            counts["families"] += 1
            counts["with_interpro"] += entry is not None
            counts["with_go"] += bool(go)
            counts["with_ec"] += bool(ec)
    if not counts["families"]:
        raise MetapipeError("E108", "there is no profile to build a database from", file=profiles)
    return Built("hmmer 3/f binary", f"pyhmmer {version('pyhmmer')}", counts)


def read_interpro(path: Path) -> dict[str, InterproEntry]:
    """Map family accessions (``PF00051``) to InterPro entries; the file is GECCO's ``interpro.json``.

    A signature can belong to more than one entry; the first of type family, domain, superfamily, any other is kept.
    """
    mapping: dict[str, InterproEntry] = {}
    for item in json.loads(path.read_bytes()):
        go = tuple(sorted({term["accession"] for term in item["go_terms"]}))
        entry = InterproEntry(item["accession"], item["name"], item["type"], go)
        for member in item["members"]:
            known = mapping.get(member)
            if known is None or _rank(entry) < _rank(known):
                mapping[member] = entry
    return mapping


def _rank(entry: InterproEntry) -> tuple[int, str]:
    rank = _SPECIFIC.index(entry.type) if entry.type in _SPECIFIC else len(_SPECIFIC)
    return rank, entry.accession


def _read_profiles(path: Path) -> Iterator[Any]:
    import pyhmmer

    try:
        with pyhmmer.plan7.HMMFile(str(path)) as stream:
            yield from stream
    except (ValueError, EOFError) as error:
        raise MetapipeError("E101", "not a file of HMMER3 profiles", file=path) from error


def _text(value: bytes | str | None) -> str:
    # Names are bytes up to pyhmmer 0.10 and text from 0.11 on.
    return value.decode() if isinstance(value, bytes) else value or ""
