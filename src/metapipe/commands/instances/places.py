"""Where an instance's request, folder and databases are, from a word on the command line."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.instance import flavours, folder, request
from metapipe.instance.folder import InstanceFolder
from metapipe.instance.planning import PlannedDatabase
from metapipe.instance.request import Request
from metapipe.refdb import recipe, store

Say = Callable[[str], None]


@dataclass(frozen=True)
class Places:
    """The checkout, and the folder of all that is made from it."""

    home: Path
    build: Path

    @classmethod
    def find(cls) -> Places:
        """As ``scripts/metapipe`` says by METAPIPE_HOME and METAPIPE_BUILD; else those of this package's checkout.

        :raises MetapipeError: E702 where the package is installed without its checkout.
        """
        home = Path(os.environ.get("METAPIPE_HOME") or Path(__file__).resolve().parents[4])
        if not (home / "instance" / "flavours").is_dir():
            raise MetapipeError("E702", f"{home} is not a checkout of META-pipe; set METAPIPE_HOME to one")
        build = Path(os.environ.get("METAPIPE_BUILD") or home / ".build").absolute()
        # Databases and downloads lie where scripts/run has them.
        os.environ.setdefault("METAPIPE_REFDB", str(build / "refdb"))
        os.environ.setdefault("METAPIPE_DOWNLOADS", str(build / "downloads"))
        return cls(home.absolute(), build)

    def install(self, tell: Say, *environments: str) -> None:
        """Make environments with ``scripts/install``; each of its lines is told.

        :raises MetapipeError: what the installer's last line says.
        """
        command = [str(self.home / "scripts" / "install"), *environments]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, errors="replace") as installer:
            said = ""
            for line in installer.stderr or ():
                said = line.strip() or said
                tell(said)
        if installer.returncode:
            code, _, words = said.removeprefix("METAPIPE-").partition(" ")
            known = said.startswith("METAPIPE-E")
            raise MetapipeError(code if known else "E301", words if known else f"scripts/install ended: {said}")

    def read(self, file: Path) -> Request:
        """Return the request of a file; see :func:`metapipe.instance.request.read`."""
        labels = [word for known in recipe.recipes() for word in (known.name, known.label)]
        labels += [entry.manifest.label for entry in store.installed()]
        return request.read(file, flavours.names(self.home), labels)

    def asked(self, word: str) -> Asked:
        """Return what a word of the command line means: a request's file, or the name of an instance.

        :raises MetapipeError: E201, E703 for the file, E701 for a name that no instance has.
        """
        file = Path(word)
        if file.suffix in (".yml", ".yaml") or "/" in word:
            found = self.read(file)
            kept = folder.of(self.build, found.name)
            return Asked(found, file, kept, self._before(kept))
        kept = folder.named(self.build, word)
        before = self.read(kept.request)
        return Asked(before, kept.request, kept, before)

    def _before(self, kept: InstanceFolder) -> Request | None:
        return self.read(kept.request) if kept.is_there else None


@dataclass(frozen=True)
class Asked:
    """A request, its file, its instance's folder, and the request of the last ``up`` (None: there was none)."""

    request: Request
    file: Path
    folder: InstanceFolder
    before: Request | None


def labels_of(asked: Request, offers: flavours.Flavour) -> list[str]:
    """Return the databases of a request, ``name:version`` each; without any in it those of its flavour."""
    words: Sequence[str] = offers.databases if asked.databases is None else asked.databases
    there = {entry.manifest.label for entry in store.installed()}
    return [word if word in there else recipe.find_recipe(word).label for word in words]


def planned(labels: Sequence[str], installed: set[str] | None = None) -> list[PlannedDatabase]:
    """Return what is known of databases.

    :param installed: labels of those that are there; without it, those of this machine.
    """
    recipes = {known.label: known for known in recipe.recipes()}
    here = {entry.manifest.label: entry.manifest.bytes for entry in store.installed()}
    found = []
    for label in labels:
        known = recipes.get(label)
        size = here.get(label) or (known.built_bytes if known else None)
        there = label in (here if installed is None else installed)
        found.append(PlannedDatabase(label, there, size, known.build_seconds if known else None))
    return found
