"""The interactive chart: KronaTools' page (Ondov, Bergman & Phillippy 2011, BMC Bioinformatics 12:385), with our data.

``ktImportText`` makes the page with its scripts and pictures in it, so that it works offline. What it writes as data is
replaced: it lists the taxa in the order of Perl's hashes, another one in every run, and puts names into the markup as
they are, where a ``<`` or ``"`` breaks the chart or runs as a script. The data here are sorted and escaped, and say a
taxon's rank and number, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from markupsafe import escape

from metapipe.errors import MetapipeError
from metapipe.runner.declare.stage import Task
from metapipe.runner.guard.program_version import program_version
from metapipe.taxa.taxon_tree import UNCLASSIFIED, Taxon, TaxonTree

PROGRAM = "ktImportText"
PROGRAMS = {PROGRAM: "radiant"}
#: The middle of a chart of several samples; that of a single one has its name there.
ALL = "All reads"

_DATA = re.compile(r"<krona .*</krona>", re.DOTALL)
# Krona's script puts names into the page as markup, so these must not be in a name even when escaped.
_ANGLES = str.maketrans({"<": "‹", ">": "›"})
_NOTICE_STYLE = (
    "position:fixed;z-index:9;left:0;right:0;bottom:0;max-height:20%;overflow:auto;padding:6px 12px;"
    "font:14px sans-serif;color:#5c3d00;background:#fff4d6;border-top:1px solid #e0b84c"
)
_ATTRIBUTES = (
    '<attribute display="Reads in total">magnitude</attribute>',
    '<attribute display="Reads directly here">magnitudeUnassigned</attribute>',
    '<attribute display="Rank" mono="true">rank</attribute>',
    '<attribute display="Taxon number" mono="true">taxon</attribute>',
)


def krona_version() -> dict[str, str]:
    """The version of KronaTools, for the summary."""
    return {"kronatools": program_version(PROGRAM)}


def krona_page(task: Task, tree: TaxonTree, samples: Sequence[str], left_out: Sequence[tuple[str, str]] = ()) -> bytes:
    """Run KronaTools and return the page with the tree's data.

    :param left_out: samples that are not in the chart, each with the reason; the page names them.
    :raises MetapipeError: E401 when the program fails, E403 when its page is not as expected.
    """
    nothing, page = task.scratch / "krona.txt", task.scratch / "krona.html"
    nothing.write_text("1\tnothing\n")
    task.launch([PROGRAM, "-o", page, nothing], finished="Writing")
    return with_data(page, krona_data(tree, samples), _notice(left_out))


def with_data(page: Path, data: str, notice: str = "") -> bytes:
    """Return KronaTools' page with its data replaced, and a notice over its lower edge."""
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    if len(_DATA.findall(text)) != 1 or not text.rstrip().endswith("</html>"):
        raise MetapipeError("E403", f"{PROGRAM} did not write a whole page")
    text = _DATA.sub(lambda _: data, text)
    if notice:
        before, body, after = text.rpartition("</body>")
        text = f"{before}{notice}{body}{after}" if body else text
    return text.encode()


def _notice(left_out: Sequence[tuple[str, str]]) -> str:
    if not left_out:
        return ""
    named = "; ".join(f"{_shown(sample)} ({_shown(why)})" for sample, why in left_out)
    return f'<div id="left-out" style="{_NOTICE_STYLE}">Not in this chart: {named}</div>'


def krona_data(tree: TaxonTree, samples: Sequence[str]) -> str:
    """Return Krona's ``<krona>`` element: one dataset a sample, counts weighted by ``;size=``."""
    lines = [
        '<krona collapse="true" key="true">',
        '<attributes magnitude="magnitude">',
        *_ATTRIBUTES,
        "</attributes>",
        "<datasets>",
        *(f"<dataset>{_shown(sample) or 'sample'}</dataset>" for sample in samples),
        "</datasets>",
    ]
    root = tree.root
    top = [sum(one) for one in zip(root.total if root else [0] * len(samples), tree.unclassified, strict=True)]
    lines.append(f'<node name="{ALL if len(samples) > 1 else _shown(samples[0]) or ALL}">')
    lines.append(_counts("magnitude", top))
    if root is not None:
        # The root of the taxonomy is no taxon to look at: its reads stand in the middle of the chart.
        lines.append(_counts("magnitudeUnassigned", root.direct))
        for child in root.children:
            lines += _node(child)
    if tree.unclassified_reads:
        lines += [f'<node name="{UNCLASSIFIED}">', _counts("magnitude", tree.unclassified), "</node>"]
    return "\n".join([*lines, "</node>", "</krona>"])


def _node(taxon: Taxon) -> Iterator[str]:
    yield f'<node name="{_shown(taxon.name)}">'
    yield _counts("magnitude", taxon.total)
    yield _counts("magnitudeUnassigned", taxon.direct)
    yield f"<rank><val>{_shown(taxon.rank)}</val></rank>"
    yield f"<taxon><val>{taxon.taxid}</val></taxon>"
    for child in taxon.children:
        yield from _node(child)
    yield "</node>"


def _counts(name: str, counts: Sequence[int]) -> str:
    return f"<{name}>{''.join(f'<val>{count}</val>' for count in counts)}</{name}>"


def _shown(text: str) -> str:
    return str(escape(text.translate(_ANGLES)))
