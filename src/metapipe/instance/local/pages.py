"""The welcome page and the tours of an instance: those of the checkout, as far as its flavour has what they speak of.

In ``instance/welcome/index.html``, what stands between ``<!-- with WORKFLOW -->`` and ``<!-- end -->`` is shown where
the flavour has that workflow, and what stands after ``<!-- without WORKFLOW -->`` where it has not.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.instance.local.secrets import write_private
from metapipe.instance.local.settings import Settings

_PART = re.compile(r"<!-- (with|without) ([\w-]+) -->\n?(.*?)<!-- end -->\n?", re.DOTALL)


def render(settings: Settings) -> None:
    """Put the page and the tours into the instance's configuration; what is not of the flavour is taken away.

    :raises MetapipeError: E702 for a tour or page that the flavour names and the checkout lacks.
    """
    source, offers = settings.checkout / "instance", settings.offers
    welcome = {file.name: file.read_bytes() for file in sorted((source / "welcome").iterdir()) if file.is_file()}
    if offers.welcome not in welcome:
        raise MetapipeError(
            "E702", f"the flavour {settings.flavour} names a welcome page that is not there", file=offers.welcome
        )
    page = fitted(welcome[offers.welcome].decode(), offers.workflows)
    _hold(settings.config / "welcome", welcome | {"index.html": page.encode()})
    tours = {f"{name}.yml": source / "tours" / f"{name}.yml" for name in offers.tours}
    for file in tours.values():
        if not file.is_file():
            raise MetapipeError("E702", f"the flavour {settings.flavour} names a tour that is not there", file=file)
    _hold(settings.config / "tours", {name: file.read_bytes() for name, file in tours.items()})


def fitted(page: str, workflows: Iterable[str]) -> str:
    """Return a page with those parts that suit the workflows."""
    there = set(workflows)
    return _PART.sub(lambda part: part[3] if (part[2] in there) == (part[1] == "with") else "", page)


def _hold(folder: Path, files: dict[str, bytes]) -> None:
    """Let a folder hold these files and nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    for there in folder.iterdir():
        if there.name not in files:
            shutil.rmtree(there) if there.is_dir() else there.unlink()
    for name, content in files.items():
        if not (folder / name).is_file() or (folder / name).read_bytes() != content:
            write_private(folder / name, content.decode())
