"""What a collection's own table says of its families: KOfam's ``ko_list``, NCBIfam's ``hmm_PGAP.tsv``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.proteins.subject_titles import ec_numbers, go_terms, parse_title
from metapipe.refdb.readers.proteins import clean_text
from metapipe.refdb.readers.text_files import text_lines

#: Column of the accession → of the name. KOfam's definitions hold the EC numbers; NCBI has columns for them.
_NAMED_BY = {"knum": "definition", "ncbi_accession": "product_name"}


@dataclass(frozen=True)
class TabledFamily:
    """One family.

    :param cutoffs: bit scores that a sequence and a domain must reach; None when the table gives none.
    """

    description: str
    ec: tuple[str, ...] = ()
    go: tuple[str, ...] = ()
    cutoffs: tuple[float, float] | None = None


def read_family_table(path: Path) -> dict[str, TabledFamily]:
    """Accession → family.

    :raises MetapipeError: E201 no such file, E111 another header, a row that is cut, a threshold that is no number.
    """
    if not path.is_file():
        raise MetapipeError("E201", file=path)
    families: dict[str, TabledFamily] = {}
    columns: list[str] = []
    for number, line in text_lines(path, "E111"):
        cells = [cell.strip() for cell in line.split("\t")]
        if not columns:
            columns = [cell.lstrip("#").strip() for cell in cells]
            if _NAMED_BY.get(columns[0]) not in columns:
                expected = "the header of KOfam's ko_list (knum, …, definition) or of NCBIfam's hmm_PGAP.tsv"
                raise MetapipeError("E111", file=path, line=number, expected=expected, found=line)
            continue
        if not line.strip():
            continue
        if len(cells) != len(columns):
            found = f"{len(cells)} columns"
            raise MetapipeError("E111", file=path, line=number, expected=f"{len(columns)} columns", found=found)
        row = dict(zip(columns, cells, strict=True))
        title = parse_title(row[_NAMED_BY[columns[0]]])
        families[cells[0]] = TabledFamily(
            description=clean_text(title.product),
            ec=title.ec or ec_numbers(row.get("ec_numbers", "")),
            go=go_terms(row.get("go_terms", "")),
            cutoffs=_cutoffs(row, path, number),
        )
    return families


def _cutoffs(row: dict[str, str], path: Path, line: int) -> tuple[float, float] | None:
    """KOfam's threshold is of the whole sequence's score or of the best domain's, as ``score_type`` says."""
    text = row.get("threshold", "-")
    if text in ("", "-"):
        return None
    try:
        threshold = float(text)
    except ValueError:
        raise MetapipeError("E111", file=path, line=line, expected="a threshold, or '-'", found=text) from None
    if not -1e6 < threshold < 1e6:
        raise MetapipeError("E111", file=path, line=line, expected="a bit score", found=text)
    return (threshold, threshold) if row.get("score_type") == "domain" else (threshold, 0.0)
