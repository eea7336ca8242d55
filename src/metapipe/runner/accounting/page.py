"""Run reports as one self-contained HTML page: needs no network, no script and no other file."""

from __future__ import annotations

from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from metapipe.runner.accounting.facts import (
    block_name,
    facts,
    failures,
    heading,
    heaviest,
    last_words,
    slowest,
    together,
)
from metapipe.runner.accounting.model import RunReport
from metapipe.runner.accounting.quantities import duration, letters, mebibytes, number, percent
from metapipe.runner.accounting.timeline import legend, timeline

#: Failed attempts shown of one run.
SHOWN_FAILURES = 50


def page(reports: Sequence[tuple[str, RunReport]]) -> str:
    """The page.

    :param reports: (file name, report), in the order in which they are to stand.
    """
    environment = Environment(
        loader=PackageLoader("metapipe.runner.accounting", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for quantity in (duration, letters, mebibytes, number, percent):
        environment.filters[quantity.__name__] = quantity
    runs = [
        {
            "name": name,
            "report": report,
            "heading": heading(report),
            "facts": [(label, value) for label, value in facts(report) if label != "error"],
            "failures": failures(report),
            "slowest": slowest(report),
            "heaviest": heaviest(report),
            "timeline": Markup(timeline(report)),  # noqa: S704  (escaped where it is drawn)
            "legend": legend([report]),
        }
        for name, report in reports
    ]
    return environment.get_template("page.html.j2").render(
        runs=runs,
        together=together([report for _, report in reports]),
        block_name=block_name,
        last_words=last_words,
        shown_failures=SHOWN_FAILURES,
    )
