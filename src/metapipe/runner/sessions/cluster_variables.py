"""The variables in which a job destination of Galaxy describes its Spark cluster; never set by a tool form.

========================================  =============================================================================
METAPIPE_SPARK_MASTER                     ``spark://host:port[,host:port]``; also ``k8s://…`` and ``yarn``
METAPIPE_SPARK_CORES                      cores that one job takes
METAPIPE_SPARK_EXECUTOR_CORES             cores of one executor; needed for stages that use a whole host
METAPIPE_SPARK_CORE_MEMORY_MB             memory for the tools on each core (default 2048)
METAPIPE_SPARK_SECRET_FILE                file of mode 0600 with the secret of the cluster (standalone masters)
METAPIPE_SPARK_WAIT                       longest time to wait for free cores, seconds (default 3600)
METAPIPE_SPARK_DRIVER_HOST                our address as the workers see it (default: of the route to the master)
METAPIPE_SPARK_PYTHON                     Python of the workers (default: ours, at the same path)
METAPIPE_SPARK_PROPERTIES                 file of further Spark properties
========================================  =============================================================================
"""

from __future__ import annotations

from collections.abc import Mapping

from metapipe.errors import MetapipeError

PREFIX = "METAPIPE_SPARK_"


def whole_number(environment: Mapping[str, str], name: str, otherwise: int | None, lowest: int = 1) -> int | None:
    """The whole number in a variable (named without the prefix), ``otherwise`` where it is not set.

    :raises MetapipeError: E702 when it is none, or below ``lowest``.
    """
    text = environment.get(f"{PREFIX}{name}", "").strip()
    if not text:
        return otherwise
    if not (text.isascii() and text.isdigit()) or int(text) < lowest:
        raise wrong(name, f"a whole number from {lowest}", text)
    return int(text)


def wrong(name: str, expected: str, found: str) -> MetapipeError:
    """E702 for a variable, named without the prefix."""
    return MetapipeError("E702", f"{PREFIX}{name}", expected=expected, found=found)
