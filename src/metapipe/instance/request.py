"""A request: ten lines of YAML by somebody who wants a Galaxy; nothing is made before all of it is right."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo

from metapipe.instance import wrong_fields

CODE = "E703"
_NAME = r"[a-z][a-z0-9-]{0,30}"
_EMAIL = r"[A-Za-z0-9.+_-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"


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
Folder = Annotated[
    str, _matching(r"/[^\n]*", "a folder, from the root (/) on"), Field(json_schema_extra={"pattern": "^/"})
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


class Open(_Part):
    """What is open to whom. Nobody gets an account but those named, and nobody else comes in.

    :param web: from where the pages can be reached. :param port: of the pages; without it any that is free.
    :param accounts: e-mails of those who get an account. :param files: folder whose files all of them may read.
    """

    web: Literal["this-machine"] = "this-machine"
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    accounts: list[Email] = []
    files: Folder | None = None


class Request(_Part):
    """One Galaxy that somebody wants.

    :param name: of the instance; :param flavour: what it is for (``instance/flavours``). :param target: where it runs.
    :param admin: e-mail of the administrator. :param databases: ``name`` or ``name:version``; without it the flavour's.
    """

    name: Name
    flavour: Annotated[str, _known("flavours")]
    target: Literal["local"]
    size: Size = Size()
    admin: Email
    databases: list[Annotated[str, _known("databases")]] | None = None
    open: Open = Open()


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
