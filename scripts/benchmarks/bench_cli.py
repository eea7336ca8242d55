"""The ``metapipe`` program with the stages of the benchmarks added to its registry; what runs is the program's own."""

import sys

from benchmarks.bench_stages import STAGES
from metapipe.cli import main
from metapipe.stages import registry

registry.STAGES.update(STAGES)
registry.SUMMARIES.update(dict.fromkeys(STAGES, "benchmark"))

if __name__ == "__main__":
    sys.exit(main())
