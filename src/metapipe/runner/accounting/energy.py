"""An estimate of the electricity a run used. Nobody measured it: both assumptions stand beside the number.

The rule is that of Green Algorithms (Lannelongue, Grealey, Inouye, Advanced Science 2021, doi:10.1002/advs.202100707):
(cores' power + memory's power) × time × PUE. We count core-seconds used, not allocated, so an idle core costs nothing.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Any

#: Thermal design power of one core of a server processor; Green Algorithms' table has 5 to 15 W, 12 W for any core.
WATTS_PER_CORE = 10.0
#: Power usage effectiveness: energy of the whole computing centre per energy of its computers. Green Algorithms'
#: world average; a computer on a desk has 1.
PUE = 1.67
#: Memory that the job holds, used or not (Green Algorithms).
WATTS_PER_GIB = 0.3725

_SOURCE = "Green Algorithms, doi:10.1002/advs.202100707"


def energy_estimate(
    core_seconds: float, memory_mb: float, wall_seconds: float, environment: Mapping[str, str] = os.environ
) -> dict[str, Any]:
    """Estimate the energy in kWh; METAPIPE_WATTS_PER_CORE and METAPIPE_PUE replace the assumptions.

    :param core_seconds: CPU time used. :param memory_mb: memory held for ``wall_seconds``.
    """
    watts, watts_source = _assumption(environment, "METAPIPE_WATTS_PER_CORE", WATTS_PER_CORE, lowest=0.0)
    pue, pue_source = _assumption(environment, "METAPIPE_PUE", PUE, lowest=1.0)
    joules = (core_seconds * watts + wall_seconds * memory_mb / 1024 * WATTS_PER_GIB) * pue
    return {
        "estimated_kwh": float(f"{joules / 3.6e6:.4g}"),
        "watts_per_core": watts,
        "watts_per_core_source": watts_source,
        "pue": pue,
        "pue_source": pue_source,
        "watts_per_gib": WATTS_PER_GIB,
    }


def _assumption(environment: Mapping[str, str], name: str, otherwise: float, *, lowest: float) -> tuple[float, str]:
    """The value set for this machine; one that makes no sense is left out, as a report must not end a run."""
    try:
        value = float(environment.get(name, ""))
    except ValueError:
        return otherwise, _SOURCE
    return (value, name) if lowest <= value and math.isfinite(value) else (otherwise, _SOURCE)
