"""Reads a page such as docs/how-to-add-a-stage.md as a list of deeds, and does them in a copy of the repository.

A block of the page does something when the line above it says what: ``<!-- file: PATH -->`` is a new file,
``<!-- edit: PATH -->`` a change as a diff, ``<!-- run … -->`` commands after ``$`` with what they print (``…`` stands
for any text in a line).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

HOME = Path(__file__).resolve().parents[1]
PAGE = HOME / "docs" / "how-to-add-a-stage.md"
FLAVOUR_PAGE = HOME / "docs" / "how-to-add-a-flavour.md"
BUILD = Path(os.environ.get("METAPIPE_BUILD") or HOME / ".build")
_BLOCK = re.compile(r"(?:<!-- ([^\n]*) -->\n)?```(\w+)\n(.*?)\n```\n", re.DOTALL)


@dataclass(frozen=True)
class Deed:
    """One block: ``file``, ``edit`` or ``run`` (empty when the page says nothing), what it is for, and its text."""

    kind: str
    target: str
    language: str
    text: str

    @property
    def commands(self) -> list[tuple[str, str]]:
        """Commands and what each prints, of a console block."""
        parts = re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]
        return [(command, printed) for command, _, printed in (part.partition("\n") for part in parts)]


def deeds(page: Path = PAGE) -> list[Deed]:
    found = []
    for comment, language, text in _BLOCK.findall(page.read_text()):
        kind, _, target = comment.replace(":", "").partition(" ")
        found.append(Deed(kind, target.strip(), language, text))
    return found


def deeds_of(kind: str, target: str | None = None, page: Path = PAGE) -> list[Deed]:
    return [deed for deed in deeds(page) if deed.kind == kind and target in (None, deed.target)]


@dataclass(frozen=True)
class Copy:
    """A copy of the repository in which the page was followed."""

    home: Path

    @classmethod
    def make(cls, home: Path, *pages: Path) -> Copy:
        """Copy all tracked and new files, and do what the pages (that of stages, if none is named) do to files."""
        listed = ["git", "-c", f"safe.directory={HOME}", "ls-files", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(listed, cwd=HOME, capture_output=True, text=True, check=True).stdout.splitlines()
        for name in names:
            if (HOME / name).is_file():
                (home / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(HOME / name, home / name)
        (home / ".build" / "envs").mkdir(parents=True)
        (home / ".build" / "envs" / "dev").symlink_to(BUILD / "envs" / "dev")
        copy = cls(home)
        for deed in (deed for page in pages or (PAGE,) for deed in deeds(page)):
            if deed.kind == "file":
                copy.write(deed)
            elif deed.kind == "edit":
                copy.edit(deed)
        for words in (["init", "-q"], ["add", "-A"]):  # the rules of the house look at tracked files
            subprocess.run(["git", *words], cwd=home, check=True)
        return copy

    def write(self, deed: Deed) -> None:
        path = self.home / deed.target
        assert not path.exists(), f"{deed.target} is in the repository: the page should take another example"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(deed.text + "\n")

    def edit(self, deed: Deed) -> None:
        lines = deed.text.splitlines()
        before = "".join(f"{line[1:]}\n" for line in lines if line[:1] in (" ", "-"))
        after = "".join(f"{line[1:]}\n" for line in lines if line[:1] in (" ", "+"))
        path = self.home / deed.target
        text = path.read_text()
        assert text.count(before) == 1, (
            f"{deed.target} holds {text.count(before)} times what the page changes:\n{before}"
        )
        path.write_text(text.replace(before, after))

    def environment(self, *packages: Path) -> dict[str, str]:
        """Commands are those of the test environment, the package is that of the copy."""
        return {
            **os.environ,
            "METAPIPE_BUILD": str(self.home / ".build"),
            "PATH": f"{self.home / '.build/envs/dev/bin'}:{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(map(str, [*packages, self.home / "src"])),
        }

    def type(self, deed: Deed, *packages: Path, **environment: str) -> list[str]:
        """Type the commands of a block; return what is not as the page says, command by command."""
        wrong = []
        for command, expected in deed.commands:
            ran = subprocess.run(
                ["bash", "-o", "pipefail", "-c", command],
                cwd=self.home,
                env={**self.environment(*packages), **environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            if ran.returncode or not prints(ran.stdout, expected):
                wrong.append(f"$ {command}\nexpected:\n{expected}\nfound (exit code {ran.returncode}):\n{ran.stdout}")
        return wrong


def prints(found: str, expected: str) -> bool:
    """Whether a program printed what the page shows: lines alone may differ in white space, ``…`` is any text."""
    if not expected.strip():
        return True
    wanted, lines = ([" ".join(line.split()) for line in text.strip().splitlines()] for text in (expected, found))
    if wanted[0] == "…" or wanted[-1].startswith("… passed"):
        return any(_matches(line, wanted[-1]) for line in lines)
    return len(wanted) == len(lines) and all(map(_matches, lines, wanted))


def _matches(line: str, wanted: str) -> bool:
    return re.fullmatch(".*".join(re.escape(part) for part in wanted.split("…")), line) is not None
