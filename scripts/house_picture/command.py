"""``scripts/house``: writes docs/pictures/house.svg, or says whether it is the one that the tree gives."""

from __future__ import annotations

import argparse
from pathlib import Path

from house_picture.drawing import draw
from house_picture.tree import read_house

HOME = Path(__file__).resolve().parents[2]
PICTURE = HOME / "docs" / "pictures" / "house.svg"


def main() -> None:
    parser = argparse.ArgumentParser(
        "scripts/house",
        description="Draw docs/pictures/house.svg from src/metapipe: its rooms, what each is for, what imports what.",
    )
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the picture is not up to date")
    wanted = draw(read_house(HOME))
    if not parser.parse_args().check:
        PICTURE.write_text(wanted, encoding="utf-8")
    elif not PICTURE.is_file() or PICTURE.read_text(encoding="utf-8") != wanted:
        parser.exit(1, "docs/pictures/house.svg is not the picture of this tree: run scripts/house\n")
