"""What brings a new Galaxy its sample reads and finished examples, in the background, after ``scripts/galaxy up``.

``up`` starts it (:mod:`metapipe.instance.local.offering`); its log is ``logs/offers.log``.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from metapipe.galaxy.credentials import read_credentials
from metapipe.instance.local import offering, settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Bring the library and the examples; 1 when something could not be brought."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state", type=Path, required=True)
    found = settings.load(parser.parse_args(arguments).state)
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO, stream=sys.stdout)
    logging.getLogger("bioblend").setLevel(logging.ERROR)
    gi = offering.connect(read_credentials(found.state))
    failures = 0
    for what, bring in (("sample reads", offering.offer_library), ("finished examples", offering.offer_examples)):
        try:
            bring(gi, found)
            logging.info("%s: offered", what)
        except Exception as error:
            failures += 1
            logging.info("%s: not offered: %s; `scripts/galaxy up` tries again", what, offering.in_one_line(error))
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())
