"""Run the tools' tests against a running Galaxy, with the driver that planemo uses underneath.

Test files are taken from this machine: left to itself the server would look for a file it does not have in a Git
repository on the network.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from galaxy.tool_util.verify.interactor import GalaxyInteractorApi
from galaxy.tool_util.verify.script import Results, TestReference, test_tools

from metapipe.galaxy.shared_uploads import SharedUploads
from metapipe.galaxy.tool_tests import DeclaredTool, Served


class LocalTestData(SharedUploads, GalaxyInteractorApi):
    """Talks to Galaxy as its administrator, and finds test files in folders on this machine only.

    An ordinary user is not shown a job's command line, which some tests look at.
    """

    def __init__(self, url: str, admin_key: str, *test_data: Path) -> None:
        super().__init__(galaxy_url=url, api_key=admin_key, master_api_key=admin_key)
        self._test_data = test_data

    def test_data_download(
        self, tool_id: str, filename: str, *_unused: Any, path_only: bool = False, **_also: Any
    ) -> Any:
        """Return the path of a test file, or its bytes."""
        path = next((folder / filename for folder in self._test_data if (folder / filename).is_file()), None)
        if path is None:
            raise AssertionError(f"{tool_id}: test file {filename} is missing")
        return str(path) if path_only else path.read_bytes()

    def served(self, tool: DeclaredTool) -> Served:
        """Return what the server knows of a tool."""
        described = self._get(f"tools/{tool.tool_id}")  # type: ignore[no-untyped-call]
        if described.status_code != 200:
            return Served(None, 0)
        version = str(described.json()["version"])
        return Served(version, len(self.get_tool_tests(tool.tool_id, tool_version=version)))


def run_tests(
    interactor: LocalTestData, tools: Sequence[DeclaredTool], report: Path, *, parallel: int
) -> list[dict[str, Any]]:
    """Run every declared test, in one history, and return the entries of the JSON report.

    :param report: where the driver writes its JSON; replaced.
    :param parallel: tests at once.
    """
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    references = [
        TestReference(tool.tool_id, tool.version, index) for tool in tools for index in range(len(tool.tests))
    ]
    results = Results("META-pipe tools", str(report), galaxy_url=interactor.api_url)
    test_tools(
        interactor,
        references,
        results,
        log=logging.getLogger(__name__),
        parallel_tests=parallel,
        history_name="Tool tests",
        no_history_reuse=True,
        verify_kwds={"skip_with_reference_data": False, "quiet": True},
    )
    return [entry["data"] for entry in json.loads(report.read_text())["tests"] if entry["has_data"]]
