"""What a part of the benchmarks is: what it measures, what it needs, and what the page says of it.

A part is a file in ``parts/`` with a ``PART``; there is no list to add it to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.place import Setting
from benchmarks.words import conditions, table

Say = Callable[[str], None]
#: Section -> what :class:`benchmarks.results.Results` keeps of it.
Entries = Mapping[str, Any]
#: Name of a figure -> its file.
Figures = Mapping[str, str]


@dataclass(frozen=True)
class Asked:
    """What a part is asked for.

    :param command: what to type to measure it again, kept with the results. :param sections: those wanted, in order.
    :param variants: only these, for trying; all when empty. The parts ``compare`` and
        ``amplicon-truth`` (engines of its search) know it.
    """

    setting: Setting
    command: str
    say: Say
    sections: Sequence[str] = ()
    variants: Sequence[str] = ()


def no_inputs(_setting: Setting) -> Iterable[Path]:
    """Nothing is made beforehand."""
    return ()


def no_words(_section: str, _results: Any) -> Iterator[str]:
    """Nothing stands below a section's table."""
    return iter(())


@dataclass(frozen=True)
class Part:
    """One part, by the word that is typed for it.

    :param summary: its line of the help. :param measure: does it, and keeps its results as ``<name>.json``.
    :param order: place among the parts of ``all``. :param share: of the time given to ``all``; 0: not a part of it.
    :param inputs: what it will read, made where it is not there. :param sections: those that ``--only`` may name.
    :param titles: section -> its heading on the page. :param words: lines below the table of a section.
    :param below: lines below all sections.
    :param page: all its lines of the page, instead of headings, tables and words. :param on_page: place there, where
        it is not that of ``order``. :param has_place: False: it has a page of its own, which it writes itself.
    """

    name: str
    summary: str
    measure: Callable[[Asked], None]
    order: int = 500
    share: int = 1
    inputs: Callable[[Setting], Iterable[Path]] = no_inputs
    sections: tuple[str, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)
    words: Callable[[str, Any], Iterator[str]] = no_words
    below: Callable[[Entries, Figures], Iterator[str]] | None = None
    page: Callable[[Entries, Figures], Iterator[str]] | None = None
    on_page: int | None = None
    has_place: bool = True

    @property
    def place_on_page(self) -> int:
        """Where it stands on the page."""
        return self.order if self.on_page is None else self.on_page

    def ordered(self, entries: Entries) -> dict[str, Any]:
        """Sections in the order they are measured in, whenever each was."""
        return {key: entries[key] for key in sorted(entries, key=lambda key: (*self.sections, key).index(key))}

    def lines(self, entries: Entries, figures: Figures) -> Iterator[str]:
        """What the page says of it."""
        if self.page is not None:
            yield from self.page(entries, figures)
            return
        for key, entry in entries.items():
            yield from ("", f"## {self.titles.get(key, key)}", "", *conditions(entry), *table(entry["results"]), "")
            yield from self.words(key, entry["results"])
        if self.below is not None:
            yield from self.below(entries, figures)
