"""The ``metapipe`` program with the test stages added to its registry."""

import sys

from stages_for_tests import STAGES

from metapipe.cli import main
from metapipe.stages import registry

registry.STAGES.update(STAGES)
registry.SUMMARIES.update(dict.fromkeys(STAGES, "test"))

if __name__ == "__main__":
    sys.exit(main())
