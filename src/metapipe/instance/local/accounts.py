"""The accounts an instance starts with, and where their passwords are."""

from __future__ import annotations

import json
import re
import secrets as random
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from metapipe.errors import MetapipeError
from metapipe.galaxy.credentials import Account, Credentials, read_credentials
from metapipe.instance.local import secrets
from metapipe.instance.local.choices import EMAIL
from metapipe.instance.local.settings import Settings

if TYPE_CHECKING:
    from bioblend.galaxy import GalaxyInstance

_UNREACHABLE = "Galaxy cannot reach its database; start PostgreSQL, then Galaxy goes on by itself"


def ensure(settings: Settings, url: str, public: str = "") -> Credentials:
    """Make the accounts if they are not there, and write ``credentials.json`` (0600).

    Without an ordinary account its place there is the administrator's.

    A bootstrap key of the instance is Galaxy's way to make the first users; it is not used again afterwards.

    :param url: where Galaxy answers now. :param public: where users find it, if that is elsewhere.
    :raises MetapipeError: E308 when Galaxy cannot reach its database.
    """
    try:
        known = read_credentials(settings.state)
    except MetapipeError:
        known = None
    wanted = (settings.admin, settings.user or settings.admin)
    if known is None or not all(
        account.email == email and key_works(url, account)
        for account, email in zip((known.admin, known.user), wanted, strict=True)
    ):
        from bioblend.galaxy import GalaxyInstance  # only here: it takes a third of a second to import

        words = secrets.ensure(settings.secrets)
        gi = GalaxyInstance(url, key=words["bootstrap_admin_api_key"])
        admin = _account(gi, settings.admin, words["admin_password"])
        user = _account(gi, settings.user, words["user_password"]) if settings.user else admin
        known = Credentials(url, admin, user)
    credentials = Credentials(public or url, known.admin, known.user)
    text = json.dumps(asdict(credentials), indent=2) + "\n"
    if not settings.credentials.exists() or settings.credentials.read_text() != text:
        secrets.write_private(settings.credentials, text)
    return credentials


def connect(settings: Settings) -> GalaxyInstance:
    """Return a client of the administrator.

    :raises MetapipeError: E305 when Galaxy is not up.
    """
    credentials = read_credentials(settings.state)
    if not key_works(credentials.url, credentials.admin):
        raise MetapipeError("E305", "Galaxy does not take the administrator's key; see `scripts/galaxy status`")
    from bioblend.galaxy import GalaxyInstance

    return GalaxyInstance(credentials.url, key=credentials.admin.api_key)


def add_user(settings: Settings, email: str) -> Path:
    """Make an ordinary account with a random password; return the file (0600) that holds it.

    :raises MetapipeError: E305 when Galaxy is not up, E701 when this is no address or has an account.
    """
    if not EMAIL.fullmatch(email):
        raise MetapipeError("E701", "EMAIL", expected="an e-mail address", found=email)
    gi = connect(settings)
    from bioblend import ConnectionError

    users = gi.users.get_users()
    if any(user["email"].lower() == email.lower() for user in users):
        raise MetapipeError("E701", "EMAIL", expected="one without an account", found=email)
    password = random.token_urlsafe(15)
    file = secrets.private_folder(settings.secrets / "users") / email.lower()
    secrets.write_private(file, password + "\n")  # before the account: nobody has one that no one can enter
    try:
        gi.users.create_local_user(_user_name(email, {user["username"] for user in users}), email, password)
    except ConnectionError as error:
        file.unlink()
        raise MetapipeError("E305", f"Galaxy made no account for {email}: {error.body!s}") from error
    return file


def add_users(gi: GalaxyInstance, passwords: Mapping[str, str]) -> list[str]:
    """Make the ordinary accounts that are not there yet; return their addresses.

    :param passwords: e-mail address → password; those that have an account keep theirs.
    """
    users = gi.users.get_users()
    there, taken = {user["email"].lower() for user in users}, {user["username"] for user in users}
    made = [email for email in passwords if email.lower() not in there]
    for email in made:
        name = _user_name(email, taken)
        gi.users.create_local_user(name, email, passwords[email])
        taken.add(name)
    return made


def _user_name(email: str, taken: set[str]) -> str:
    """Return a public name as Galaxy takes it, from the part before the @: 3 or more of a-z, 0-9, - and ."""
    name = re.sub(r"[^a-z0-9.-]+", "-", email.lower().partition("@")[0]).ljust(3, "-")
    names = (name, *(f"{name}-{number}" for number in range(2, len(taken) + 3)))
    return next(free for free in names if free not in taken)


def key_works(url: str, account: Account, seconds: float = 30.0) -> bool:
    """Whether Galaxy knows the key; it does not after a change of the database.

    :raises MetapipeError: E308 when Galaxy cannot tell: every look at a key is a look into the database.
    """
    request = urllib.request.Request(f"{url}/api/users/current", headers={"x-api-key": account.api_key})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=seconds) as reply:  # noqa: S310 - our own address
            return bool(json.load(reply)["email"] == account.email)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code < 500:
            return False
        raise MetapipeError("E308", _UNREACHABLE) from error
    except OSError as error:
        raise MetapipeError("E308", _UNREACHABLE) from error


def _account(gi: GalaxyInstance, email: str, password: str) -> Account:
    users = gi.users.get_users()
    found = [user for user in users if user["email"] == email]
    name = _user_name(email, {user["username"] for user in users})
    user = found[0] if found else gi.users.create_local_user(name, email, password)
    return Account(email, password, gi.users.get_or_create_user_apikey(user["id"]))
