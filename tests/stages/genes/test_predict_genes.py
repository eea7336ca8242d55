"""The three files of the stage agree with each other."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

from Bio import SeqIO
from test_gene_calls import artificial_gene, contig

from metapipe.formats.genes import read_genes
from metapipe.stages.genes.predict_genes import PredictGenes

INPUT = f">a first\n{contig()}\n>b;=% x\n{contig('GTG')[400:1500].lower()}\n>none\nACGT\n"


def parse(fasta: bytes) -> dict[str, str]:
    return {record.id: str(record.seq) for record in SeqIO.parse(StringIO(fasta.decode()), "fasta")}


def test_gff3_nucleotides_and_proteins_tell_of_the_same_genes(fake_task: Callable[..., Any], tmp_path: Path) -> None:
    task = fake_task(PredictGenes(), {"contigs": INPUT.encode()})
    made = task.run()
    path = tmp_path / "genes.gff3"
    path.write_bytes(made["genes"])
    genes = read_genes(path)
    nucleotides, proteins, contigs = parse(made["nucleotides"]), parse(made["proteins"]), parse(INPUT.encode())
    flat = [gene for found in genes.values() for gene in found]
    assert [gene.id for gene in flat] == list(nucleotides) == list(proteins)
    assert list(genes) == ["a", "b;=%"]
    for gene in flat:
        bases = contigs[gene.contig][gene.start - 1 : gene.end]
        assert len(nucleotides[gene.id]) == gene.length
        if gene.strand == 1:
            assert nucleotides[gene.id] == bases
        assert "*" not in proteins[gene.id]
        assert len(proteins[gene.id]) == gene.length // 3 - gene.has_stop
    assert task.notes["genes"] == len(flat) == sum(task.notes["partial"].values())
    assert task.notes["contigs_with_genes"] == 2
    assert b"##sequence-region none 1 4\n" in made["genes"]


def test_complete_only_leaves_incomplete_genes_out_and_the_others_keep_their_ids(fake_task: Callable[..., Any]) -> None:
    cut = (artificial_gene(8)[200:] + contig()).encode()
    whole = fake_task(PredictGenes(), {"contigs": b">a\n" + cut + b"\n"})
    complete = fake_task(PredictGenes(), {"contigs": b">a\n" + cut + b"\n"}, complete_only=True)
    all_proteins, kept = parse(whole.run()["proteins"]), parse(complete.run()["proteins"])
    assert list(all_proteins) == ["a_1", "a_2", "a_3"]
    assert kept == {name: all_proteins[name] for name in ("a_2", "a_3")}
    assert complete.notes["left_out_incomplete"] == 1
    assert complete.notes["complete_genes"] == complete.notes["genes"] == 2


def test_no_contigs_give_empty_files_with_the_gff3_version_line(fake_task: Callable[..., Any]) -> None:
    task = fake_task(PredictGenes(), {"contigs": b""})
    assert task.run() == {"genes": b"##gff-version 3\n", "nucleotides": b"", "proteins": b""}
    assert task.notes["genes"] == 0
