"""Every test that asks for ``tool`` runs once for each tool of the suite."""

from __future__ import annotations

import warnings

import pytest
from wrapped_stages import TOOLS, Tool

with warnings.catch_warnings():
    # Galaxy's template engine imports modules of the standard library that are on their way out.
    warnings.simplefilter("ignore", DeprecationWarning)
    import galaxy.util.template  # noqa: F401


@pytest.fixture(params=TOOLS, ids=[tool.id if tool.also_in else tool.stage_name for tool in TOOLS])
def tool(request: pytest.FixtureRequest) -> Tool:
    found: Tool = request.param
    return found
