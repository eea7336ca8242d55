"""The people and the offers of a deployed Galaxy: its accounts, its flavour's workflows, sample reads and examples."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from metapipe.galaxy.credentials import Credentials, read_credentials
from metapipe.instance.deployed.deployment import Deployment
from metapipe.instance.deployed.doorway import doorway
from metapipe.instance.local import accounts, offering
from metapipe.instance.local.secrets import write_private

if TYPE_CHECKING:
    from bioblend.galaxy import GalaxyInstance

Say = Callable[[str], None]


def bring_people(found: Deployment, say: Say) -> bool:
    """Make the accounts that were asked for and are not there; whether there were any.

    :raises MetapipeError: E308 when Galaxy cannot reach its database.
    """
    file = found.settings.credentials
    before = file.read_text() if file.exists() else ""
    with doorway(found.socket) as url:
        credentials = accounts.ensure(found.settings, url, found.url)
        gi = offering.connect(replace(credentials, url=url))
        made = accounts.add_users(gi, {email: found.secrets.passwords[email] for email in found.accounts})
    for email in made:
        say(f"account made for {email}")
    return bool(made) or file.read_text() != before


def bring_workflows(found: Deployment) -> bool:
    """Publish those of the flavour; whether anything changed."""
    with _administrator(found) as gi:
        before = _published(gi)
        offering.offer_workflows(gi, found.settings)
        return _published(gi) != before


def bring_data(found: Deployment) -> None:
    """Bring sample reads and finished examples, which takes jobs of Galaxy."""
    with _administrator(found) as gi:
        offering.offer_library(gi, found.settings)
        offering.offer_examples(gi, found.settings)
    write_private(found.settings.run / "brought", _offers(found))


def has_data(found: Deployment) -> bool:
    """Whether what this release and flavour offer was brought."""
    try:
        return (found.settings.run / "brought").read_text() == _offers(found)
    except FileNotFoundError:
        return False


def _offers(found: Deployment) -> str:
    return f"{found.settings.checkout.name} {found.flavour}\n"


def _published(gi: GalaxyInstance) -> set[tuple[str, str, bool]]:
    return {(each["id"], each["update_time"], each["published"]) for each in gi.workflows.get_workflows()}


@contextlib.contextmanager
def _administrator(found: Deployment) -> Iterator[GalaxyInstance]:
    known: Credentials = read_credentials(found.settings.state)
    with doorway(found.socket) as url:
        yield offering.connect(replace(known, url=url))
