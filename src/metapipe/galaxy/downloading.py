"""Fetch a run's labelled outputs into a folder. A file is either whole or not there."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bioblend.galaxy import GalaxyInstance

from metapipe.errors import MetapipeError
from metapipe.galaxy.naming import unique_file_names

_CHUNK = 1 << 20


def download_outputs(
    gi: GalaxyInstance,
    invocation: Mapping[str, Any],
    folder: Path,
    fetched: Callable[[Path], None] | None = None,
) -> dict[str, Path]:
    """Write every labelled output of a finished run into ``folder`` and return label → file.

    Files of an earlier run with the same names are replaced, each in one step.

    :raises MetapipeError: E501 when the folder cannot be written; E404 when every result is empty, which no run that
        really happened leaves (even "nothing found" has its report).
    """
    datasets = {
        label: gi.datasets.show_dataset(output["id"])
        for label, output in invocation["outputs"].items()
        if output["src"] == "hda"
    }
    if datasets and not any(int(dataset["file_size"]) for dataset in datasets.values()):
        raise MetapipeError(
            "E404", "every result is empty although Galaxy calls the jobs done; see `scripts/galaxy logs web`"
        )
    names = unique_file_names({label: str(dataset["extension"]) for label, dataset in datasets.items()})
    files: dict[str, Path] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for label, dataset in datasets.items():
            path = folder / names[label]
            partial = folder / f".{names[label]}.part"
            _download(gi, dataset, partial)
            os.replace(partial, path)
            files[label] = path
            if fetched is not None:
                fetched(path)
    except OSError as error:
        if error.errno is None:  # the connection's own errors are OSErrors without a number
            raise
        raise MetapipeError("E501", file=folder, message=error.strerror or str(error)) from error
    return files


def _download(gi: GalaxyInstance, dataset: Mapping[str, Any], path: Path) -> None:
    """Write a dataset's bytes as they are. (BioBlend's own download packs HTML into a zip archive.)"""
    url = f"{gi.url}/datasets/{dataset['id']}/display"
    with gi.make_get_request(url, params={"raw": "true"}, stream=True) as response, path.open("wb") as file:
        response.raise_for_status()
        for chunk in response.iter_content(_CHUNK):
            file.write(chunk)
    if path.stat().st_size != dataset["file_size"]:
        raise MetapipeError("E305", f"the download of {dataset['name']} was cut short; run again")
