"""A request: ten lines of YAML by somebody who wants a Galaxy; nothing is made before all of it is right."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo

from metapipe.instance import wrong_fields
from metapipe.instance.local.choices import EMAIL

CODE = "E703"
_NAME = r"[a-z][a-z0-9-]{0,30}"
_ADDRESS = r"[A-Za-z0-9]([A-Za-z0-9.:-]{0,252}[A-Za-z0-9])?"
_USER = r"[a-z_][a-z0-9_-]{0,31}"
_EMAIL = EMAIL.pattern


def _matching(pattern: str, expected: str) -> AfterValidator:
    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"expected {expected}")
        return text

    return AfterValidator(check)


def _known(kind: str) -> AfterValidator:
    """Only words that the reader was told; a model without its context, as a program makes it, is not asked."""

    def check(word: str, info: ValidationInfo) -> str:
        return wrong_fields.one_of(word, info.context[kind]) if info.context else word

    return AfterValidator(check)


Name = Annotated[
    str,
    _matching(_NAME, "a small letter, then up to 30 of a-z, 0-9 and -"),
    Field(json_schema_extra={"pattern": f"^{_NAME}$"}),
]
Email = Annotated[str, _matching(_EMAIL, "an e-mail address"), Field(json_schema_extra={"pattern": f"^{_EMAIL}$"})]
Address = Annotated[
    str,
    _matching(_ADDRESS, "a host's name or address"),
    Field(json_schema_extra={"pattern": f"^{_ADDRESS}$"}),
]
Folder = Annotated[
    str, _matching(r"/[^\n]*", "a path, from the root (/) on"), Field(json_schema_extra={"pattern": "^/"})
]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Size(_Part):
    """How much of the machine the instance may use; what is not said is all there is.

    :param cores: of a job. :param memory_gb: of all of the instance, in GiB.
    :param jobs: at the same time, beside those that take seconds.
    """

    cores: Annotated[int, Field(ge=1, le=4096)] | None = None
    memory_gb: Annotated[int, Field(ge=2, le=65536)] | None = None
    jobs: Annotated[int, Field(ge=1, le=1000)] = 2


class Hosts(_Part):
    """The machines of an instance (target ``hosts``): Debian 12, reached by SSH.

    :param head: address of the machine that has Galaxy. :param workers: those of the machines that only compute.
    :param user: who logs in there and may use sudo. :param port: of SSH. :param key: file of the private key; without
        it SSH's own choice. :param known_hosts: file of the machines' public keys; without it the user's.
    :param sudo_password: file that holds the user's password for sudo; without it sudo asks for none.
    :param shared: folder that all machines see already; without it the head's is exported by NFS.
    :param offline: they reach no registry of packages: all comes from what ``metapipe instance fetch`` got.
    :param cache: folder of that on this machine; without it ``.build/offline``.
    """

    head: Address
    workers: list[Address] = []
    user: Annotated[str, _matching(_USER, "the name of a user"), Field(json_schema_extra={"pattern": f"^{_USER}$"})]
    port: Annotated[int, Field(ge=1, le=65535)] = 22
    key: Folder | None = None
    known_hosts: Folder | None = None
    sudo_password: Folder | None = None
    shared: Folder | None = None
    offline: bool = False
    cache: Folder | None = None

    @property
    def every(self) -> list[str]:
        """All addresses, the head's first."""
        return [self.head, *self.workers]


class Open(_Part):
    """What is open to whom. Nobody gets an account but those named, and nobody else comes in.

    :param web: from where the pages can be reached. :param port: of the pages; without it any that is free.
    :param name: what users type for it, a name or an address; without it the head's address.
    :param tls: who vouches for the server: an authority of the instance's own, files of the operator's, or one that
        speaks ACME. :param certificate: file with the certificate and those above it. :param key: its private key.
    :param acme: address of the authority's directory.
    :param accounts: e-mails of those who get an account. :param files: folder whose files all of them may read.
    """

    web: Literal["this-machine", "everyone"] = "this-machine"
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    name: Address | None = None
    tls: Literal["own-ca", "files", "acme"] = "own-ca"
    certificate: Folder | None = None
    key: Folder | None = None
    acme: Annotated[str, _matching(r"https://[^\s]+", "an address that begins with https://")] | None = None
    accounts: list[Email] = []
    files: Folder | None = None


class Request(_Part):
    """One Galaxy that somebody wants.

    :param name: of the instance; :param flavour: what it is for (``instance/flavours``).
    :param target: where it runs: on this machine or on ``hosts``.
    :param admin: e-mail of the administrator. :param databases: ``name`` or ``name:version``; without it the flavour's.
    """

    name: Name
    flavour: Annotated[str, _known("flavours")]
    target: Literal["here", "hosts"]
    hosts: Hosts | None = None
    size: Size = Size()
    admin: Email
    databases: list[Annotated[str, _known("databases")]] | None = None
    open: Open = Open()

    def contradictions(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """Yield what is right by itself and does not fit the rest: its place, and the words."""
        here, said = self.target == "here", self.open.model_fields_set
        if here and self.hosts is not None:
            yield ("hosts",), "expected nothing, for the target is here"
        if not here and self.hosts is None:
            yield ("target",), "expected hosts, the machines it is to run on, found 'hosts' alone"
        if here and self.open.web == "everyone":
            yield ("open", "web"), "expected this-machine, for the target is here, found 'everyone'"
        if not here and self.open.web != "everyone":
            yield ("open", "web"), "expected everyone, for the target is hosts: from there on its pages are open"
        for field in sorted(said & {"name", "tls", "certificate", "key", "acme"}) if here else ():
            yield ("open", field), "expected nothing, for the target is here"
        for field in sorted(said & {"port", "files"}) if not here else ():
            yield ("open", field), "expected nothing, for the target is hosts"
        for field, kind in (("certificate", "files"), ("key", "files"), ("acme", "acme")):
            if field in said and self.open.tls != kind:
                yield ("open", field), f"expected only with tls: {kind}"
            elif field not in said and self.open.tls == kind:
                yield ("open", "tls"), f"expected {field}, too"
        if self.hosts is not None:
            if self.hosts.cache is not None and not self.hosts.offline:
                yield ("hosts", "cache"), "expected only with offline: true"
            for number, address in enumerate(self.hosts.workers):
                if address in self.hosts.every[: number + 1]:
                    yield ("hosts", "workers", str(number)), f"expected a machine once, found '{address}' again"
        accounts = [self.admin, *self.open.accounts]
        for number, email in enumerate(self.open.accounts):
            if email.lower() in (each.lower() for each in accounts[: number + 1]):
                yield ("open", "accounts", str(number)), f"expected an address once, found '{email}' again"


def read(file: Path, flavours: Iterable[str], databases: Iterable[str]) -> Request:
    """Return the request of a file.

    :param flavours: names of those that there are. :param databases: all words that name a database to be had.
    :raises MetapipeError: E201 when it cannot be read, E703 for wrong fields: the first one, with the others in its
        ``detail``, a line each.
    """
    return wrong_fields.read(file, Request, CODE, {"flavours": list(flavours), "databases": list(databases)})


def schema(flavours: Iterable[str]) -> str:
    """Return the JSON schema of requests, for editors and for those who write requests by program."""
    described: dict[str, Any] = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    described |= Request.model_json_schema()
    described["title"] = "Request for a Galaxy with META-pipe"
    described["properties"]["flavour"]["enum"] = list(flavours)
    return json.dumps(described, indent=2) + "\n"
