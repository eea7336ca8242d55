"""Kind ``hmm``: profiles of protein families (``profiles.h3m``) and what is known of each family (``families.tsv``)."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.proteins.hmm_families import GATHERING
from metapipe.refdb.builders.diamond import Built
from metapipe.refdb.readers.family_table import TabledFamily
from metapipe.refdb.readers.profiles import RULES, Profile, read_profiles
from metapipe.refdb.readers.proteins import clean_ec, clean_text

PROFILES, FAMILIES = "profiles.h3m", "families.tsv"
COLUMNS = ("accession", "name", "description", "interpro", "interpro_name", "go", "ec")
#: A last column of ``families.tsv``, there only when a family is judged by another rule than its gathering cut-off.
CUTOFF = "cutoff"
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
    tabled: Mapping[str, TabledFamily] | None = None,
) -> Built:
    """Write both files into ``folder``.

    Where every family has gathering cut-offs, the table has no column ``cutoff`` (so has Pfam's); else it says of each
    family by which of :data:`metapipe.refdb.readers.profiles.RULES` its hits are judged.

    :param profiles: HMMER3 file, text or binary, plain or gzip, or a tar archive of such files.
    :param entries: family accession without version → InterPro entry (see :func:`read_interpro`).
    :param ec_of_go: GO accession → EC numbers (:func:`metapipe.refdb.readers.ontology.ec_of_go`).
    :param only: family accessions without version to keep; all when ``None``.
    :param tabled: name or accession, with or without version → what the collection's own table says of the family;
        its cut-offs become the profile's gathering cut-offs.
    :raises MetapipeError: as :func:`metapipe.refdb.readers.profiles.read_profiles`; E108 when no profile is left, E112
        when ``tabled`` knows none of them.
    """
    counts = {"families": 0, "with_interpro": 0, "with_go": 0, "with_ec": 0}
    rows: list[list[str]] = []
    rules: list[str] = []
    described: list[bool] = []
    with (folder / PROFILES).open("wb") as binary:
        for profile in read_profiles(profiles):
            if only is not None and profile.family not in only:
                continue
            entry = entries.get(profile.family)
            known = _tabled(profile, tabled or {})
            if known is not None and known.cutoffs is not None:
                profile.hmm.cutoffs.gathering = known.cutoffs
                profile = replace(profile, rule=GATHERING)
            profile.hmm.write(binary, binary=True)
            row = _row(profile, known, entry, ec_of_go)
            rows.append(row)
            rules.append(profile.rule)
            described.append(known is not None)
            counts["families"] += 1
            counts["with_interpro"] += entry is not None
            counts["with_go"] += bool(row[-2])
            counts["with_ec"] += bool(row[-1])
    if tabled and rows and not any(described):
        expected = "families that the table of --families names"
        raise MetapipeError("E112", file=profiles, expected=expected, found=rows[0][0])
    if not rows:
        raise MetapipeError("E108", "there is no profile to build a database from", file=profiles)
    _write_families(folder / FAMILIES, rows, rules)
    counts |= {f"judged_by_{rule}": rules.count(rule) for rule in RULES if rules.count(rule) and rule != GATHERING}
    return Built("hmmer 3/f binary", f"pyhmmer {version('pyhmmer')}", counts)


def _tabled(profile: Profile, tabled: Mapping[str, TabledFamily]) -> TabledFamily | None:
    return tabled.get(profile.accession) or tabled.get(profile.name) or tabled.get(profile.family)


def _row(
    profile: Profile,
    known: TabledFamily | None,
    entry: InterproEntry | None,
    ec_of_go: Mapping[str, tuple[str, ...]],
) -> list[str]:
    go = entry.go if entry else known.go if known else ()
    ec = clean_ec([*(number for term in go for number in ec_of_go.get(term, ())), *(known.ec if known else ())])
    cells = [profile.accession, profile.name, (known.description if known else "") or profile.description]
    cells += [entry.accession, entry.name] if entry else ["", ""]
    return [clean_text(cell) for cell in [*cells, ";".join(go), ";".join(ec)]]


def _write_families(path: Path, rows: Iterable[list[str]], rules: list[str]) -> None:
    told = set(rules) != {GATHERING}
    with path.open("w", encoding="utf-8", newline="\n") as table:
        table.write("\t".join([*COLUMNS, CUTOFF] if told else COLUMNS) + "\n")
        for row, rule in zip(rows, rules, strict=True):
            table.write("\t".join([*row, rule] if told else row) + "\n")


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
