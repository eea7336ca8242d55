"""What a run is given and what its parts depend on: names and digests of inputs, and the plan hash over all of it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from metapipe import __version__
from metapipe.digests import sha256_of
from metapipe.runner.blocks.plan import Plan
from metapipe.runner.declare.code_identity import package_digest, stage_digest
from metapipe.runner.declare.elements import Fasta
from metapipe.runner.declare.given import Given
from metapipe.runner.declare.stage import Stage
from metapipe.runner.run.inputs import StageInput
from metapipe.runner.run.request import Request


def input_rows(stage: Stage, scanned: StageInput, given: Given) -> dict[str, dict[str, Any]]:
    """What the run report says of each input file, by name; files of a list are ``name.0``, ``name.1`` …"""
    rows: dict[str, dict[str, Any]] = {}
    for name, one in zip(scanned.names, scanned.scanned, strict=True):
        row = _input_row(given.records[name], given.labels[name], one.sha256)
        rows[name] = row | {"records": one.total_records, "residues": one.total_residues}
    for key, path in given.side_files(stage.side):
        rows[key] = _input_row(path, given.labels[key], sha256_of(path))
    return rows


def _input_row(path: Path, label: str, sha256: str) -> dict[str, Any]:
    return {"name": label, "bytes": path.stat().st_size, "sha256": sha256, "records": None, "residues": None}


def plan_hash(request: Request, stage: Stage, given: Given, inputs: Mapping[str, Mapping[str, Any]], plan: Plan) -> str:
    """Digest of everything the parts depend on: a rerun with the same digest may use them again.

    :param request: of its labels only those count that the user gave: they stand in results.
    :param given: with all options. :param inputs: of :func:`input_rows`.
    """
    identity = {
        "package": __version__,
        "code": [package_digest(), stage_digest(request.stage)],
        "stage": [request.stage, stage.name, stage.version],
        "programs": [stage.tool_versions(), _program_digests(stage)],
        "options": dataclasses.asdict(given.options),
        "inputs": {name: row["sha256"] for name, row in inputs.items()},
        "databases": {name: database.digest for name, database in given.databases.items()},
        "borders": plan.borders,
        "labels": sorted(request.given.labels.items()),
    }
    return hashlib.sha256(json.dumps(identity, sort_keys=True, default=str).encode()).hexdigest()


def _program_digests(stage: Stage) -> dict[str, str]:
    """Digest of each program's file: a rebuilt one may say the same version and do something else."""
    found = {program: shutil.which(program) for program in stage.programs}
    return {program: sha256_of(Path(path)) for program, path in found.items() if path is not None}


def residue_unit(stage: Stage) -> str:
    """``b`` for bases, ``aa`` for amino acids, empty where the stage takes either or none."""
    match stage.records:
        case Fasta(alphabet=alphabet):
            return {"dna": "b", "aa": "aa"}.get(alphabet, "")
        case None:
            return ""
        case _:
            return "b"
