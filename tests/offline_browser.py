"""Debian's Chromium; for pages that need no Galaxy, what they ask of the network and what goes wrong is kept."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--hide-scrollbars")
#: No name leads anywhere. Chromium's own "offline" would also stop a page from saving what it has made.
OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND"


@dataclass
class Opened:
    """A page. :param asked: addresses other than the page's own file. :param errors: of scripts, and on the console."""

    page: Any
    asked: list[str]
    errors: list[str]


@contextmanager
def chromium(*flags: str) -> Iterator[Any]:
    """Start the browser, without a window; the test fails where there is none. :param flags: besides :data:`FLAGS`."""
    program = shutil.which("chromium")
    if program is None:
        pytest.fail("chromium is not installed (Debian package chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=[*FLAGS, *flags])
        yield started
        started.close()


@contextmanager
def opened(browser: Any, address: str, width: int = 1280, **context: Any) -> Iterator[Opened]:
    """Open a file's address offline, in a window of so many pixels."""
    room = browser.new_context(viewport={"width": width, "height": 900}, **context)
    found = Opened(room.new_page(), [], [])

    def note(request: Any) -> None:
        if request.url != address and not request.url.startswith("blob:"):
            found.asked.append(request.url)

    found.page.set_default_timeout(60_000)
    room.on("request", note)
    found.page.on("console", lambda said: found.errors.append(said.text) if said.type == "error" else None)
    found.page.on("pageerror", lambda error: found.errors.append(str(error)))
    found.page.goto(address)
    yield found
    room.close()
