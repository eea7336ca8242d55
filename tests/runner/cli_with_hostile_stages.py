"""The ``metapipe`` program with the hostile stages added to its registry."""

import sys

from hostile_stages import HOSTILE

from metapipe.cli import main
from metapipe.stages import registry

registry.STAGES.update(HOSTILE)
registry.SUMMARIES.update(dict.fromkeys(HOSTILE, "test"))

if __name__ == "__main__":
    sys.exit(main())
