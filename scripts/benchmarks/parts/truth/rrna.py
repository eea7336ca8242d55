"""rRNA: how many reads with a piece of one are found, how fast, and which taxa they are given."""

from __future__ import annotations

import csv
import random
import shutil
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.measure import Spent, run
from benchmarks.part import Asked, Part
from benchmarks.place import BUILD, environment, metapipe, need
from benchmarks.read_taxonomy.communities import all_nodes, taxid_of
from benchmarks.results import Results
from benchmarks.rrna.page import write_page
from benchmarks.rrna.rivals import (
    found_by_nhmmer,
    found_by_pybarrnap,
    genera_by_vsearch,
    write_sintax_references,
)
from benchmarks.rrna.truth import ANNOTATED, TrueRead, genomes, pieces_of_16s, true_reads, write_fastq
from metapipe.taxa.main_ranks import MAIN_RANKS, main_ranks
from metapipe.taxa.taxonomy import Taxonomy, read_taxonomy

READS, SPEED, CONTIGS, TAXA = "reads", "speed", "contigs", "taxa"
SECTIONS = (READS, SPEED, CONTIGS, TAXA)
#: Reads that nhmmer and pybarrnap are run on, too.
PART_OF_READS = 2_000
DATABASES = ("ssu-refseq", "ssu-prokaryotes")
#: Pieces of references of the database itself, beside those of the genomes' 16S.
MEMBERS = 150


def measure(asked: Asked) -> None:
    """Make reads of annotated genomes, run the stages and others on them, write ``rrna.json`` and ``rrna.md``."""
    need("vsearch")
    setting = asked.setting
    results = Results("rrna", setting, asked.command, ("vsearch",))
    sections: dict[str, Callable[[Asked], dict[str, Any]]] = {
        READS: _reads,
        SPEED: _speed,
        CONTIGS: _contigs,
        TAXA: _taxa,
    }
    for section in asked.sections if not setting.quick else (READS,):
        keep = partial(results.save, section)
        found = sections[section](asked)
        asked.say(f"{section}: {found}")
        keep(found, finished=True)
    write_page(setting.results)


def _folder(asked: Asked) -> Path:
    folder = asked.setting.data / "rrna"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _made_reads(asked: Asked) -> list[TrueRead]:
    return true_reads(genomes(asked.say), *((0.002, 50) if asked.setting.quick else ()))


def _stage(asked: Asked, name: str, *words: str | Path) -> tuple[Path, Spent]:
    folder = _folder(asked) / name
    shutil.rmtree(folder, ignore_errors=True)
    command = metapipe(name, *words, "--outdir", folder, "--slots", str(asked.setting.slots), "--session", "inline")
    return folder, run(command, environment=environment())


def _table(path: Path) -> list[dict[str, str]]:
    lines = path.read_text().removeprefix("#").splitlines()
    return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def _reads(asked: Asked) -> dict[str, Any]:
    reads = _made_reads(asked)
    fastq = write_fastq(reads, _folder(asked) / "reads.fastq")
    folder, spent = _stage(asked, "extract_rrna", "--reads-1", fastq)
    rows = _table(folder / "rrna-table.tsv")
    found: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        found.setdefault(row["sequence"], []).append(row)
    counts: dict[str, dict[str, list[int]]] = {}
    for read in reads:
        for gene, bases in read.covers.items():
            for least in (1, 60, 100):
                if bases >= least:
                    for label in ("all", gene, read.domain):
                        here = counts.setdefault(label, {}).setdefault(str(least), [0, 0])
                        here[0] += 1
                        here[1] += any(row["gene"] == gene for row in found.get(read.name, ()))
    by_name = {read.name: read for read in reads}
    kinds = dict.fromkeys(("found", "in an rRNA", "right gene", "right strand", "right domain", "with a domain"), 0)
    for name, regions in found.items():
        read = by_name[name]
        for row in regions:
            kinds["found"] += 1
            kinds["in an rRNA"] += bool(read.covers)
            kinds["right gene"] += row["gene"] in read.covers
            kinds["right strand"] += read.strand.get(row["gene"]) == row["strand"]
            kinds["with a domain"] += row["domain"] != "any"
            kinds["right domain"] += row["domain"] == read.domain
    without = [read for read in reads if not read.covers]
    return {
        "reads": len(reads),
        "without": len(without),
        "without_found": sum(read.name in found for read in without),
        "recall": counts,
        "kinds": kinds,
        "cpu_seconds": round(spent.cpu, 1),
    }


def _speed(asked: Asked) -> dict[str, Any]:
    """A sample as metagenomes are, one read in 300 of an rRNA; and a part of the reads by other programs."""
    dice = random.Random(7)
    reads = _made_reads(asked)
    without, covered = [one for one in reads if not one.covers], [one for one in reads if one.covers]
    sample = without + dice.sample(covered, min(len(covered), len(without) // 300))
    fastq = write_fastq(sample, _folder(asked) / "sample.fastq")
    _, spent = _stage(asked, "extract_rrna", "--reads-1", fastq)
    bases = sum(len(one.bases) for one in sample)
    few = dice.sample(without, PART_OF_READS * 3 // 4) + dice.sample(covered, PART_OF_READS // 4)
    part = write_fastq(few, _folder(asked) / "part.fastq")
    folder, ours = _stage(asked, "extract_rrna", "--reads-1", part)
    mine = {row["sequence"] for row in _table(folder / "rrna-table.tsv")}
    by_nhmmer, seconds = found_by_nhmmer(few, 1e-4)
    fasta = part.with_suffix(".fasta")
    fasta.write_text("".join(f">{one.name}\n{one.bases}\n" for one in few))
    by_pybarrnap, cost = set[str](), 0.0
    for kingdom in ("bac", "arc"):
        names, ran = found_by_pybarrnap(fasta, kingdom, asked.setting.slots)
        by_pybarrnap |= names
        cost += ran.cpu
    of_60 = {one.name for one in few if max(one.covers.values(), default=0) >= 60}
    return {
        "sample": {
            "reads": len(sample),
            "bases": bases,
            "cpu_seconds": round(spent.cpu, 2),
            "wall": round(spent.wall, 2),
        },
        "part": {
            "reads": len(few),
            "bases": sum(len(one.bases) for one in few),
            "of_60": len(of_60),
            "ways": {
                "extract_rrna": _way(mine, mine, of_60, ours.cpu),
                "nhmmer, the same models": _way(by_nhmmer, mine, of_60, seconds),
                "pybarrnap, bac and arc": _way(by_pybarrnap, mine, of_60, cost),
            },
        },
    }


def _way(found: set[str], ours: set[str], of_60: set[str], cpu: float) -> dict[str, float]:
    both = len(found & ours)
    return {
        "found": len(found),
        "both": both,
        "only_it": len(found - ours),
        "only_ours": len(ours - found),
        "of_60": len(found & of_60),
        "cpu_seconds": round(cpu, 2),
    }


def _contigs(asked: Asked) -> dict[str, Any]:
    """The genes and 5,000 bases around each, as contigs."""
    found = genomes(asked.say)
    contigs, genes = dict[str, str](), list[tuple[str, str, int, int, str]]()
    for alias, one in found.items():
        for number, (first, last) in enumerate(_stretches([(gene.start, gene.end) for gene in one.rrnas])):
            first, last = max(1, first - 5_000), min(len(one.sequence), last + 5_000)
            name = f"{alias}-{number}"
            contigs[name] = one.sequence[first - 1 : last]
            for gene in one.rrnas:
                if first <= gene.start and gene.end <= last:
                    genes.append((name, gene.gene, gene.start - first + 1, gene.end - first + 1, gene.strand))
    fasta = _folder(asked) / "contigs.fasta"
    fasta.write_text("".join(f">{name}\n{bases}\n" for name, bases in contigs.items()))
    folder, spent = _stage(asked, "extract_contig_rrna", "--contigs", fasta)
    rows = _table(folder / "rrna-table.tsv")
    right, used = 0, set[str]()
    for name, gene, start, end, strand in genes:
        for row in rows:
            if (row["sequence"], row["gene"], row["strand"]) == (name, gene, strand):
                shared = min(end, int(row["end"])) - max(start, int(row["start"])) + 1
                if shared >= 0.8 * (end - start + 1):
                    right += 1
                    used.add(row["rrna"])
                    break
    return {
        "contigs": len(contigs),
        "bases": sum(map(len, contigs.values())),
        "genes": len(genes),
        "right": right,
        "found": len(rows),
        "found_right": len(used),
        "cpu_seconds": round(spent.cpu, 1),
    }


def _stretches(places: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Places that lie within 10,000 bases of each other as one."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(places):
        if found and first - found[-1][1] <= 10_000:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found


def _taxa(asked: Asked) -> dict[str, Any]:
    nodes = all_nodes(asked.setting.data / "read-taxonomy" / "nodes.json", asked.say)
    genus_of = {}
    for alias in ANNOTATED:
        taxid = taxid_of(alias)
        while nodes[taxid].rank != "genus":
            taxid = nodes[taxid].parent
        genus_of[alias] = taxid
    pieces = list(pieces_of_16s(genomes(asked.say)))
    members = _member_pieces(BUILD / "refdb" / "ssu-refseq")
    answers = dict[str, Any]()
    fasta = _folder(asked) / "pieces.fasta"
    fasta.write_text(
        "".join(f">{name} 16S {ANNOTATED[alias]} strand=+\n{bases}\n" for name, alias, bases in pieces)
        + "".join(f">{name} 16S bacteria strand=+\n{bases}\n" for name, _, bases in members)
    )
    truth = {name: (ANNOTATED[alias], genus_of[alias]) for name, alias, _ in pieces}
    truth |= {name: ("bacteria, of the database", genus) for name, genus, _ in members}
    for label in DATABASES:
        database = next((BUILD / "refdb" / label).glob("*/manifest.json")).parent
        taxonomy = read_taxonomy(database)
        folder, ours = _stage(asked, "classify_rrna", "--rrna", fasta, "--db-amplicon", database)
        mine = {row["read"]: _genus(row["lineage"]) for row in _table(folder / "taxa-of-rrna.tsv")}
        placed = {row["read"]: bool(row["lineage"]) for row in _table(folder / "taxa-of-rrna.tsv")}
        letters = {rank: MAIN_RANKS[main].replace("k", "d") for rank, main in main_ranks(taxonomy.ranks).items()}
        references = write_sintax_references(database, taxonomy, letters, _folder(asked) / f"{label}.fasta")
        theirs, cost = genera_by_vsearch(fasta, references, asked.setting.slots)
        answers[label] = {
            "ours": _scores(truth, {name: genus for name, genus in mine.items() if genus}, placed),
            "vsearch": _scores(truth, theirs, {}),
            "same": sum(mine.get(name, 0) == theirs.get(name, 0) for name in truth),
            "pieces": len(truth),
            "cpu_seconds": [round(ours.cpu, 1), round(cost.cpu, 1)],
        }
    return answers


def _member_pieces(root: Path) -> list[tuple[str, int, str]]:
    """Pieces of references with a genus: name, genus, bases."""
    database = next(root.glob("*/manifest.json")).parent
    taxonomy, dice = read_taxonomy(database), random.Random(11)
    records = (database / "references.fasta").read_text().removeprefix(">").split("\n>")
    found = []
    for record in dice.sample(records, MEMBERS):
        header, _, lines = record.partition("\n")
        name, bases = header.split()[0], lines.replace("\n", "")
        genus = _genus_of_reference(taxonomy, name)
        if genus and len(bases) > 400:
            start = dice.randrange(len(bases) - 150)
            found.append((f"member-{name}", genus, bases[start : start + 150]))
    return found


def _genus_of_reference(taxonomy: Taxonomy, name: str) -> int:
    lineage = taxonomy.lineage(int(taxonomy.reference_taxa[taxonomy.reference_numbers[name]]))
    return next((int(taxonomy.taxids[one]) for one in lineage if taxonomy.ranks[one] == "genus"), 0)


def _genus(lineage: str) -> int:
    steps = (step.split(":", 2) for step in lineage.split(";") if step)
    return next((int(taxid) for taxid, rank, _ in steps if rank == "genus"), 0)


def _scores(
    truth: Mapping[str, tuple[str, int]], calls: Mapping[str, int], placed: Mapping[str, bool]
) -> dict[str, list[int]]:
    """Group → pieces, placed at all, called at the genus, rightly."""
    found: dict[str, list[int]] = {}
    for name, (group, genus) in truth.items():
        here = found.setdefault(group, [0, 0, 0, 0])
        for place, value in enumerate((True, placed.get(name, False), name in calls, calls.get(name) == genus)):
            here[place] += value
    return found


PART = Part(
    "rrna",
    "rRNA in reads and contigs against the truth, its speed, and the taxa of 16S",
    measure,
    order=137,
    share=0,
    sections=SECTIONS,
    has_place=False,
)
