"""Stage ``annotate``: weigh the evidence for every gene and write it down in the formats of the field."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from metapipe.errors import MetapipeError
from metapipe.formats import gff3
from metapipe.formats.fasta_text import format_fasta
from metapipe.formats.genes import Gene, feature_gene
from metapipe.formats.table_rows import Place, header_line
from metapipe.proteins.domain_hits import DOMAIN_TABLE, DomainHit
from metapipe.proteins.protein_hits import HIT_TABLE, ProteinHit
from metapipe.proteins.protein_letters import clean_protein
from metapipe.runner.declare.elements import Exact, Fasta, Output, Record, SideFile, option
from metapipe.runner.declare.merge import HeaderOnce, Reduce, add_counts
from metapipe.runner.declare.stage import Stage, Task
from metapipe.stages.annotation import annotation_table
from metapipe.stages.annotation.annotation import AnnotatedGene, annotate_gene, gene_numbers
from metapipe.stages.annotation.annotation_gff3 import annotation_feature
from metapipe.stages.annotation.annotation_notes import AnnotationCounts
from metapipe.stages.annotation.contig_facts import ContigFacts
from metapipe.stages.annotation.embl import embl_record
from metapipe.stages.annotation.functions import FunctionCounts
from metapipe.stages.annotation.genbank import genbank_record
from metapipe.stages.annotation.locus_tags import SAMPLE, locus_prefix, locus_tag
from metapipe.stages.annotation.side_index import (
    File,
    GeneFiles,
    OpenGeneFiles,
    OpenSideFile,
    first_word,
    index_gene_files,
)
from metapipe.taxa.abundance_rows import CONTIG_ABUNDANCE, GENE_ABUNDANCE
from metapipe.taxa.rows import CONTIG_TAXA
from metapipe.taxa.taxon_counts import taxa_table

Row = TypeVar("Row", ProteinHit, DomainHit)


@dataclass(frozen=True)
class AnnotateOptions:
    """Options of :class:`Annotate`."""

    sample: str = option(SAMPLE, "name of the sample; every locus tag begins with a prefix made of it")


class Annotate(Stage):
    """Tiers by META-pipe 1.0's rules (docs/annotation-rules.md); the files about genes are read where they are."""

    name = "annotate"
    summary = "Combine genes, hits and domains into an annotation with confidence tiers"
    example = "metapipe annotate --contigs contigs.fasta --genes genes.gff3 --proteins proteins.fasta --hits hits.tsv"
    records = Fasta("contigs")
    side = {
        "genes": SideFile("gff3", "genes as predict_genes writes them"),
        "proteins": SideFile("fasta", "proteins as predict_genes writes them"),
        "hits": SideFile("tabular", "hits as search_proteins writes them", optional=True),
        "domains": SideFile("tabular", "domains as search_domains writes them", optional=True),
        "contig-taxonomy": SideFile("tabular", "taxa of the contigs (contig_taxonomy)", optional=True),
        "contig-abundance": SideFile("tabular", "abundance of the contigs (map_reads)", optional=True),
        "gene-abundance": SideFile("tabular", "abundance of the genes (map_reads)", optional=True),
    }
    outputs = {
        "gff": Output("gff3", "annotation, GFF3", HeaderOnce(lines=1), label="Annotation (GFF3)"),
        "genbank": Output("gbk", "annotated contigs, GenBank", label="Annotation (GenBank)"),
        "embl": Output("embl", "annotated contigs, EMBL", label="Annotation (EMBL)"),
        "table": Output("tabular", "annotation, one row per gene", HeaderOnce(), label="Annotation table"),
        "proteins": Output("fasta", "proteins with their product", label="Annotated proteins"),
        "functions": Output(
            "tabular",
            "genes by EC number in four levels, or their reads where gene abundance is given, for charts",
            Reduce(add_counts, write=taxa_table),
            label="Functions",
        ),
    }
    version = "2"
    options = AnnotateOptions
    invariance = Exact()
    # Measured with 500,000 contigs of 600 bases with a million genes, two hits and a domain each: a block of 31,239
    # contigs took 20.9 CPU seconds and 80 MB, its start 0.1 s (the index is mapped); the index, made once, 10.4 s.
    rate = 9e5
    fixed_cost = 0.1
    empty_ok = True

    def prepare(self, task: Task, folder: Path) -> None:
        """Index where the lines about each contig stand in the files about genes.

        :raises MetapipeError: E111 for a file that is not what it should be, E112 for files that do not belong together
            or to these contigs.
        """
        files = gene_files(task)
        columns = {
            "hits": HIT_TABLE.columns,
            "domains": DOMAIN_TABLE.columns,
            "contig-taxonomy": CONTIG_TAXA.columns,
            "contig-abundance": CONTIG_ABUNDANCE.columns,
            "gene-abundance": GENE_ABUNDANCE.columns,
        }
        contigs = index_gene_files(files, columns, folder)
        if contigs != task.totals.records:
            raise MetapipeError(
                "E112",
                file=files["genes"][1],
                expected=f"the contigs of {task.labels.get('contigs', 'contigs')} ({task.totals.records})",
                found=f"{contigs} lines '##sequence-region'",
            )

    def setup(self, task: Task) -> GeneFiles:
        """Map the index that :meth:`prepare` left into memory: all workers of a host share its pages."""
        return GeneFiles.load(task.shared, gene_files(task))

    def run(self, task: Task, state: GeneFiles) -> None:
        """Write the genes of each contig, annotated, in all five formats, and count them by tier and by function.

        :raises MetapipeError: E111 for a line that cannot be read, E112 for a gene, protein or hit without the others.
        """
        prefix, counts, done = locus_prefix(task.options.sample), AnnotationCounts(), FunctionCounts()
        gff, genbank, embl, table, proteins, functions = (task.output(name) for name in self.outputs)
        gff.write(gff3.VERSION_LINE.encode())
        table.write(header_line(annotation_table.columns(task.side)))

        def write(contig: Record, genes: list[AnnotatedGene], facts: ContigFacts) -> None:
            gff.write(gff3.sequence_region(contig.name, len(contig.sequence)).encode())
            for feature in facts.features(contig.name, len(contig.sequence)):
                gff.write(gff3.format_feature(feature).encode())
            for gene in genes:
                gff.write(gff3.format_feature(annotation_feature(gene)).encode())
                table.write(annotation_table.format_annotation(gene, facts))
                proteins.write(format_fasta(gene.gene.id, describe(gene), gene.protein))
                done.add(gene)
            for stream, record in ((genbank, genbank_record), (embl, embl_record)):
                parts = record(contig.name, contig.index + 1, contig.sequence, genes, state.contigs, facts)
                stream.write("".join(parts).encode())

        with state.opened() as files:
            for contig in task.records():
                at = state.position(contig.name, len(contig.sequence), task.labels.get("contigs", "contigs"))
                genes = list(annotated_genes(contig, at, prefix, files))
                counts.add(genes)
                write(contig, genes, contig_facts(files, at))
        functions.write(done.part())
        for key, value in counts.as_notes().items():
            task.note(key, value)


def gene_files(task: Task) -> dict[str, File]:
    """Return the side files given, each with the name the user knows it by."""
    return {name: (path, task.labels.get(name, name)) for name, path in task.side.items()}


def annotated_genes(contig: Record, position: int, prefix: str, files: OpenGeneFiles) -> Iterator[AnnotatedGene]:
    """Yield the contig's genes in the order of the GFF3, each with its evidence weighed.

    :param position: of the contig in the index of the files.
    """
    genes = [
        read_gene(place, line, len(contig.sequence)) for place, line in files.genes.lines(position) if is_cds(line)
    ]
    proteins = read_proteins(files.proteins, position)
    hits = rows_by_gene(files.hits, position, HIT_TABLE.parse)
    domains = rows_by_gene(files.domains, position, DOMAIN_TABLE.parse)
    amounts = {row.gene: row for row in _rows(files.gene_abundance, position, GENE_ABUNDANCE.parse)}
    for number, gene in zip(gene_numbers(contig.name, genes), genes, strict=True):
        yield annotate_gene(
            gene,
            proteins[gene.id],
            locus_tag(prefix, contig.index, number),
            None if hits is None else hits[gene.id],
            None if domains is None else domains[gene.id],
            amounts.get(gene.id),
        )


def contig_facts(files: OpenGeneFiles, position: int) -> ContigFacts:
    """Read what is known of a contig as a whole. :param position: of it in the index of the files."""
    taxon = next(_rows(files.contig_taxonomy, position, CONTIG_TAXA.parse), None)
    return ContigFacts(taxon, next(_rows(files.contig_abundance, position, CONTIG_ABUNDANCE.parse), None))


def is_cds(line: bytes) -> bool:
    """Whether a line of GFF3 is a coding sequence, by its third column."""
    return not line.startswith(b"#") and line.split(b"\t", 3)[2:3] == [b"CDS"]


def read_gene(place: Place, line: bytes, contig_length: int) -> Gene:
    """Read one CDS line; raise E111, or E112 when it does not fit on its contig."""
    feature = gff3.parse_feature(line.decode().rstrip("\r\n"), file=place.file, line=place.line)
    if feature.end > contig_length:
        expected = f"a gene on {contig_length} bases of {feature.seqid}"
        raise MetapipeError("E112", file=place.file, line=place.line, expected=expected, found=str(feature.end))
    return feature_gene(feature, file=place.file, line=place.line)


def read_proteins(file: OpenSideFile, contig: int) -> dict[str, bytes]:
    """Return the contig's proteins by gene, cleaned."""
    parts: dict[str, list[bytes]] = {}
    current: list[bytes] = []
    for _, line in file.lines(contig):
        if line.startswith(b">"):
            current = parts.setdefault(first_word(line[1:]).decode(), [])
        else:
            current.append(line.strip())
    return {gene: clean_protein(b"".join(letters)) for gene, letters in parts.items()}


def rows_by_gene(
    file: OpenSideFile | None, contig: int, parse: Callable[[bytes, Place], Row]
) -> defaultdict[str, list[Row]] | None:
    """Return the contig's rows by gene, in file order; ``None`` when there is no such file."""
    if file is None:
        return None
    rows: defaultdict[str, list[Row]] = defaultdict(list)
    for row in _rows(file, contig, parse):
        rows[row.query].append(row)
    return rows


def _rows(file: OpenSideFile | None, contig: int, parse: Callable[[bytes, Place], Any]) -> Iterator[Any]:
    """Yield the contig's rows of a table in file order; none when there is no such file."""
    for place, line in file.lines(contig) if file is not None else ():
        if line.strip(b"\r\n"):
            yield parse(line, place)


def describe(annotated: AnnotatedGene) -> str:
    """Return the text after the id in a protein's FASTA header."""
    fields = [
        ("locus_tag", annotated.locus_tag),
        ("gene", annotated.name),
        ("EC", ",".join(annotated.all_ec)),
        ("tier", str(int(annotated.tier))),
    ]
    return " ".join([annotated.product, *(f"[{key}={value}]" for key, value in fields if value)])
