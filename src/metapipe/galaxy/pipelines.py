"""The table of our pipelines: each one's workflow, what it asks on the command line, and what its demo is made with.

The only such table: ``scripts/run``, ``scripts/examples`` and the tests take names and files from here.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

AddOptions = Callable[[argparse.ArgumentParser], None]


@dataclass(frozen=True)
class Pipeline:
    """One pipeline as the user meets it.

    :param name: its word on the command line. :param title: what histories are called.
    :param workflow: name of its workflow's file and folder. :param demo_folder: the demo's reads, in the build folder.
    :param parameters: option → label of the workflow's input. :param databases: options that name a database.
    :param defaults: of those options, for one's own reads; :param demo: for the demo, where they differ.
    :param smallest: those databases in ``test-data/refdb``, for known results.
    :param demo_is_simulated: the demo's reads are simulated first; else they are some of those in the checkout.
    :param takes_single: samples may have one file: single or interleaved reads; else pairs in two files only.
    """

    name: str
    title: str
    workflow: str
    demo_folder: str
    description: str
    parameters: Mapping[str, str]
    databases: tuple[str, ...]
    defaults: Mapping[str, str]
    demo: Mapping[str, str]
    smallest: Mapping[str, str]
    demo_is_simulated: bool
    add_options: AddOptions
    examples: str
    takes_single: bool = False

    def workflow_file(self, checkout: Path) -> Path:
        """Its workflow in a checkout."""
        return checkout / "workflows" / self.workflow / f"{self.workflow}.gxwf.yml"

    def databases_of(self, arguments: argparse.Namespace) -> list[str]:
        """The databases this call needs."""
        return [str(getattr(arguments, option)) for option in self.databases]

    def fill_in(self, arguments: argparse.Namespace) -> None:
        """Give the options of databases their defaults, which depend on whether it is the demo."""
        chosen = {**self.defaults, **({} if has_own_reads(arguments) else self.demo)}
        for option, value in chosen.items():
            if getattr(arguments, option) is None:
                setattr(arguments, option, value)


def has_own_reads(arguments: argparse.Namespace) -> bool:
    """Whether a call names reads, in a folder or a samplesheet; else it is the demo."""
    return arguments.input is not None or arguments.samplesheet is not None


def _whole(lowest: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        value = int(text)
        if value < lowest:
            raise ValueError
        return value

    read.__name__ = f"whole number from {lowest}"  # argparse names it in its message
    return read


def _share(highest: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        value = float(text)
        if not 0 <= value <= highest:
            raise ValueError
        return value

    read.__name__ = f"number from 0 to {highest:g}"
    return read


def _metapipe_options(made: argparse.ArgumentParser) -> None:
    made.add_argument("--min-contig-length", type=_whole(0), metavar="N", help="shortest contig kept, in bases; 0: all")
    made.add_argument("--complete-genes-only", action="store_true", default=None, help="leave out genes cut by an end")
    made.add_argument(
        "--protein-database",
        metavar="NAME:VERSION",
        help="default: ec-proteins:1; for the demo ec-proteins-heldout:1, which lacks the demo's own proteins",
    )
    made.add_argument("--domain-database", metavar="NAME:VERSION", help="default: pfam-gecco:35.0")
    made.add_argument(
        "--taxonomy-database",
        metavar="NAME:VERSION",
        help="contigs are placed in its taxonomy; default: marine-reads:1",
    )


def _taxonomy_options(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--taxonomy-database", metavar="NAME:VERSION", help="of proteins with taxa; default: marine-reads:1"
    )
    made.add_argument(
        "--marker-database", metavar="NAME:VERSION", help="of genes that all have once; default: marine-markers:1"
    )
    made.add_argument("--reference-database", metavar="NAME:VERSION", help="of rRNA; default: ssu-prokaryotes:2026-09")
    made.add_argument("--min-support", type=_whole(1), metavar="N", help="reads a taxon must have in the table; 1: all")


def _biomas_options(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--reference-database",
        metavar="NAME:VERSION",
        help="default: ssu-prokaryotes:2026-09 (16S of bacteria and archaea)",
    )
    made.add_argument("--merger", choices=("flash", "vsearch"), help="what joins the mates of a pair (default: flash)")
    made.add_argument("--fragment-length", type=_whole(0), metavar="N", help="of the amplicon, in bases; 0: find out")
    made.add_argument("--min-size", type=_whole(1), metavar="N", help="reads a sequence must have; 2 drops singletons")
    made.add_argument("--check-chimeras", action="store_true", default=None, help="leave out chimeras (vsearch)")
    made.add_argument(
        "--engine",
        choices=("exact", "bowtie2"),
        help="how references are found: exact, or bowtie2 as BioMaS does, in a hundred times the time (default: exact)",
    )
    made.add_argument("--upper-identity", type=_share(100), metavar="PERCENT", help="of the upper tier (default: 97)")
    made.add_argument("--lower-identity", type=_share(100), metavar="PERCENT", help="of the lower tier (default: 90)")
    made.add_argument(
        "--q", type=_share(1), help="TANGO's q in the upper tier: 1 lowest common ancestor (default: 0.5)"
    )


METAPIPE = Pipeline(
    name="metapipe",
    title="META-pipe",
    workflow="metapipe-reads-to-annotation",
    demo_folder="demo",
    description="Take paired reads through META-pipe on a Galaxy of this machine, to annotated results.",
    parameters={
        "min_contig_length": "Minimum contig length",
        "complete_genes_only": "Complete genes only",
        "protein_database": "Protein database",
        "domain_database": "Domain database",
        "taxonomy_database": "Taxonomy",
    },
    databases=("protein_database", "domain_database", "taxonomy_database"),
    defaults={
        "protein_database": "ec-proteins:1",
        "domain_database": "pfam-gecco:35.0",
        "taxonomy_database": "marine-reads:1",
    },
    # The demo is judged with a protein database that holds none of its own proteins.
    demo={"protein_database": "ec-proteins-heldout:1"},
    smallest={
        "protein_database": "metapipe-tiny-proteins:1",
        "domain_database": "metapipe-tiny-domains:1",
        "taxonomy_database": "metapipe-tiny-taxa:1",
    },
    demo_is_simulated=True,
    add_options=_metapipe_options,
    examples="""\
  scripts/run                                  the demo: a small marine community
  scripts/run --input ~/reads                  your own paired reads: SAMPLE_R1.fastq.gz and SAMPLE_R2.fastq.gz
  scripts/run --samplesheet samples.csv        those that a sheet names: sample,fastq_1,fastq_2
  scripts/run --input ~/reads --min-contig-length 500 --complete-genes-only
  scripts/run --again                          run the demo anew instead of showing the finished run
  scripts/run biomas --help                    amplicons (16S, ITS) instead of metagenomes

Several samples in one folder get one history and one results folder each.""",
)

TAXONOMY = Pipeline(
    name="taxonomy",
    title="META-pipe taxonomy",
    workflow="metapipe-taxonomy",
    demo_folder="demo",
    description="Take reads of any form through META-pipe's taxonomic half on a Galaxy of this machine: who is there.",
    parameters={
        "taxonomy_database": "Database of proteins with their taxa",
        "marker_database": "Database of marker genes",
        "reference_database": "Reference database",
        "min_support": "Fewest reads of a taxon",
    },
    databases=("taxonomy_database", "marker_database", "reference_database"),
    defaults={
        "taxonomy_database": "marine-reads:1",
        "marker_database": "marine-markers:1",
        "reference_database": "ssu-prokaryotes:2026-09",
    },
    demo={},
    smallest={
        "taxonomy_database": "metapipe-tiny-taxa:1",
        "marker_database": "metapipe-tiny-markers:1",
        "reference_database": "biomas-tiny-16s:1",
    },
    demo_is_simulated=True,
    add_options=_taxonomy_options,
    examples="""\
  scripts/run taxonomy                         the demo: a small marine community, whose members the database holds
  scripts/run taxonomy --input ~/reads         your own: SAMPLE_R1.fastq.gz and SAMPLE_R2.fastq.gz, or SAMPLE.fastq.gz
  scripts/run taxonomy --samplesheet samples.csv those that a sheet names: sample,fastq_1,fastq_2
  scripts/run taxonomy --input ~/reads --min-support 10

One file a sample may hold single reads, merged ones, or both mates of pairs, one after the other.
All samples of a folder are run together, in one history, and compared in one table and one chart.""",
    takes_single=True,
)

BIOMAS = Pipeline(
    name="biomas",
    title="BioMaS",
    workflow="biomas-amplicon",
    demo_folder="demo-biomas/amplicon",
    description="Take paired amplicon reads (16S, ITS) through BioMaS on a Galaxy of this machine, to classified taxa.",
    parameters={
        "reference_database": "Reference database",
        "merger": "Merge program",
        "fragment_length": "Fragment length",
        "min_size": "Minimum size",
        "check_chimeras": "Check for chimeras",
        "engine": "Search engine",
        "upper_identity": "Upper tier identity",
        "lower_identity": "Lower tier identity",
        "q": "TANGO q",
    },
    databases=("reference_database",),
    defaults={"reference_database": "ssu-prokaryotes:2026-09"},
    demo={},
    smallest={"reference_database": "biomas-tiny-16s:1"},
    demo_is_simulated=False,
    add_options=_biomas_options,
    examples="""\
  scripts/run biomas                           the demo: a mock community of marine bacteria
  scripts/run biomas --input ~/reads           your own paired reads: SAMPLE_R1.fastq.gz and SAMPLE_R2.fastq.gz
  scripts/run biomas --samplesheet samples.csv those that a sheet names: sample,fastq_1,fastq_2
  scripts/run biomas --input ~/reads --min-size 2 --check-chimeras
  scripts/run biomas --input ~/reads --reference-database unite:10

All samples of a folder are run together, in one history, and compared in one table.""",
)

PIPELINES = {pipeline.name: pipeline for pipeline in (METAPIPE, TAXONOMY, BIOMAS)}
