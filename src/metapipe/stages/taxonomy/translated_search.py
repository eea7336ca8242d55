"""Reads searched at protein level with DIAMOND, and the scores of the taxa that each of them hits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.formats.table_rows import Place, decimal, split_row, whole
from metapipe.runner.declare.elements import Record
from metapipe.runner.declare.stage import Task
from metapipe.taxa.protein_names import taxid_of

#: What makes DIAMOND's answer depend on the reads of a block as a whole, pinned (see ``search_proteins``). 11: the
#: genetic code of bacteria and archaea.
PINNED = ("--algo", "0", "--block-size", "0.4", "--index-chunks", "4", "--ignore-warnings", "--query-gencode", "11")
COLUMNS = ("qseqid", "sseqid", "pident", "bitscore")
#: How hard DIAMOND looks for distant relatives, as the stages that search reads offer it.
SENSITIVITIES = ("fast", "default", "mid-sensitive", "sensitive", "more-sensitive", "very-sensitive")
#: Last line of a run that came to its end.
FINISHED = "queries aligned."
#: Fewer letters hold no protein that could be found.
SHORTEST = 30

#: A row as DIAMOND writes it; what is none is looked at cell by cell, to say what is wrong with it.
_ROW = re.compile(rb"([0-9]+)\t[^\t]*_([0-9]+)\t([0-9]+(?:\.[0-9]+)?)\t([0-9]+(?:\.[0-9]+)?)\n")
_TO_DNA = bytes.maketrans(b"acgturyswkmbdhvnU", b"ACGTTRYSWKMBDHVNT")


@dataclass(frozen=True, slots=True)
class TaxonHit:
    """The best alignment of a read, or of both mates together, with proteins of one taxid.

    :param score: bits; of a pair the sum of its mates'. :param identity: per cent of the alignment's amino acids.
    """

    taxid: int
    score: float
    identity: float


def write_queries(records: Iterable[Record], path: Path) -> int:
    """Write sequences as ``>0``, ``>1`` …: names may hold anything. What is too short to search is left out.

    :return: how many there are, with those left out.
    """
    count = 0
    with path.open("wb") as queries:
        for count, record in enumerate(records, 1):
            if len(record.sequence) >= SHORTEST:
                queries.write(b">%d\n%s\n" % (count - 1, as_dna(record.sequence)))
    return count


def as_dna(sequence: bytes) -> bytes:
    """Lower case and U as the upper case letters of DNA."""
    return sequence.translate(_TO_DNA)


def search(
    task: Task, records: Iterable[Record], database: Path, top: float, columns: Sequence[str] = COLUMNS
) -> tuple[int, Path | None]:
    """Search sequences, under their numbers.

    :return: how many there are, and DIAMOND's table; None where none of them is long enough to be searched.

    :param top: report what scores at most this many per cent below the best.
    :raises MetapipeError: E401 when DIAMOND fails, E403 when it did not come to its end.
    """
    queries, table = task.scratch / "queries.fasta", task.scratch / "hits.tsv"
    count = write_queries(records, queries)
    if not queries.stat().st_size:
        return count, None
    task.launch(command(task, database, queries, table, top, columns), finished=FINISHED)
    return count, table


def command(
    task: Task, database: Path, queries: Path, table: Path, top: float, columns: Sequence[str] = COLUMNS
) -> list[str | Path]:
    """Return DIAMOND's command line. :param top: as of :func:`search`."""
    sensitivity = task.options.sensitivity
    return [
        *("diamond", "blastx", "--db", database, "--query", queries, "--out", table, "--tmpdir", task.scratch),
        *("--threads", str(task.threads), "--evalue", repr(task.options.evalue), "--top", repr(top)),
        *([] if sensitivity == "default" else [f"--{sensitivity}"]),
        *PINNED,
        *("--outfmt", "6", *columns),
    ]


def taxon_hits(table: Path, mates: int) -> dict[int, list[TaxonHit]]:
    """Read DIAMOND's table: number of the read or pair → the taxids that it hits, in ascending order.

    Of the alignments of one sequence with proteins of one taxid the best counts.

    :param mates: 1 for single reads; 2: sequences ``2n`` and ``2n + 1`` are the mates of pair ``n``.
    :raises MetapipeError: E403 for a line that is none of DIAMOND's, E206 for a protein without a taxid.
    """
    best: dict[int, dict[int, tuple[float, float]]] = {}
    for query, taxid, identity, score in _rows(table):
        of_query = best.setdefault(query, {})
        found = of_query.get(taxid)
        if found is None or (score, identity) > found:
            of_query[taxid] = score, identity
    if mates == 1:
        return {read: [TaxonHit(taxid, *taxa[taxid]) for taxid in sorted(taxa)] for read, taxa in best.items()}
    return {
        read: list(_together(best.get(mates * read, {}), best.get(mates * read + 1, {})))
        for read in dict.fromkeys(query // mates for query in best)
    }


def _together(
    first: Mapping[int, tuple[float, float]], second: Mapping[int, tuple[float, float]]
) -> Iterator[TaxonHit]:
    """The hits of a pair: of each taxid the scores of both mates, and the identity of the mate that scores better."""
    for taxid in sorted(first.keys() | second.keys()):
        both = [found[taxid] for found in (first, second) if taxid in found]
        yield TaxonHit(taxid, sum(score for score, _ in both), max(both)[1])


def _rows(table: Path) -> Iterator[tuple[int, int, float, float]]:
    with table.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if row := _ROW.fullmatch(line):
                yield int(row[1]), int(row[2]), float(row[3]), float(row[4])
                continue
            place = Place(table.name, number)
            try:
                query, subject, identity, score = split_row(line.rstrip(b"\n"), COLUMNS, place)
                read, percent = whole(query, "qseqid", place), decimal(identity, "pident", place)
                bits = decimal(score, "bitscore", place)
            except MetapipeError as error:
                raise MetapipeError("E403", f"DIAMOND wrote a line that is none of its own: {error}") from error
            taxid = taxid_of(subject)
            if taxid is None:
                raise MetapipeError("E206", file="proteins.dmnd", expected="a protein named NAME_TAXID", found=subject)
            yield read, taxid, percent, bits
