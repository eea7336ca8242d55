"""``metapipe instance fetch``: fills the folder that hosts without a network are installed from."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from metapipe.commands.instances.places import Asked, Places, Say, labels_of
from metapipe.digests import sha256_of
from metapipe.errors import MetapipeError
from metapipe.instance import flavours
from metapipe.instance.folder import only_one
from metapipe.instance.offline import contents, debian, python
from metapipe.instance.offline.contents import Contents, Wanted
from metapipe.instance.request import Hosts
from metapipe.refdb.fetch import default_cache, obtain
from metapipe.refdb.recipe import find_recipe, recipes


def folder_of(places: Places, hosts: Hosts) -> Path:
    """Return the folder of a request: one for all requests of this checkout, unless it names another."""
    return Path(hosts.cache) if hosts.cache is not None else places.build / "offline"


def wanted_of(places: Places, asked: Asked) -> Wanted:
    """Return what hosts of a request need."""
    return contents.wanted(places.home, labels_of(asked.request, flavours.read(places.home, asked.request.flavour)))


def fetch(places: Places, asked: Asked, to: Path | None, say: Say) -> Contents:
    """Fetch all that hosts of a request need; what is there and right is not fetched again.

    Databases that the folder was filled for before stay in it: another request may use it, too.

    :param to: the folder; without it the request's.
    :raises MetapipeError: E701 for an instance on this machine, E704, E301 for a machine that cannot fetch for hosts,
        E205, E207 for what cannot be had, E602 when another command fills the folder.
    """
    hosts = asked.request.hosts
    if hosts is None:
        raise MetapipeError("E701", "target", expected="hosts", found=asked.request.target)
    debian.demand_debian_12()
    interpreter = places.build / "envs" / "uv" / "bin" / "python"
    python.demand_series(interpreter)
    pip = [str(interpreter), "-m", "pip"]
    folder = (to or folder_of(places, hosts)).absolute()
    before = contents.read(folder)
    known = {recipe.label for recipe in recipes()}
    kept = [] if before is None else [label for label in before.wanted.databases if label in known]
    wanted = contents.wanted(places.home, [*wanted_of(places, asked).databases, *kept])
    locks = [places.home / "locks" / f"{name}.txt" for name in contents.LOCKS]
    wheels, builders = folder / "wheels", folder / "build"
    steps: list[tuple[str, Callable[[Say], object]]] = [
        ("packages of Debian", lambda tell: debian.fetch(wanted.packages, folder / "apt", tell)),
        ("packages of Python", lambda tell: python.fetch(pip, locks, wheels, tell)),
        ("what builds them", lambda tell: python.fetch_builders(pip, wheels, places.home, builders, tell)),
        ("viewers of Galaxy", lambda tell: places.install(tell, "--viewers", str(folder / "viewers"))),
        ("sources of databases", lambda tell: _sources(wanted.databases, folder / "downloads", tell)),
    ]
    with only_one(folder / ".fetch", str(folder)):
        contents.forget(folder)
        for number, (title, do) in enumerate(steps, 1):
            say(f"[{number}/{len(steps)}] {title}")
            do(lambda line: say(f"      {line}"))
        say("      all is there; its digests are noted …")
        return contents.write(folder, wanted)


def _sources(labels: Iterable[str], folder: Path, tell: Say) -> None:
    """Put what databases are built from into a folder, as the builders look for it there; nothing else stays in it."""
    aliases = dict.fromkeys(alias for label in labels for alias in find_recipe(label).sources)
    kept = set()
    for path in obtain(aliases, say=tell).values():
        target = folder / path.relative_to(default_cache())
        kept.add(target)
        if not target.is_file() or sha256_of(target) != sha256_of(path):
            target.parent.mkdir(parents=True, exist_ok=True)
            fresh = target.with_name(f".{target.name}.new")
            shutil.copyfile(path, fresh)
            os.replace(fresh, target)
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        if path not in kept:
            path.unlink()
    tell(f"{len(kept)} files")
