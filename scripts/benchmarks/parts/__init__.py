"""The parts of the benchmarks, a file each: every module here, or in a folder of it, that has a ``PART`` is one."""

from __future__ import annotations

import importlib
import pkgutil

from benchmarks.part import Part


def known() -> dict[str, Part]:
    """All parts by name, in the order in which ``all`` measures them."""
    modules = (importlib.import_module(found.name) for found in pkgutil.walk_packages(__path__, f"{__name__}."))
    parts: list[Part] = [module.PART for module in modules if hasattr(module, "PART")]
    return {part.name: part for part in sorted(parts, key=lambda part: (part.order, part.name))}
