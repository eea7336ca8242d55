"""The command behind ``scripts/planemo``: planemo itself, with a Galaxy for tests behind it where it needs one."""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import yaml

from metapipe.commands import galaxy as local
from metapipe.errors import MetapipeError
from metapipe.galaxy.credentials import read_credentials
from metapipe.instance.local import configuration, parts, settings
from metapipe.instance.local.secrets import write_private
from metapipe.instance.local.settings import Settings

_HELP = """\
usage: scripts/planemo VERB [OPTION…] [PATH…]

Every verb of planemo, with its own options, report and exit code. `test` and `run` first start a Galaxy for tests (or
use the one that runs), with small databases and, where PATH is outside this checkout, with the tools of that folder.

  scripts/planemo test tools/metapipe/metapipe_annotate.xml     one tool
  scripts/planemo test tools/biomas                             a suite
  scripts/planemo test workflows/biomas-amplicon/biomas-amplicon.gxwf.yml
  scripts/planemo test ~/my-tools/my_tool.xml                   a tool of your own
  scripts/planemo lint tools/biomas/biomas_map_pairs.xml        with what its suite leaves out (.lint_skip)
  scripts/planemo VERB --help                                   planemo's own help

Of its own:
  scripts/planemo up       start the Galaxy for tests        scripts/planemo down    stop it
  scripts/planemo env      start it and print what plain planemo needs: eval "$(scripts/planemo env)"

Reports: .build/planemo/tests.html and tests.json. docs/tool-developers.md has more.
"""
_NEED_GALAXY = frozenset({"test", "t", "run"})
_LINTS = frozenset({"lint", "l"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; planemo's own replace this process."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    home, build = Path(os.environ["METAPIPE_HOME"]), Path(os.environ["METAPIPE_BUILD"])
    try:
        if not words or words[0] in ("-h", "--help"):
            sys.stdout.write(_HELP)
            return 0
        verb, asks = words[0], "--help" in words[1:]
        if verb == "down":
            return local.main(["down", "--state", str(_state(build))])
        if verb in ("up", "env") or (verb in _NEED_GALAXY and not asks):
            found = bring_up(home, build, own_tools(words[1:], home))
            known = environment(found)
            file = write_configuration(known, home, build)
            if verb == "up":
                sys.stdout.write(f"the Galaxy for tests is {known['PLANEMO_GALAXY_URL']}\n")
                sys.stdout.write(f"plain planemo finds it, in any shell: planemo --config {file} test TOOL\n")
                return 0
            if verb == "env":
                known |= _places(home, build)
                sys.stdout.write("".join(f"export {name}={shlex.quote(value)}\n" for name, value in known.items()))
                return 0
            os.environ.update(known)
    except MetapipeError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    os.environ.update(_places(home, build))
    if verb == "test" and not asks:
        reports = build / "planemo"
        words[1:1] = [f"--test_output={reports / 'tests.html'}", f"--test_output_json={reports / 'tests.json'}"]
    if verb in _NEED_GALAXY and not asks:
        words[1:1] = ["--no_shed_install"]
    if verb in _LINTS and not asks and (skips := skip_list(words[1:])) is not None:
        words[1:1] = ["--skip_file", str(skips)]
    planemo = str(Path(sys.executable).parent / "planemo")
    sys.stdout.flush()
    os.execv(planemo, [planemo, *words])  # noqa: S606 - report and exit code are planemo's own


def bring_up(home: Path, build: Path, own: Path | None) -> Settings:
    """Start the Galaxy for tests or use the one that runs; start it anew when tools or settings have changed.

    :param own: folder of tools outside the checkout, to be offered too; None: those of last time, if still there.
    :raises MetapipeError: what ``scripts/galaxy up`` says.
    """
    state = _state(build)
    options = ["--state", str(state)]
    if state == build / "test-galaxy":
        refdb = build / "test-refdb"
        _install_small_databases(home, refdb)
        options += ["--refdb", str(refdb)]
    before = settings.recall(state).get("tools")
    if own is not None:
        options += ["--tools", str(own)]
    elif before and not Path(str(before)).is_dir():
        options += ["--tools", ""]
    with contextlib.redirect_stdout(sys.stderr):
        code = local.main(["up", *options])
        found = settings.load(state)
        serving = parts.read_serving(found)
        if code == 0 and (serving is None or serving.digest != configuration.digest(found)):
            code = local.main(["restart", "--state", str(state)])
    if code != 0:
        raise SystemExit(code)  # its reason has been said
    return found


def environment(found: Settings) -> dict[str, str]:
    """Return what tells planemo of a Galaxy that is up: as its administrator, for some tests look at command lines."""
    credentials = read_credentials(found.state)
    key = credentials.admin.api_key
    return {
        "PLANEMO_GALAXY_URL": credentials.url,
        "PLANEMO_GALAXY_USER_KEY": key,
        "PLANEMO_GALAXY_ADMIN_KEY": key,
    }


def write_configuration(known: Mapping[str, str], home: Path, build: Path) -> Path:
    """Write the settings of the checkout with the Galaxy that is up into a file for plain planemo; return the file.

    :param known: what :func:`environment` gave: ``PLANEMO_GALAXY_…`` is planemo's ``default_galaxy_…``.
    """
    reports = Path(_places(home, build)["PLANEMO_GLOBAL_WORKSPACE"])
    values = yaml.safe_load((home / ".planemo.yml").read_text())
    values |= {name.lower().replace("planemo", "default", 1): value for name, value in known.items()}
    values |= {
        "default_test_output": str(reports / "tests.html"),
        "default_test_output_json": str(reports / "tests.json"),
    }
    file = reports / "planemo.yml"
    write_private(file, yaml.safe_dump(values))
    return file


def own_tools(words: Iterable[str], home: Path) -> Path | None:
    """Return the folder of the tools named on the command line that are not of this checkout, if any.

    :raises MetapipeError: E701 for tools of several folders: Galaxy is given one.
    """
    ours = (home / "tools").resolve(), (home / "workflows").resolve()
    folders = set()
    for path in (Path(word).resolve() for word in words if not word.startswith("-")):
        folder = path if path.is_dir() else path.parent
        has_tools = (path.is_file() and path.suffix == ".xml") or (path.is_dir() and any(path.rglob("*.xml")))
        if has_tools and not any(folder.is_relative_to(place) for place in ours):
            folders.add(folder)
    if len(folders) > 1:
        shown = ", ".join(sorted(map(str, folders)))
        raise MetapipeError("E701", "tools of your own", expected="those of one folder at a time", found=shown)
    return next(iter(folders), None)


def skip_list(words: Iterable[str]) -> Path | None:
    """Return the list of linters that the paths' suite leaves out; None where they have none, or several."""
    found = set()
    for path in (Path(word).resolve() for word in words if not word.startswith("-") and Path(word).exists()):
        skips = (folder / ".lint_skip" for folder in (path, *path.parents))
        found.add(next((file for file in skips if file.is_file()), None))
    return found.pop() if len(found) == 1 else None


def _state(build: Path) -> Path:
    return Path(os.environ.get("METAPIPE_GALAXY_STATE") or build / "test-galaxy")


def _places(home: Path, build: Path) -> dict[str, str]:
    workspace = build / "planemo"
    workspace.mkdir(parents=True, exist_ok=True)
    return {
        "PLANEMO_GLOBAL_CONFIG_PATH": str(home / ".planemo.yml"),
        "PLANEMO_GLOBAL_WORKSPACE": str(workspace),
    }


def _install_small_databases(home: Path, refdb: Path) -> None:
    folders = sorted(map(str, (home / "test-data/refdb").glob("*/*")))
    command = [sys.executable, "-m", "metapipe.cli", "refdb", "install", *folders]
    done = subprocess.run(
        command, env={**os.environ, "METAPIPE_REFDB": str(refdb)}, stdout=subprocess.DEVNULL, check=False
    )
    if done.returncode:
        raise SystemExit(done.returncode)  # its reason has been said


if __name__ == "__main__":
    sys.exit(main())
