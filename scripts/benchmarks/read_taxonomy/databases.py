"""The same genomes and the same taxonomy as a database of each engine."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import run
from benchmarks.read_taxonomy.communities import genome, nodes_above, taxid_of
from benchmarks.results import digest
from metapipe.refdb.builders.genomes import proteins_of
from metapipe.refdb.builders.read_taxonomy import build_read_taxonomy
from metapipe.refdb.fetch import Say
from metapipe.refdb.manifest import Manifest, describe_files
from metapipe.refdb.readers.proteins import Protein, read_fasta, write_fasta
from metapipe.refdb.readers.taxdump import Node, placement

OURS, KRAKEN, KRAKEN_PROTEIN, DIAMOND, MMSEQS = "ours", "kraken2", "kraken2-protein", "diamond", "mmseqs"
ENGINES = (OURS, KRAKEN, KRAKEN_PROTEIN, DIAMOND, MMSEQS)


@dataclass(frozen=True)
class Databases:
    """The databases of some genomes, each built when an engine first asks for it; what is there from before stays.

    :param nodes: NCBI's, of all genomes.
    :param folder: one folder an engine below it. :param called: where the proteins of each genome are kept: calling
        genes takes longer than all else.
    """

    genomes: tuple[str, ...]
    nodes: Mapping[int, Node]
    folder: Path
    called: Path
    slots: int
    say: Say

    def of(self, engine: str) -> Path:
        """The folder of an engine's database."""
        if engine not in self.costs:
            self.say(f"{self.folder.parent.name}/{self.folder.name}: {engine}, {len(self.genomes)} replicons")
            cost = self._build_ours() if engine == OURS else self._build(engine)
            (self.folder / f"{engine}.json").write_text(json.dumps(cost))
        return self.folder / engine

    @property
    def costs(self) -> dict[str, dict[str, float]]:
        """Engine → bytes on disk and, but for ours, CPU-seconds of the building program."""
        kept = {engine: self.folder / f"{engine}.json" for engine in ENGINES}
        return {engine: json.loads(path.read_text()) for engine, path in kept.items() if path.exists()}

    def identity(self) -> str:
        """A digest of what all engines' databases are made of."""
        return digest(self.of(OURS) / "manifest.json")

    def _build_ours(self) -> dict[str, float]:
        nodes = nodes_above(self.genomes, self.nodes)
        write_dump(nodes, self.folder / "dump")
        return {"bytes": float(_ours(list(self.genomes), nodes, self.folder / OURS, self.called, self.say))}

    def _build(self, engine: str) -> dict[str, float]:
        proteins, dump, folder = self.of(OURS) / "proteins.fasta", self.folder / "dump", self.folder / engine
        shutil.rmtree(folder, ignore_errors=True)
        if engine == KRAKEN:
            library = _library(list(self.genomes), self.folder / "genomes.fasta", self.say)
            words = _kraken(folder, dump, library, protein=False)
        elif engine == KRAKEN_PROTEIN:
            words = _kraken(folder, dump, _tagged(proteins, self.folder / "tagged.fasta"), protein=True)
        elif engine == DIAMOND:
            words = _diamond(proteins, dump, folder, self.slots)
        else:
            words = _mmseqs(proteins, dump, folder, self.slots)
        spent = [run(command, folder=self.folder, log=self.folder / f"{engine}.log") for command in words]
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        return {"cpu_seconds": round(sum(one.cpu for one in spent), 1), "bytes": float(size)}


def write_dump(nodes: dict[int, Node], folder: Path) -> None:
    """Write nodes as an NCBI taxdump."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = sorted({1: Node(1, "no rank", "root"), **nodes}.items())
    fields = "\t|\t\t|\t0\t|\t1\t|\t11\t|\t1\t|\t0\t|\t1\t|\t0\t|\t0\t|\t\t|\n"
    (folder / "nodes.dmp").write_text(
        "".join(f"{taxid}\t|\t{node.parent}\t|\t{node.rank}{fields}" for taxid, node in rows)
    )
    names = "".join(f"{taxid}\t|\t{node.name}\t|\t\t|\tscientific name\t|\n" for taxid, node in rows)
    (folder / "names.dmp").write_text(names)
    for empty in ("merged.dmp", "delnodes.dmp"):
        (folder / empty).write_text("")


def _ours(genomes: list[str], nodes: dict[int, Node], folder: Path, called: Path, say: Say) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    placed = placement({str(taxid_of(alias)): taxid_of(alias) for alias in genomes}, nodes)

    def proteins() -> Iterable[tuple[Protein, str]]:
        for alias in genomes:
            for protein in _proteins(alias, called, say):
                yield protein, str(taxid_of(alias))

    built = build_read_taxonomy(proteins(), placed, folder)
    manifest = Manifest(
        schema=1, name="bench", version="1", kind="taxonomy-reads", title="bench", sources=[], licence="as its sources",
        date="2024-09", format=built.format, tool=built.tool, counts=built.counts,
        builder="scripts/bench read-taxonomy", files=describe_files(folder),
    )  # fmt: skip
    manifest.write(folder)
    return manifest.bytes


def _proteins(alias: str, called: Path, say: Say) -> Iterable[Protein]:
    kept = called / f"{alias}.faa"
    if not kept.exists():
        called.mkdir(parents=True, exist_ok=True)
        with kept.with_suffix(".new").open("w") as target:
            for protein in proteins_of(genome(alias, say)):
                write_fasta(target, protein.accession, protein.sequence)
        kept.with_suffix(".new").replace(kept)
    for header, sequence in read_fasta(kept):
        yield Protein(header, sequence)


def _library(genomes: list[str], path: Path, say: Say) -> Path:
    with path.open("w") as target:
        for alias in genomes:
            write_fasta(target, f"{alias}|kraken:taxid|{taxid_of(alias)}", genome(alias, say).sequence)
    return path


def _tagged(proteins: Path, path: Path) -> Path:
    with path.open("w") as target:
        for number, (header, sequence) in enumerate(read_fasta(proteins)):
            write_fasta(target, f"p{number}|kraken:taxid|{header.rpartition('_')[2]}", sequence)
    return path


def _kraken(folder: Path, dump: Path, library: Path, *, protein: bool) -> list[list[str | Path]]:
    (folder / "taxonomy").mkdir(parents=True, exist_ok=True)
    for name in ("nodes.dmp", "names.dmp"):
        (folder / "taxonomy" / name).write_text((dump / name).read_text())
    kind = ["--protein"] if protein else []
    build: list[str | Path] = ["kraken2-build", *kind, "--no-masking", "--db", folder]
    # One thread, for then the fast way is as repeatable as the other, which takes several times the CPU-seconds.
    return [[*build, "--add-to-library", library], [*build, "--build", "--fast-build", "--threads", "1"]]


def _diamond(proteins: Path, dump: Path, folder: Path, slots: int) -> list[list[str | Path]]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "map.tsv").open("w") as table:
        table.write("accession\taccession.version\ttaxid\tgi\n")
        for header, _ in read_fasta(proteins):
            table.write(f"{header}\t{header}\t{header.rpartition('_')[2]}\t0\n")
    taxonomy = (
        "--taxonmap",
        folder / "map.tsv",
        "--taxonnodes",
        dump / "nodes.dmp",
        "--taxonnames",
        dump / "names.dmp",
    )
    return [["diamond", "makedb", "--in", proteins, "--db", folder / "db", *taxonomy, "--threads", str(slots)]]


def _mmseqs(proteins: Path, dump: Path, folder: Path, slots: int) -> list[list[str | Path]]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "map.tsv").open("w") as table:
        for header, _ in read_fasta(proteins):
            table.write(f"{header}\t{header.rpartition('_')[2]}\n")
    taxonomy = ("--ncbi-tax-dump", dump, "--tax-mapping-file", folder / "map.tsv", "--threads", str(slots))
    return [
        ["mmseqs", "createdb", proteins, folder / "db"],
        ["mmseqs", "createtaxdb", folder / "db", folder / "tmp", *taxonomy],
    ]
