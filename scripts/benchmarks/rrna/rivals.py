"""Other ways to the same answers, with their CPU-seconds: nhmmer over all reads, pybarrnap, vsearch's SINTAX."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from benchmarks.measure import Spent, run
from benchmarks.rrna.truth import TrueRead
from metapipe.stages.rrna.models import RNA, load_models
from metapipe.taxa.taxonomy import Taxonomy


def found_by_nhmmer(reads: Iterable[TrueRead], evalue: float) -> tuple[set[str], float]:
    """The reads in which nhmmer finds one of our models, E counted in ten thousand reads of their length."""
    from pyhmmer.easel import DigitalSequenceBlock, TextSequence
    from pyhmmer.hmmer import nhmmer

    given = list(reads)
    size = 2 * 10_000 * len(given[0].bases) / 1e6  # megabases, both strands
    block = DigitalSequenceBlock(RNA, [TextSequence(name=one.name, sequence=one.bases).digitize(RNA) for one in given])
    found, before = set[str](), time.process_time()
    for hits in nhmmer([model.hmm for model in load_models()], block, cpus=1, E=evalue, Z=size):
        found.update(str(hit.name) for hit in hits if hit.included or hit.evalue <= evalue)
    return found, time.process_time() - before


def found_by_pybarrnap(fasta: Path, kingdom: str, slots: int) -> tuple[set[str], Spent]:
    """The reads in which pybarrnap finds an rRNA, however short."""
    log = fasta.with_suffix(f".{kingdom}.gff")
    words = ["pybarrnap", "--kingdom", kingdom, "--reject", "0.01", "--evalue", "1e-4", "--threads", str(slots)]
    spent = run([*words, "--quiet", fasta], log=log)
    rows = [line.split("\t") for line in log.read_text().splitlines() if line and not line.startswith("#")]
    return {row[0] for row in rows if len(row) == 9}, spent


def write_sintax_references(database: Path, taxonomy: Taxonomy, ranks: Mapping[str, str], path: Path) -> Path:
    """The references with their lineages as vsearch reads them, taxa as numbers. :param ranks: rank → its letter."""
    with path.open("w") as target:
        for record in (database / "references.fasta").read_text().removeprefix(">").split("\n>"):
            header, _, bases = record.partition("\n")
            name = header.split()[0]
            lineage = taxonomy.lineage(int(taxonomy.reference_taxa[taxonomy.reference_numbers[name]]))
            named = (
                (ranks[taxonomy.ranks[one]], taxonomy.taxids[one]) for one in lineage if taxonomy.ranks[one] in ranks
            )
            tax = ",".join(f"{letter}:{taxid}" for letter, taxid in named)
            target.write(f">{name};tax={tax};\n{bases}\n")
    return path


def genera_by_vsearch(fasta: Path, references: Path, slots: int) -> tuple[dict[str, int], Spent]:
    """Piece → taxid of its genus, cut-off 0.8. One thread, one seed: its draws depend on both."""
    table = fasta.with_suffix(".sintax")
    words = ["vsearch", "--sintax", fasta, "--db", references, "--tabbedout", table, "--sintax_cutoff", "0.8"]
    spent = run([*words, "--randseed", "1", "--threads", "1", "--strand", "plus"])
    found = {}
    for line in table.read_text().splitlines():
        cells = line.split("\t")
        genus = [one for one in cells[3].split(",") if one.startswith("g:")] if len(cells) > 3 else []
        if genus:
            found[cells[0].split()[0]] = int(genus[0][2:])
    return found, spent
