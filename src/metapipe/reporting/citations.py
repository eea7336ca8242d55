"""What to cite for each program and database that took part."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Citation:
    """One reference; ``doi`` without prefix."""

    text: str
    doi: str


PIPELINE = (
    Citation(
        "Robertsen EM et al. (2016) META-pipe – Pipeline annotation, analysis and visualization of marine metagenomic "
        "sequence data. arXiv:1604.04103.",
        "10.48550/arXiv.1604.04103",
    ),
    Citation(
        "Agafonov A et al. (2017) META-pipe cloud setup and execution. F1000Research 6:2060.",
        "10.12688/f1000research.13204.1",
    ),
)
GALAXY = Citation(
    "The Galaxy Community (2024) The Galaxy platform for accessible, reproducible, and collaborative data analyses: "
    "2024 update. Nucleic Acids Research 52:W83–W94.",
    "10.1093/nar/gkae410",
)

PROGRAMS: dict[str, tuple[Citation, ...]] = {
    "fastp": (
        Citation(
            "Chen S et al. (2018) fastp: an ultra-fast all-in-one FASTQ preprocessor. Bioinformatics 34:i884–i890.",
            "10.1093/bioinformatics/bty560",
        ),
    ),
    "cutadapt": (
        Citation(
            "Martin M (2011) Cutadapt removes adapter sequences from high-throughput sequencing reads. "
            "EMBnet.journal 17:10–12.",
            "10.14806/ej.17.1.200",
        ),
    ),
    "megahit": (
        Citation(
            "Li D et al. (2015) MEGAHIT: an ultra-fast single-node solution for large and complex metagenomics "
            "assembly via succinct de Bruijn graph. Bioinformatics 31:1674–1676.",
            "10.1093/bioinformatics/btv033",
        ),
    ),
    "pyrodigal": (
        Citation(
            "Larralde M (2022) Pyrodigal: Python bindings and interface to Prodigal. "
            "Journal of Open Source Software 7:4296.",
            "10.21105/joss.04296",
        ),
        Citation(
            "Hyatt D et al. (2010) Prodigal: prokaryotic gene recognition and translation initiation site "
            "identification. BMC Bioinformatics 11:119.",
            "10.1186/1471-2105-11-119",
        ),
    ),
    "diamond": (
        Citation(
            "Buchfink B, Reuter K, Drost HG (2021) Sensitive protein alignments at tree-of-life scale using DIAMOND. "
            "Nature Methods 18:366–368.",
            "10.1038/s41592-021-01101-x",
        ),
    ),
    "kraken2": (
        Citation(
            "Wood DE, Lu J, Langmead B (2019) Improved metagenomic analysis with Kraken 2. Genome Biology 20:257.",
            "10.1186/s13059-019-1891-0",
        ),
    ),
    "pyhmmer": (
        Citation(
            "Larralde M, Zeller G (2023) PyHMMER: a Python library binding to HMMER for efficient sequence analysis. "
            "Bioinformatics 39:btad214.",
            "10.1093/bioinformatics/btad214",
        ),
        Citation(
            "Eddy SR (2011) Accelerated profile HMM searches. PLoS Computational Biology 7:e1002195.",
            "10.1371/journal.pcbi.1002195",
        ),
    ),
    "flash": (
        Citation(
            "Magoč T, Salzberg SL (2011) FLASH: fast length adjustment of short reads to improve genome assemblies. "
            "Bioinformatics 27:2957–2963.",
            "10.1093/bioinformatics/btr507",
        ),
    ),
    "vsearch": (
        Citation(
            "Rognes T et al. (2016) VSEARCH: a versatile open source tool for metagenomics. PeerJ 4:e2584.",
            "10.7717/peerj.2584",
        ),
    ),
    "edlib": (
        Citation(
            "Šošić M, Šikić M (2017) Edlib: a C/C++ library for fast, exact sequence alignment using edit distance. "
            "Bioinformatics 33:1394–1395.",
            "10.1093/bioinformatics/btw753",
        ),
    ),
    "bowtie2": (
        Citation(
            "Langmead B, Salzberg SL (2012) Fast gapped-read alignment with Bowtie 2. Nature Methods 9:357–359.",
            "10.1038/nmeth.1923",
        ),
    ),
    "minimap2": (
        Citation(
            "Li H (2018) Minimap2: pairwise alignment for nucleotide sequences. Bioinformatics 34:3094–3100.",
            "10.1093/bioinformatics/bty191",
        ),
    ),
    "kronatools": (
        Citation(
            "Ondov BD, Bergman NH, Phillippy AM (2011) Interactive metagenomic visualization in a Web browser. "
            "BMC Bioinformatics 12:385.",
            "10.1186/1471-2105-12-385",
        ),
    ),
}

#: Stages that follow the rules of programs without running them.
RULES: dict[str, tuple[Citation, ...]] = {
    "trim_reads": (
        *PROGRAMS["fastp"],
        Citation(
            "Bolger AM, Lohse M, Usadel B (2014) Trimmomatic: a flexible trimmer for Illumina sequence data. "
            "Bioinformatics 30:2114–2120.",
            "10.1093/bioinformatics/btu170",
        ),
    ),
}

DATABASES: dict[str, Citation] = {
    "pfam": Citation(
        "Mistry J et al. (2021) Pfam: the protein families database in 2021. Nucleic Acids Research 49:D412–D419.",
        "10.1093/nar/gkaa913",
    ),
    "ssugg": Citation(
        "McDonald D et al. (2012) An improved Greengenes taxonomy with explicit ranks for ecological and evolutionary "
        "analyses of bacteria and archaea. The ISME Journal 6:610–618.",
        "10.1038/ismej.2011.139",
    ),
    "ssurefseq": Citation(
        "O'Leary NA et al. (2016) Reference sequence (RefSeq) database at NCBI: current status, taxonomic expansion, "
        "and functional annotation. Nucleic Acids Research 44:D733–D745.",
        "10.1093/nar/gkv1189",
    ),
    "swissprot": Citation(
        "The UniProt Consortium (2023) UniProt: the universal protein knowledgebase in 2023. "
        "Nucleic Acids Research 51:D523–D531.",
        "10.1093/nar/gkac1052",
    ),
}


def citations(
    programs: Iterable[str],
    databases: Iterable[str],
    pipeline: Iterable[Citation] = PIPELINE,
    stages: Iterable[str] = (),
) -> list[Citation]:
    """Return the references for what took part, the pipeline's first, each once."""
    found = [*pipeline, GALAXY]
    for stage in stages:
        found += RULES.get(stage, ())
    for program in programs:
        found += PROGRAMS.get(program.lower(), ())
    for database in databases:
        found += [citation for name, citation in DATABASES.items() if name in database.lower().replace("-", "")]
    return list(dict.fromkeys(found))
