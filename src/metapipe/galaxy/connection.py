"""The connection to the Galaxy that ``scripts/galaxy up`` started."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import bioblend
from bioblend.galaxy import GalaxyInstance

from metapipe.errors import MetapipeError
from metapipe.galaxy.credentials import read_credentials

_GET_ATTEMPTS = 5
_RETRY_SECONDS = 2.0
#: A request that Galaxy has not begun to answer by then never will be answered.
ANSWER_SECONDS = 300.0


@dataclass(frozen=True)
class Account:
    """An ordinary user's way into one Galaxy.

    :param password_file: where the password stands; only its owner can read it.
    """

    url: str
    email: str
    password: str
    api_key: str
    password_file: Path

    @classmethod
    def read(cls, state: Path) -> Account:
        """Read the ordinary user's account from an instance's state folder.

        :raises MetapipeError: E305 when no Galaxy was started there.
        """
        known = read_credentials(state)
        user = known.user
        return cls(known.url.rstrip("/"), user.email, user.password, user.api_key, state / "credentials.json")

    def history_url(self, history_id: str) -> str:
        """The address of a history for the user's browser."""
        return f"{self.url}/histories/view?id={history_id}"

    def dataset_url(self, dataset_id: str) -> str:
        """The address of a dataset for the user's browser."""
        return f"{self.url}/datasets/{dataset_id}/preview"


def connect(account: Account) -> GalaxyInstance:
    """Return a client that has talked to Galaxy once.

    :raises MetapipeError: E305 when Galaxy does not answer or does not know the user.
    """
    with talking_to_galaxy(account.url):
        gi = GalaxyInstance(account.url, key=account.api_key)
        gi.timeout = ANSWER_SECONDS
        gi.max_get_attempts, gi.get_retry_delay = _GET_ATTEMPTS, _RETRY_SECONDS
        gi.users.get_current_user()
    return gi


@contextmanager
def talking_to_galaxy(url: str) -> Iterator[None]:
    """Turn a broken connection or a refusal into E305 with what Galaxy said."""
    try:
        yield
    except bioblend.ConnectionError as error:
        words = error.body if isinstance(error.body, str) else ""
        raise MetapipeError("E305", f"{url}: {_message_in(words) or error}") from error
    except OSError as error:
        if error.errno is not None:  # a file's error; those of the connection (requests) carry no number
            raise
        raise MetapipeError("E305", f"{url} does not answer; see `scripts/galaxy status`") from error


def _message_in(body: str) -> str:
    try:
        return str(json.loads(body)["err_msg"])
    except (ValueError, KeyError, TypeError):
        return ""
