"""Pictures of pages, for docs/pictures and for whoever looks at what a test has seen."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from PIL import Image

#: Bytes of the largest: pictures in the repository stay small.
LARGEST = 300_000


def picture(page: Any, path: Path) -> None:
    """Take what is visible, in 256 colours."""
    page.mouse.move(640, 1)
    page.wait_for_timeout(500)
    taken = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
    taken.quantize(256).save(path, optimize=True)
    assert path.stat().st_size < LARGEST
