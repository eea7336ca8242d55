"""Whatever somebody did to the files about genes or taxa: they are read, or refused as bad input."""

from __future__ import annotations

import io
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_annotate import CONTIGS, DOMAINS, GENES, HITS, PROTEINS, fasta

from fake_task import FakeTask
from metapipe.errors import CODES, EX_DATA, MetapipeError
from metapipe.formats import gff3
from metapipe.formats.genes import format_gene
from metapipe.formats.table_rows import header_line
from metapipe.proteins import domain_hits, protein_hits
from metapipe.runner.declare.elements import SideFile
from metapipe.runner.declare.given import Given
from metapipe.runner.scan.side_files import readable_side_files
from metapipe.stages.annotation import annotation_table
from metapipe.stages.annotation.annotate import Annotate
from metapipe.stages.report.gene_table import tally
from metapipe.taxa.rows import ASSIGNMENT_TABLE, TAXON_TABLE
from metapipe.taxa.taxon_table import count_assignments, read_taxa

GFF = gff3.VERSION_LINE + "".join(
    gff3.sequence_region(contig, len(letters)) + "".join(format_gene(gene) for gene in GENES if gene.contig == contig)
    for contig, letters in CONTIGS.items()
)
FILES = {
    "genes": GFF.encode(),
    "proteins": fasta(PROTEINS),
    "hits": protein_hits.HIT_TABLE.header + b"".join(map(protein_hits.HIT_TABLE.format, HITS)),
    "domains": domain_hits.DOMAIN_TABLE.header + b"".join(map(domain_hits.DOMAIN_TABLE.format, DOMAINS)),
}
LINEAGE = b"1:no rank:root;2:superkingdom:Bacteria"
ASSIGNMENTS = ASSIGNMENT_TABLE.header + b"".join(
    b"r%d;size=3\t3\tupper\t99.60\t2\t2\tBacteria\tsuperkingdom\t0.0000\t%s\n" % (number, LINEAGE)
    for number in range(3)
)
TAXA = TAXON_TABLE.header + b"root\t1\tno rank\t0\t9\t1:no rank:root\nBacteria\t2\tsuperkingdom\t9\t9\t%s\n" % LINEAGE
TABLE = header_line(annotation_table.COLUMNS) + b"".join(
    b"\t".join(b"%d" % (column + number) for column in range(len(annotation_table.COLUMNS))) + b"\n"
    for number in range(3)
)
ODD = [
    b"\0",
    b"\xff",
    "é".encode(),
    b"\xef\xbb\xbf",
    b"\t",
    b"\x0b",
    b"\x1c",
    b"\r",
    b"\n",
    b"\r\n",
    b" ",
    b"",
    b">",
    b"#",
]
ODD += [
    b"%FF",
    b"%0A",
    b"%",
    b"9" * 30,
    b"9" * 5000,
    b"-1",
    b"nan",
    b"1e999",
    b"0",
    "\u2028".encode(),
    "²".encode(),
    b";",
    b"=",
]
ODD += [b",", b":", b"##FASTA\n", b"##sequence-region x 1 5\n", b">\n", b"ID=", b";ID=a;ID=b"]
ENOUGH = settings(max_examples=200)
NUMBER = count()


@st.composite
def damages(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """Something put in, or in place of a few bytes, up to three times; or a line lost or twice; or the end lost."""
    places = draw(
        st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), st.sampled_from(ODD)), min_size=1, max_size=3)
    )
    line = draw(st.one_of(st.none(), st.tuples(st.floats(0, 1, exclude_max=True), st.sampled_from([0, 2]))))

    def damage(content: bytes) -> bytes:
        for place, length, put in places:
            at = int(place * len(content))
            content = content[:at] + put + content[at + length :]
        if line is not None and content:
            lines = content.splitlines(keepends=True)
            at = int(line[0] * len(lines))
            lines[at : at + 1] = lines[at : at + 1] * line[1]
            content = b"".join(lines)
        return content

    return damage


def readable(name: str, content: bytes, folder: Path) -> Path:
    path = folder / f"{name}-{next(NUMBER)}"
    path.write_bytes(content)
    (read,) = readable_side_files(
        {name: SideFile("tabular", "help")}, Given(side={name: [path]}, labels={name: name}), folder
    )[name]
    return read


def read_or_refused(reading: Callable[[], object]) -> None:
    refused = None
    try:
        reading()
    except MetapipeError as error:
        refused = error
    assert refused is None or CODES[refused.code].exit_code == EX_DATA, refused


@ENOUGH
@given(damaged=st.sampled_from(sorted(FILES)), damage=damages())
def test_files_about_genes_are_annotated_or_refused(
    damaged: str, damage: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    def annotate() -> None:
        side = {
            name: readable(name, damage(content) if name == damaged else content, tmp_path)
            for name, content in FILES.items()
        }
        task = FakeTask(Annotate(), tmp_path / f"task-{next(NUMBER)}", {"contigs": fasta(CONTIGS)}, side=side)
        for output in task.run().values():
            output.decode()

    read_or_refused(annotate)


def test_a_gene_with_two_ids_is_the_one_that_both_readers_of_the_line_take(tmp_path: Path) -> None:
    """The index of the files and the reader of the gene; else its protein is not where the gene says."""
    side = {name: readable(name, content, tmp_path) for name, content in FILES.items()}
    side["genes"].write_bytes(FILES["genes"].replace(b";partial=", b";ID=another;partial=", 1))
    task = FakeTask(Annotate(), tmp_path / "task", {"contigs": fasta(CONTIGS)}, side=side)
    with pytest.raises(MetapipeError, match=r"METAPIPE-E112 .*another"):
        task.run()


@ENOUGH
@given(damage=damages())
def test_tables_of_taxa_and_genes_are_counted_or_refused(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    def read(content: bytes) -> io.BytesIO:
        return io.BytesIO(readable("side", damage(content), tmp_path).read_bytes())

    read_or_refused(lambda: count_assignments([(read(ASSIGNMENTS), "x")]))
    read_or_refused(lambda: read_taxa([(read(TAXA), "x")]))
    read_or_refused(lambda: tally(read(TABLE), "x", 5))


def test_what_is_not_damaged_is_read(tmp_path: Path) -> None:
    assert count_assignments([(io.BytesIO(ASSIGNMENTS), "x")]).classified_reads == 9
    assert read_taxa([(io.BytesIO(TAXA), "x")]).classified_reads == 9
