"""Stage ``search_proteins``: proteins against a protein database with DIAMOND."""

from __future__ import annotations

import dataclasses
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metapipe.errors import MetapipeError
from metapipe.formats.table_rows import Place
from metapipe.proteins.protein_hits import HIT_TABLE, MAX_EVALUE
from metapipe.proteins.protein_letters import clean_protein
from metapipe.runner.declare.elements import PER_NODE, Database, Exact, Fasta, Output, Record, RefDB, bytes_of, option
from metapipe.runner.declare.merge import HeaderOnce
from metapipe.runner.declare.stage import Stage, Task
from metapipe.stages.evidence.alignments import RAW_COLUMNS, Alignment, hits_by_query, parse_alignment

SENSITIVITIES = ("fast", "default", "sensitive", "very-sensitive", "ultra-sensitive")

#: What makes DIAMOND's answer depend on the query file as a whole, pinned. On its own it takes another algorithm for
#: few queries, with other hits (1,085 proteins against 7,313: 13 of 2,581 rows), sizes its blocks by free memory, and
#: takes a peptide of A, C, G, T and N for DNA when it is among the first in its file, with which it refuses them all.
PINNED = ("--algo", "0", "--block-size", "0.4", "--index-chunks", "4", "--ignore-warnings")

#: What a very sensitive search costs: CPU seconds for each letter of a query, for each at each letter of the database,
#: and for each letter of the database whatever the queries. Measured with DIAMOND 2.1.3 on 200 thousand and a million
#: query letters, against 42,713 letters (0.55 and 1.94 s) and 2,512,891 letters (6.24 and 13.64 s).
SECONDS_PER_LETTER, SECONDS_PER_PAIR, SECONDS_TO_INDEX_A_LETTER = 1.6e-6, 3.0e-12, 1.7e-6
#: How that changes with the sensitivity: measured in the same way against 2,512,891 letters, roughly.
COST_OF_SENSITIVITY = {"fast": 0.2, "default": 0.25, "sensitive": 1.0, "very-sensitive": 1.0, "ultra-sensitive": 3.5}
#: Bytes in DIAMOND's file for each letter: 1.34 (names are the rest) in a database of 7,682 proteins.
BYTES_OF_A_LETTER = 1.34

#: Last line of a run that came to its end.
FINISHED = "queries aligned."


@dataclass(frozen=True)
class ProteinSearchOptions:
    """Options of :class:`SearchProteins`."""

    evalue: float = option(MAX_EVALUE, "highest E-value of a hit in the table", minimum=0, maximum=10)
    max_hits: int = option(5, "highest number of hits per protein in the table", minimum=1, maximum=500)
    sensitivity: str = option("very-sensitive", "how hard DIAMOND looks for distant relatives", choices=SENSITIVITIES)


class SearchProteins(Stage):
    """DIAMOND with all threads of a host, pinned (``PINNED``) so that the other queries in a file change nothing."""

    name = "search_proteins"
    summary = "Search proteins in a protein database (DIAMOND)"
    example = "metapipe search_proteins --proteins proteins.fasta --db-proteins ec-proteins:1 --out-hits hits.tsv"
    records = Fasta("proteins", alphabet="aa", help="protein FASTA file, plain or gzip")
    databases = {"proteins": RefDB(kind="diamond", help="protein database")}
    version = "2"
    outputs = {
        "hits": Output(
            "tabular", "hits, one row per protein and subject, best first", HeaderOnce(), label="Protein hits"
        )
    }
    options = ProteinSearchOptions
    invariance = Exact()
    threads = PER_NODE
    rate = 60_000.0
    fixed_cost = 20.0
    programs = {"diamond": "diamond-aligner"}
    empty_ok = True

    def rate_for(self, databases: Mapping[str, Database], options: ProteinSearchOptions) -> float:
        """Letters a second, by the letters of the database and the sensitivity; as declared where it cannot be read."""
        letters = _letters(databases)
        if letters is None:
            return self.rate
        return 1 / (COST_OF_SENSITIVITY[options.sensitivity] * (SECONDS_PER_LETTER + letters * SECONDS_PER_PAIR))

    def fixed_cost_for(self, databases: Mapping[str, Database], options: ProteinSearchOptions) -> float:
        """Seconds to index the database, by its letters and the sensitivity; as declared where it cannot be read."""
        letters = _letters(databases)
        if letters is None:
            return self.fixed_cost
        return 0.2 + COST_OF_SENSITIVITY[options.sensitivity] * letters * SECONDS_TO_INDEX_A_LETTER

    def run(self, task: Task, state: Any) -> None:  # noqa: ARG002  (no state)
        """Write the hits of each protein of the block, best first, under its own name: DIAMOND is given numbers.

        :raises MetapipeError: E401 when DIAMOND fails, E403 when it did not come to its end.
        """
        database = task.databases["proteins"]
        queries, table = task.scratch / "queries.fasta", task.scratch / "alignments.tsv"
        names = write_queries(task.records(), queries)
        if queries.stat().st_size:
            task.launch(command(task, database.path / "proteins.dmnd", queries, table), finished=FINISHED)
        else:
            table.touch()
        found = hits_by_query(read_alignments(table), f"{database.name}:{database.version}")
        output = task.output("hits")
        output.write(HIT_TABLE.header)
        for number, name in enumerate(names):
            for hit in found.get(str(number), ()):
                output.write(HIT_TABLE.format(dataclasses.replace(hit, query=name)))
        hits = [hit for group in found.values() for hit in group]
        task.note("proteins", len(names))
        task.note("queries_with_hits", len(found))
        task.note("queries_significant", len({hit.query for hit in hits if hit.significant}))
        task.note("hits", len(hits))
        task.note("hits_significant", sum(hit.significant for hit in hits))

    def tool_versions(self) -> dict[str, str]:
        """The version of DIAMOND, as it prints it."""
        answer = subprocess.run(["diamond", "version"], capture_output=True, text=True, check=False)
        version = re.search(r"version (\S+)", answer.stdout)
        return {"diamond": version[1]} if version else {}


def _letters(databases: Mapping[str, Database]) -> float | None:
    """Letters of the database, by the size of its file; None where there is none yet to look at."""
    size = bytes_of(databases, "proteins", "proteins.dmnd")
    return None if size is None else size / BYTES_OF_A_LETTER


def write_queries(records: Iterable[Record], path: Path) -> list[str]:
    """Write the proteins as ``>0``, ``>1`` … and return their names in that order.

    Numbers, because a name may hold anything and DIAMOND reads some signs in names. Proteins without a letter keep
    their number and are not searched.
    """
    names = []
    with path.open("wb") as queries:
        for number, record in enumerate(records):
            names.append(record.name)
            if letters := clean_protein(record.sequence):
                queries.write(b">%d\n%s\n" % (number, letters))
    return names


def command(task: Task, database: Path, queries: Path, table: Path) -> list[str | Path]:
    """Return DIAMOND's command line. It reports the best alignment per subject only, its default."""
    sensitivity = [] if task.options.sensitivity == "default" else [f"--{task.options.sensitivity}"]
    return [
        *("diamond", "blastp", "--db", database, "--query", queries, "--out", table, "--tmpdir", task.scratch),
        *("--threads", str(task.threads), "--evalue", repr(task.options.evalue)),
        *("--max-target-seqs", str(task.options.max_hits), *sensitivity, *PINNED),
        *("--outfmt", "6", *RAW_COLUMNS),
    ]


def read_alignments(table: Path) -> Iterator[Alignment]:
    """Yield the alignments of DIAMOND's table; a line it should not have written fails the block (E403)."""
    with table.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield parse_alignment(line, Place(table.name, number))
            except MetapipeError as error:
                raise MetapipeError("E403", f"DIAMOND wrote a line that is none of its own: {error}") from error
