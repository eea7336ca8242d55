"""How many jobs a Galaxy has at work."""

from __future__ import annotations

from bioblend.galaxy import GalaxyInstance

from metapipe.galaxy.connection import talking_to_galaxy
from metapipe.galaxy.credentials import Credentials

_AT_WORK = ("running", "queued", "new")


def jobs_of(credentials: Credentials) -> dict[str, int]:
    """Return how many jobs of all users run or wait, by state; a state without any is left out.

    :raises MetapipeError: E305 when Galaxy does not answer.
    """
    gi = GalaxyInstance(credentials.url, key=credentials.admin.api_key)
    with talking_to_galaxy(credentials.url):
        found = {state: len(gi.jobs.get_jobs(state=state, user_details=True)) for state in _AT_WORK}
    return {state: count for state, count in found.items() if count}
