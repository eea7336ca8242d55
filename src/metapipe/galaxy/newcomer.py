"""A user of a Galaxy who comes to try it and leaves nothing behind."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from bioblend import ConnectionError
from bioblend.galaxy import GalaxyInstance

from metapipe.galaxy.connection import ANSWER_SECONDS, talking_to_galaxy
from metapipe.galaxy.credentials import Credentials


@contextmanager
def account(credentials: Credentials) -> Iterator[GalaxyInstance]:
    """Make an account with a random password, log in with it, and remove it afterwards with its histories.

    :param credentials: those with the administrator's key.
    :raises MetapipeError: E305 when Galaxy does not answer or lets nobody in.
    """
    admin = GalaxyInstance(credentials.url, key=credentials.admin.api_key)
    name, password = f"newcomer-{secrets.token_hex(6)}", secrets.token_urlsafe(18)
    with talking_to_galaxy(credentials.url):
        user = admin.users.create_local_user(name, f"{name}@metapipe.example", password)
    gi = GalaxyInstance(credentials.url, email=f"{name}@metapipe.example", password=password)
    gi.timeout = ANSWER_SECONDS
    try:
        with talking_to_galaxy(credentials.url):
            gi.users.get_current_user()
            yield gi
    finally:
        with contextlib.suppress(ConnectionError, OSError):
            for history in gi.histories.get_histories():
                gi.histories.delete_history(history["id"], purge=True)
        with contextlib.suppress(ConnectionError, OSError):
            admin.users.delete_user(user["id"], purge=False)
            admin.users.delete_user(user["id"], purge=True)
