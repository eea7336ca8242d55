"""Fetch a run's labelled outputs into a folder. A file is either whole or not there."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bioblend.galaxy import GalaxyInstance

from metapipe.errors import MetapipeError
from metapipe.galaxy.naming import unique_file_names


def download_outputs(
    gi: GalaxyInstance,
    invocation: Mapping[str, Any],
    folder: Path,
    fetched: Callable[[Path], None] | None = None,
) -> dict[str, Path]:
    """Write every labelled output of a finished run into ``folder`` and return label → file.

    Files of an earlier run with the same names are replaced, each in one step.

    :raises MetapipeError: E501 when the folder cannot be written.
    """
    datasets = {
        label: gi.datasets.show_dataset(output["id"])
        for label, output in invocation["outputs"].items()
        if output["src"] == "hda"
    }
    names = unique_file_names({label: str(dataset["extension"]) for label, dataset in datasets.items()})
    files: dict[str, Path] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for label, dataset in datasets.items():
            path = folder / names[label]
            partial = folder / f".{names[label]}.part"
            gi.datasets.download_dataset(dataset["id"], file_path=str(partial), use_default_filename=False)
            os.replace(partial, path)
            files[label] = path
            if fetched is not None:
                fetched(path)
    except OSError as error:
        if error.errno is None:  # the connection's own errors are OSErrors without a number
            raise
        raise MetapipeError("E501", file=folder, message=error.strerror or str(error)) from error
    return files
