"""Fetch a run's labelled outputs into a folder. A file is either whole or not there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bioblend.galaxy import GalaxyInstance

from metapipe.errors import MetapipeError
from metapipe.formats.file_names import safe_name, unique_file_names

_CHUNK = 1 << 20


def download_outputs(
    gi: GalaxyInstance,
    invocation: Mapping[str, Any],
    folder: Path,
    fetched: Callable[[Path], None] | None = None,
    *,
    whole: bool = True,
) -> dict[str, Path]:
    """Write every labelled output of a finished run into ``folder`` and return label → file.

    A collection becomes a folder of its label with a file for each element; those are called ``label/element``.
    Files of an earlier run with the same names are replaced, each in one step.

    :param whole: the run ended well; else only what is done is fetched, and none is no error.
    :raises MetapipeError: E501 when the folder cannot be written; E404 when every result is empty, which no run that
        really happened leaves (even "nothing found" has its report).
    """
    datasets: dict[str, dict[str, Any]] = {}
    names: dict[str, str] = {}
    for label, output in invocation["outputs"].items():
        if output["src"] == "hda":
            datasets[label] = gi.datasets.show_dataset(output["id"])
    names = unique_file_names({label: str(dataset["extension"]) for label, dataset in datasets.items()})
    for label, output in invocation.get("output_collections", {}).items():
        found = dict(_elements(gi.make_get_request(f"{gi.url}/dataset_collections/{output['id']}").json()))
        shown = {element: gi.datasets.show_dataset(dataset) for element, dataset in found.items()}
        files_of = unique_file_names({element: str(dataset["extension"]) for element, dataset in shown.items()})
        for element, dataset in shown.items():
            datasets[f"{label}/{element}"] = dataset
            names[f"{label}/{element}"] = f"{safe_name(label)}/{files_of[element]}"
    if not whole:
        datasets = {label: dataset for label, dataset in datasets.items() if dataset["state"] == "ok"}
    elif datasets and not any(int(dataset["file_size"]) for dataset in datasets.values()):
        raise MetapipeError(
            "E404", "every result is empty although Galaxy calls the jobs done; see `scripts/galaxy logs web`"
        )
    files: dict[str, Path] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for label, dataset in datasets.items():
            path = folder / names[label]
            path.parent.mkdir(exist_ok=True)
            partial = path.with_name(f".{path.name}.part")
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


def _elements(collection: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Yield (name, dataset id) of each file of a collection; names of nested elements are joined by a blank."""
    for element in collection["elements"]:
        name = f"{before}{element['element_identifier']}"
        if element["element_type"] == "dataset_collection":
            yield from _elements(element["object"], f"{name} ")
        else:
            yield name, str(element["object"]["id"])


def _download(gi: GalaxyInstance, dataset: Mapping[str, Any], path: Path) -> None:
    """Write a dataset's bytes as they are. (BioBlend's own download packs HTML into a zip archive.)"""
    url = f"{gi.url}/datasets/{dataset['id']}/display"
    with gi.make_get_request(url, params={"raw": "true"}, stream=True) as response, path.open("wb") as file:
        response.raise_for_status()
        for chunk in response.iter_content(_CHUNK):
            file.write(chunk)
    if path.stat().st_size != dataset["file_size"]:
        raise MetapipeError("E305", f"the download of {dataset['name']} was cut short; run again")
