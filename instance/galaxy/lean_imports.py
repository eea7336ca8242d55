"""Clients of paid services, which Galaxy imports if it can and this instance never calls: a fifth of its start.

Importing this module first makes their imports fail, which Galaxy takes for "not installed".
"""

import sys

for name in ("anthropic", "google.genai", "google.cloud.batch_v1"):
    sys.modules.setdefault(name, None)
