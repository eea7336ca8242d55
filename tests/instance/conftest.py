"""An instance of its own for each test that needs one: own folder, free port, gone afterwards."""

from pathlib import Path

import pytest

from metapipe.instance.local import settings
from metapipe.instance.local.settings import Chosen, Settings

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture
def environ() -> dict[str, str]:
    """The environment as far as settings are concerned: only the checkout is known."""
    return {"METAPIPE_HOME": str(CHECKOUT)}


@pytest.fixture
def instance(tmp_path: Path, environ: dict[str, str]) -> Settings:
    return settings.load(tmp_path / "galaxy", Chosen(), environ)
