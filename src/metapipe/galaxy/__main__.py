"""``python -m metapipe.galaxy``: what ``scripts/run`` calls once everything is installed."""

import sys

from metapipe.galaxy.command import main

sys.exit(main())
