"""What ``scripts/run`` prints with: lines that stay, and one that moves."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass, field


@dataclass
class Screen:
    """Lines that stay, and on a terminal one line that moves."""

    quiet: bool
    terminal: bool = field(default_factory=lambda: sys.stdout.isatty())
    _moving: bool = False

    def say(self, line: str = "") -> None:
        """Print a line that stays."""
        self.still()
        print(line, flush=True)

    def tell(self, line: str) -> None:
        """Print a line that stays unless the user wants quiet."""
        if not self.quiet:
            self.say(line)

    def move(self, line: str) -> None:
        """Rewrite the moving line; does nothing where output is no terminal."""
        if self.terminal and not self.quiet:
            print(f"\r\x1b[K{line}", end="", flush=True)
            self._moving = True

    def complain(self, what: object) -> None:
        """Print a line on standard error."""
        self.still()
        print(what, file=sys.stderr, flush=True)

    def still(self) -> None:
        """Clear the moving line."""
        if self._moving:
            print("\r\x1b[K", end="", flush=True)
            self._moving = False

    @property
    def width(self) -> int:
        """Columns of the terminal but one: a line that fills the last one would wrap."""
        return shutil.get_terminal_size().columns - 1
