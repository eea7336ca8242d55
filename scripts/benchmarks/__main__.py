"""``python -m benchmarks``: what ``scripts/bench`` runs."""

import sys

from benchmarks.command import main

sys.exit(main(sys.argv[1:]))
