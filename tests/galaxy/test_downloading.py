"""What is downloaded, and what is refused as no result at all. A stand-in answers for Galaxy: only sizes matter."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from bioblend.galaxy import GalaxyInstance

from metapipe.errors import MetapipeError
from metapipe.galaxy.downloading import download_outputs


def galaxy_with(sizes: dict[str, int]) -> tuple[GalaxyInstance, dict[str, Any]]:
    datasets = {name: {"id": name, "name": name, "extension": "txt", "file_size": size} for name, size in sizes.items()}
    client = SimpleNamespace(datasets=SimpleNamespace(show_dataset=lambda identifier: datasets[identifier]))
    outputs = {name: {"id": name, "src": "hda"} for name in sizes}
    return cast(GalaxyInstance, client), {"outputs": outputs}


def test_a_run_whose_results_are_all_empty_is_a_failure_and_leaves_no_file(tmp_path: Path) -> None:
    client, invocation = galaxy_with({"Report": 0, "Contigs": 0})
    with pytest.raises(MetapipeError, match="METAPIPE-E404 every result is empty"):
        download_outputs(client, invocation, tmp_path / "results")
    assert not (tmp_path / "results").exists()
