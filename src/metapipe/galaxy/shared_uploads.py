"""Tests of tools that run side by side in one history share what they upload.

Two thirds of the jobs of a suite's tests were uploads of files that another test had sent already.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from metapipe.digests import sha256_of


class SharedUploads:
    """Stands before the driver of Galaxy's tool tests (``GalaxyInteractorApi``): a file is sent once.

    No tool changes its inputs. The driver keeps the inputs of a test in ``uploads`` between upload and run, one place
    for all threads; here each thread has its own.
    """

    def __init__(self, *words: Any, **also: Any) -> None:
        self._staged = threading.local()
        self._answers: dict[str, Any] = {}
        self._uploading = threading.Lock()
        super().__init__(*words, **also)

    @property
    def uploads(self) -> dict[str, Any]:
        """Inputs of the test that this thread runs."""
        return getattr(self._staged, "uploads", {})

    @uploads.setter
    def uploads(self, staged: dict[str, Any]) -> None:
        """Keep them for this thread alone."""
        self._staged.uploads = staged

    def _post(self, path: str, data: dict[str, Any] | None = None, *others: Any, **also: Any) -> Any:
        """Send a request; for a file that was sent before, return what Galaxy answered then."""
        post = super()._post  # type: ignore[misc]
        if path != "tools/fetch" or data is None:
            return post(path, data, *others, **also)
        upload = upload_key(data)
        with self._uploading:
            if upload not in self._answers:
                self._answers[upload] = post(path, data, *others, **also)
        return self._answers[upload]


def upload_key(data: Mapping[str, Any]) -> str:
    """Digest of what an upload asks for: history, names, formats, and the bytes of its files.

    :param data: as the driver posts it; ``__files`` are opened files of this machine.
    """
    total = hashlib.sha256(json.dumps({key: data[key] for key in data if key != "__files"}, sort_keys=True).encode())
    for name, file in sorted(data.get("__files", {}).items()):
        total.update(f"{name} {sha256_of(Path(file.name))}".encode())
    return total.hexdigest()
