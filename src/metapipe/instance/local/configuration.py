"""Write Galaxy's configuration files from the templates in ``instance/galaxy`` (deployments use the same ones)."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from metapipe.digests import sha256_of
from metapipe.errors import MetapipeError
from metapipe.instance.local import broker, files, pages, parts, secrets
from metapipe.instance.local.settings import Settings
from metapipe.stages.registry import STAGES

_TEMPLATES = (
    "galaxy.yml",
    "job_conf.yml",
    "tool_conf.xml",
    "tool_data_table_conf.xml",
    "datatypes_conf.xml",
    "file_sources_conf.yml",
)
_DEPLOYED = ("gravity.yml", "tpv_destinations.yml")
#: The tools whose HTML Galaxy may show as a page; everybody else's is shown as text.
_PAGES = (
    "metapipe_combine_samples",
    "metapipe_report",
    "biomas_amplicon_report",
    "biomas_combine_samples",
    "biomas_quality_report",
    "biomas_summarise_taxa",
)
_FIXED = {
    "sanitize_allowlist.txt": "".join(f"{tool}\n" for tool in _PAGES),
    "tool_sheds_conf.xml": "<tool_sheds></tool_sheds>\n",
    "data_manager_conf.xml": "<data_managers></data_managers>\n",
    "builds.txt": "?\tunspecified (?)\n",
    "twobit.loc": "",
}
#: The line of a tool's command that calls its stage.
_CALLED = re.compile(r"^\s*metapipe ([a-z_]+)\s*$", re.MULTILINE)
_KEPT_VARIABLES = ("HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR", "JAVA_HOME", "PATH")


@dataclass(frozen=True)
class ToolSection:
    """One section of the tool panel: its id, its title and the absolute paths of its tools."""

    id: str
    name: str
    files: tuple[str, ...]


def render(settings: Settings, deployed: Mapping[str, object] | None = None) -> None:
    """Write every configuration file that would differ from what is there.

    Files with secrets are 0600; all are in the instance's 0700 folder.

    :param deployed: values of templates that are others on a deployed host (:mod:`metapipe.instance.deployed`), and of
        those templates that only it has.
    """
    for folder in (settings.config, settings.logs, settings.run, settings.state / "work", settings.state / "bin"):
        folder.mkdir(parents=True, exist_ok=True)
    environment = Environment(
        loader=FileSystemLoader(settings.templates),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - YAML and XML; values are escaped where they stand
    )
    files.gather(settings)
    values = {**_values(settings), "deployed": deployed is not None, **(deployed or {})}
    for name in templates(deployed is not None):
        changed = _write_changed(settings.config / name, environment.get_template(f"{name}.j2").render(values))
        if changed and name == "tool_conf.xml":
            # Galaxy keeps the order it once had there; removed, it is made anew in that of the tool_conf.
            (settings.state / "managed" / "integrated_tool_panel.xml").unlink(missing_ok=True)
    for name, text in _FIXED.items():
        _write_changed(settings.config / name, text)
    pages.render(settings)
    _point(settings.state / "bin" / "metapipe", settings.metapipe_env / "bin" / "metapipe")
    _point(settings.state / "work" / "static", settings.static)


def templates(deployed: bool) -> tuple[str, ...]:
    """Return the names of the files that are made from templates."""
    return (*_TEMPLATES, *(_DEPLOYED if deployed else ()))


def environ_of(settings: Settings, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of Galaxy's processes and so of its jobs.

    Only named variables are handed on: a ``PYTHONPATH`` of whoever starts Galaxy has no business in a job. Of the
    stages' environment, jobs see the one command ``metapipe``, not its Python.
    """
    environ = {name: inherited[name] for name in _KEPT_VARIABLES if name in inherited}
    environ["PATH"] = os.pathsep.join(
        [str(settings.state / "bin"), str(settings.galaxy_env / "bin"), inherited.get("PATH") or os.defpath]
    )
    environ.setdefault("LANG", "C.UTF-8")
    return environ | {
        "GALAXY_CONFIG_FILE": str(settings.config / "galaxy.yml"),
        "GALAXY_TEST_FILE_DIR": str(settings.checkout / "test-data"),
        "GALAXY_TEST_FETCH_DATA": "false",
        "METAPIPE_WARM_FILE": str(settings.warm_file),
        "METAPIPE_HANDLER_FILE": str(settings.handler_file),
        "METAPIPE_REFDB": str(settings.refdb),
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "ignore",
        "SPT_NOENV": "1",  # keep the environment readable in /proc when a process changes its title
    }


def tool_sections(checkout: Path, suites: Mapping[str, str], own: Path | None = None) -> list[ToolSection]:
    """Return a section for each suite in ``tools/`` that has tools, in the order of the pipeline.

    :param suites: folder in ``tools/`` → title, as a flavour has them.
    :param own: folder of a developer's own tools; they come first.
    :raises MetapipeError: E201 when there is no tool in it.
    """
    sections = []
    for folder, title in suites.items():
        files = _tools_in(checkout / "tools" / folder)
        if files:
            sections.append(ToolSection(folder, title, files))
    if own is not None:
        files = _tools_in(own)
        if not files:
            raise MetapipeError("E201", "no Galaxy tool is in this folder (--tools '' forgets it)", file=own)
        sections.insert(0, ToolSection("own", "Own tools", files))
    return sections


def bundled_sections(settings: Settings) -> list[ToolSection]:
    """Return the sections of the flavour with tools that come with Galaxy; their paths are as Galaxy knows them.

    :raises MetapipeError: E702 for a tool that this Galaxy does not bring.
    """
    sections = []
    for number, (title, names) in enumerate(settings.offers.bundled.items(), 1):
        for name in names:
            if not (_galaxys_package(settings) / "tools" / "bundled" / name).is_file():
                expected = "a tool in Galaxy's own folder tools/bundled"
                raise MetapipeError("E702", f"the flavour {settings.flavour}", expected=expected, found=name)
        sections.append(ToolSection(f"bundled_{number}", title, names))
    return sections


def _tools_in(folder: Path) -> tuple[str, ...]:
    """Return the tools in the order of the stages they call; those that call none of ours come last, by name."""
    tools = sorted((_position(file), file) for file in folder.rglob("*.xml") if _is_tool(file))
    return tuple(str(file) for _, file in tools)


def _position(tool: Path) -> int:
    called = _CALLED.search(tool.read_text(errors="replace"))
    stages = list(STAGES)
    return stages.index(called[1]) if called and called[1] in STAGES else len(stages)


def digest(settings: Settings, more: Iterable[Path] = ()) -> str:
    """Return a digest of what a running Galaxy has read: configuration, start programs and tools.

    :param more: other files that it has read.
    """
    total = hashlib.sha256()
    for file in (*_inputs(settings), *more):
        total.update(bytes.fromhex(sha256_of(file)))
    return total.hexdigest()


def _inputs(settings: Settings) -> Iterable[Path]:
    yield from (settings.config / name for name in (*_TEMPLATES, *_FIXED))
    yield from sorted(settings.templates.rglob("*.py"))
    yield from sorted((settings.checkout / "instance" / "tours").glob("*.yml"))
    yield from sorted((settings.config / "tours").glob("*.yml"))
    yield from settings.static.parent.glob("viewers.stamp")
    for folder in filter(None, (settings.checkout / "tools", settings.tools)):
        yield from sorted(folder.rglob("*.xml"))


def _is_tool(file: Path) -> bool:
    with file.open(errors="replace") as stream:
        return any(line.lstrip().startswith("<tool ") for line in stream)


def _galaxys_package(settings: Settings) -> Path:
    """Folder of Galaxy's package; scripts/install makes both environments with one Python."""
    series = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return settings.galaxy_env / "lib" / series / "site-packages" / "galaxy"


def _galaxys_datatypes(settings: Settings) -> str:
    """Galaxy's own list of datatypes."""
    return str(_galaxys_package(settings) / "config" / "sample" / "datatypes_conf.xml.sample")


def _values(settings: Settings) -> dict[str, object]:
    instance = settings.checkout / "instance"
    own = tool_sections(settings.checkout, settings.offers.suites, settings.tools)
    bundled = bundled_sections(settings)
    return {
        "state": str(settings.state),
        "config": str(settings.config),
        "refdb": str(settings.refdb),
        "database_url": settings.database_url,
        "secrets": secrets.ensure(settings.secrets),
        "admin_email": settings.admin,
        "broker_url": lambda database: broker.url(settings.broker_socket, database),
        "test_data": str(settings.checkout / "test-data"),
        "tool_sections": own,
        "bundled_sections": bundled,
        "sections": [section.id for section in [*own, *bundled]] + ["get_data", "collections", "text"],
        "welcome": str(settings.config / "welcome"),
        "static": str(settings.static),
        "galaxy_datatypes": _galaxys_datatypes(settings),
        "offered_files": files.offered(settings),
        "tours": str(settings.config / "tours"),
        "webhooks": str(instance / "webhooks"),
        "handler": parts.HANDLER,
        "jobs": settings.jobs,
        "jobs_per_user": settings.jobs_per_user,
        "quick_jobs": settings.quick_jobs,
        "quick_slots": settings.quick_slots,
        "quick_memory_mb": settings.quick_memory_mb,
        "slots": settings.slots,
        "memory_mb": settings.memory_mb,
        "warm_socket": str(settings.warm_socket) if settings.warm else "",
        "spark": settings.spark_environment,
    }


def _point(link: Path, target: Path) -> None:
    if not link.is_symlink() or os.readlink(link) != str(target):
        link.unlink(missing_ok=True)
        link.symlink_to(target)


def _write_changed(file: Path, text: str) -> bool:
    """Write the text where it differs from what is there; whether it did."""
    if file.exists() and file.read_text() == text:
        return False
    secrets.write_private(file, text)
    return True
