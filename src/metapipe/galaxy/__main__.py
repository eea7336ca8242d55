"""``python -m metapipe.galaxy``: what ``scripts/run`` calls once everything is installed."""

import sys

from metapipe.commands.run import main

sys.exit(main())
