"""The templates of the pages: strict, escaping, with the parts that all pages share."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from jinja2 import BaseLoader, ChoiceLoader, Environment, FunctionLoader, StrictUndefined, Template


def packaged(name: str, package: str = __package__) -> str:
    """Return the text of a file that lies beside a package's modules."""
    return (files(package) / name).read_text(encoding="utf-8")


@cache
def template(name: str, package: str = __package__) -> Template:
    """Return a template of a package; it may import ``parts.html.j2`` from here.

    :raises jinja2.UndefinedError: when rendered without a value that it names.
    """
    loaders: list[BaseLoader] = [FunctionLoader(lambda wanted: packaged(wanted, package) if wanted == name else None)]
    loaders.append(FunctionLoader(packaged))
    environment = Environment(
        loader=ChoiceLoader(loaders), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template(name)
