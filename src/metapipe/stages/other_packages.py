"""Stages of other packages: a site adds its own without changing META-pipe (entry points, group ``metapipe.stages``).

``importlib.metadata`` would do, but takes 60 ms to import (measured); reading the few files that it reads takes 3 ms.
"""

from __future__ import annotations

import configparser
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

GROUP = "metapipe.stages"
_FOLDER = re.compile(r"(.+?)(?:-([^-]+).*)?\.(?:dist|egg)-info")
_REFERENCE = re.compile(r"[\w.]+:\w+")


def outside_stages(path: Sequence[str] | None = None) -> dict[str, tuple[str, str]]:
    """Stages that installed packages declare: name -> (``module:Class``, the package and its version).

    Of two that declare the same name the first on ``path`` (default: ``sys.path``) counts, as for imports.
    """
    found: dict[str, tuple[str, str]] = {}
    for place in sys.path if path is None else path:
        try:
            folders = sorted(name for name in os.listdir(place or ".") if name.endswith((".dist-info", ".egg-info")))
        except OSError:  # no folder, or one that is not ours to read
            continue
        for folder in folders:
            for name, reference in _declared(Path(place) / folder / "entry_points.txt").items():
                found.setdefault(name, (reference, _package(folder)))
    return found


def _declared(file: Path) -> dict[str, str]:
    try:
        text = file.read_text()
    except (OSError, UnicodeDecodeError):
        return {}
    if f"[{GROUP}]" not in text:
        return {}
    parser = configparser.ConfigParser(delimiters="=", interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(text)
        entries = dict(parser[GROUP])
    except (configparser.Error, KeyError):
        return {}
    return {name.strip(): value.strip() for name, value in entries.items() if _REFERENCE.fullmatch(value.strip())}


def _package(folder: str) -> str:
    match = _FOLDER.fullmatch(folder)
    return " ".join(filter(None, match.groups())).replace("_", "-") if match else folder
