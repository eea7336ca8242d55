"""Small files in the form in which each reference set is published; names and sequences are made up."""

from __future__ import annotations

import gzip
import io
import random
import tarfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pyhmmer

TINY_MARKERS = Path(__file__).resolve().parents[2] / "test-data/refdb/metapipe-tiny-markers/1"
SILVA = (
    "AA000001.1.120 Bacteria;Pseudomonadota;Gammaproteobacteria;Enterobacterales;Vibrionaceae;Vibrio;Vibrio exemplaris",
    "AA000002.1.120 Bacteria;Cyanobacteriota;Cyanobacteriia;Synechococcales;Cyanobiaceae;Exemplum;uncultured bacterium",
    "AA000003.1.120 Bacteria;Cyanobacteriota;Cyanobacteriia;Chloroplast;Vigna radiata",
    "AA000004.1.120 Eukaryota;Amorphea;Obazoa;Metazoa;Examplus;Examplus pictus",
)
SILVA_RANKS = (
    "Bacteria;\t3\tdomain\t\t",
    "Bacteria;Pseudomonadota;\t4\tphylum\t\t138.2",
    "Bacteria;Pseudomonadota;Gammaproteobacteria;\t5\tclass\t\t",
    "Bacteria;Pseudomonadota;Gammaproteobacteria;Enterobacterales;\t6\torder\t\t",
    "Bacteria;Pseudomonadota;Gammaproteobacteria;Enterobacterales;Vibrionaceae;\t7\tfamily\t\t",
    "Bacteria;Pseudomonadota;Gammaproteobacteria;Enterobacterales;Vibrionaceae;Vibrio;\t8\tgenus\t\t",
    "Eukaryota;\t9\tdomain\t\t",
    "Eukaryota;Amorphea;\t10\tmajor_clade\t\t",
)
QIIME_132 = (
    "AA000001.1.120\tD_0__Bacteria;D_1__Proteobacteria;D_5__Vibrio;D_6__uncultured marine bacterium",
    "AA000002.1.120\tD_0__Bacteria;D_1__Cyanobacteria;D_5__Exemplum;D_6__Exemplum marinum",
)
QIIME_138 = (
    "Feature ID\tTaxon",
    "AA000001.1.120\td__Bacteria; p__Proteobacteria; g__Vibrio; s__uncultured_bacterium",
    "AA000002.1.120\td__Bacteria; p__Cyanobacteria; g__Exemplum; s__Exemplum_marinum",
)
PR2_NAMES = (
    "Eukaryota;TSAR;Alveolata;Dinoflagellata;Dinophyceae;Peridiniales;Exampleaceae;Examplium;Examplium_marinum",
    "Eukaryota;TSAR;Stramenopiles;Gyrista;Diatomeae;Diatomeae_X;Diatomeae_XX;Diatomeae_XXX;Diatomeae_XXX_sp.",
    "Eukaryota:plas;Archaeplastida:plas;Chlorophyta:plas;Chlorophyta_X:plas;Aphyceae:plas;Bales:plas;Caceae:plas;"
    "Dus:plas;Dus_alba:plas",
)
PR2_LONG = (
    "AB000001.1.120_U|18S_rRNA|nucleus|strain_1|" + PR2_NAMES[0].replace(";", "|"),
    "AB000002.1.120_UC|18S_rRNA|nucleus||" + PR2_NAMES[1].replace(";", "|"),
    "AB000003.1.120_G|16S_rRNA|plastid||" + PR2_NAMES[2].replace(";", "|"),
)
PR2_UTAX = (
    "AB000001.1.120_U;tax=k:Eukaryota,d:TSAR,p:Alveolata-Dinoflagellata,c:Dinophyceae,o:Peridiniales,"
    "f:Exampleaceae,g:Examplium,s:Examplium_marinum",
    "AB000002.1.120_U;tax=k:Eukaryota,d:TSAR,p:Gyrista,c:Diatomeae,o:Diatomeae_X,f:Diatomeae_XX,g:Diatomeae_XXX,"
    "s:Diatomeae_XXX_sp.",
)
GTDB_BACTERIA = (
    "RS_GCF_000000001.1 d__Bacteria;p__Bacillota;c__Bacilli;o__Abales;f__Abaceae;g__Abacus;s__Abacus oeni "
    "[locus_tag=NZ_AAAA01000009.1] [location=77871..79431] [ssu_len=1561] [contig_len=79790]",
    "GB_GCA_000000002.1 d__Bacteria;p__Bacillota_A;c__Clostridia;o__Bales;f__Baceae;g__Clostridium_X;"
    "s__Clostridium_X sp000002 [locus_tag=B] [location=1..99] [ssu_len=99] [contig_len=100]",
)
GTDB_ARCHAEA = (
    "RS_GCF_000000003.1 d__Archaea;p__Thermoproteota;c__Nitrososphaeria;o__Cales;f__Caceae;g__Caldus;s__Caldus ruber "
    "[locus_tag=C] [location=1..99] [ssu_len=99] [contig_len=100]",
)
RDP_TRAINSET = (
    "AB000001|S001000001\tRoot;Bacteria;Bacillota;Bacilli;Lactobacillales;Abaceae;Abacus",
    "AB000002|S001000002\tRoot;Bacteria;Pseudomonadota;Alphaproteobacteria;Bales;Baceae;Bacus",
)
RDP_RELEASE = (
    'S000000001 uncultured bacterium; YRM60\tLineage=Root;rootrank;Bacteria;domain;"Actinobacteria";phylum;'
    "Actinobacteria;class;Acidimicrobidae;subclass;Acidimicrobiales;order;Acidimicrobiaceae;family;Acidus;genus",
)
DADA2_TRAINSET = (
    "Bacteria;Bacillota;Bacilli;Lactobacillales;Abaceae;Abacus;oeni;",
    "Bacteria;Bacillota;Bacilli;Lactobacillales;Abaceae;Abacus;",
    "Bacteria;Bacillota;Bacilli;Lactobacillales;Abaceae;Abacus;",
)
DADA2_SPECIES = ("AA000001.1.120 Abacus oeni", "AA000002.1.120 Bacus ruber")
SINTAX = (
    'AB000001_S001;tax=d:Bacteria,p:"Bacillota",c:Bacilli,o:Lactobacillales,f:Abaceae,g:Abacus;',
    "AB000002_S002;tax=d:Bacteria,p:Pseudomonadota,f:Baceae,g:Bacus;",
)
MIDORI = "root_1;Eukaryota_2759;Chordata_7711;Mammalia_40674;order_Hominidae_9604;Hominidae_9604;Homo_9605;Homo {}_9606"
MIDORI_SINTAX = (
    "AF000001.1.2.3;tax=k:Eukaryota_2759,p:Chordata_7711,c:Mammalia_40674,f:Hominidae_9604,g:Homo_9605,s:Homo_alba_9606",
)
UNITE = (
    "Abcus_albus|KX000001|SH1000001.10FU|refs|k__Fungi;p__Ascomycota;c__Ac;o__Ao;f__Af;g__Abcus;s__Abcus_albus",
    "Glomus_sp|KX000002|SH1000002.10FU|reps|k__Fungi;p__Glomeromycota;c__Gc;o__Go;f__Gf;g__Glomus;s__Glomus_sp",
)
UNITE_QIIME = (
    "Feature ID\tTaxon",
    "SH1000001.10FU_KX000001_refs\tk__Fungi;p__Ascomycota;g__Abcus;s__Abcus_albus;sh__SH1000001.10FU",
    "SH1000002.10FU_KX000002_reps\tk__Fungi;p__Glomeromycota;g__Glomus;s__Glomus_sp;sh__SH1000002.10FU",
)
ITSONEDB = ("KC000001_ITS1_GB|Vibrio natriegens|9999|ITS1 located by ENA annotation, 120bp ",)
TAXDUMP = {
    "nodes.dmp": "1\t|\t1\t|\tno rank\t|\n2\t|\t1\t|\tsuperkingdom\t|\n11\t|\t2\t|\tspecies\t|\n"
    "662\t|\t2\t|\tgenus\t|\n663\t|\t662\t|\tspecies\t|\n",
    "names.dmp": "".join(
        f"{number}\t|\t{name}\t|\t\t|\tscientific name\t|\n"
        for number, name in (
            (1, "root"),
            (2, "Bacteria"),
            (11, "Vibrio natriegens"),
            (662, "Vibrio"),
            (663, "Vibrio exemplaris"),
        )
    ),
    "merged.dmp": "9999\t|\t11\t|\n",
}
UNIREF = ("UniRef50_A0A001 Nitrite reductase n=3 Tax=Vibrio TaxID=662 RepID=A0A001_VIB",)
SWISSPROT = ("sp|P00001|ABC_VIBEX Nitrite reductase OS=Vibrio exemplaris OX=662 GN=nirK PE=1 SV=2",)
REFSEQ = (
    "WP_000000001.1 MULTISPECIES: DNA gyrase subunit A [Vibrio]",
    "WP_000000002.1 sulfite reductase [NADPH] flavoprotein alpha-component [Candidatus Exemplum maris]",
)
MARREF = ("WP_000000003.1_MMP0001 acetate kinase (EC 2.7.2.1) [Vibrio exemplaris] [mmp_id=MMP0001] [mmp_db=marref]",)
KO_LIST = (
    "knum\tthreshold\tscore_type\tprofile_type\tF-measure\tnseq\tnseq_used\talen\tmlen\teff_nseq\tre/pos\tdefinition",
    "K00001\t329.57\tdomain\ttrim\t0.23\t1473\t1069\t1798\t371\t17.12\t0.590\talcohol dehydrogenase [EC:1.1.1.1]",
    "K00002\t277.79\tfull\tall\t0.92\t857\t652\t781\t354\t3.38\t0.590\tdehydrogenase (NADP+) [EC:1.1.1.2 1.1.1.-]",
    "K00003\t-\t-\t-\t-\t16\t-\t-\t-\t-\t-\thomoserine dehydrogenase [EC:1.1.1.3]",
)


HMM_PGAP = (
    "#ncbi_accession\tsource_identifier\tlabel\tsequence_cutoff\tdomain_cutoff\tproduct_name\tgene_symbol\tec_numbers\tgo_terms",
    "NF000001.1\tNF000001\tabc\t12\t12\tnitrite reductase\tnirK\t1.7.2.1\tGO:0050421,GO:0005507",
    "TIGR00001.1\tTIGR00001\trpmI_bact\t12\t12\tribosomal protein bL35\trpmI\t\t",
)


def dna(headers: Iterable[str]) -> bytes:
    """A FASTA file of random bases."""
    return _fasta(headers, "ACGT", 120)


def rna(headers: Iterable[str]) -> bytes:
    """The same, of RNA, as SILVA has it."""
    return _fasta(headers, "ACGU", 120)


def protein(headers: Iterable[str]) -> bytes:
    """A FASTA file of random residues."""
    return _fasta(headers, "ACDEFGHIKLMNPQRSTVWY", 60)


def marker_protein(headers: Iterable[str]) -> bytes:
    """A FASTA file of a ribosomal protein (COG0093) of a real organism, under each of the headers."""
    text = (TINY_MARKERS / "proteins.fasta").read_text()
    _, _, residues = next(one for one in text.split(">") if one.startswith("COG0093.")).partition("\n")
    return "".join(f">{header}\n{residues}" for header in headers).encode()


def table(rows: Iterable[str]) -> bytes:
    return "".join(f"{row}\n" for row in rows).encode()


@cache
def profile(
    name: str,
    accession: str = "",
    letters: str = "MKVLAAGITGLTW",
    kind: str = "amino",
    gathering: float | None = None,
    trusted: float | None = None,
) -> bytes:
    """A HMMER3 profile of one sequence, as text."""
    alphabet = getattr(pyhmmer.easel.Alphabet, kind)()
    sequence = pyhmmer.easel.TextSequence(name=name.encode(), sequence=letters).digitize(alphabet)
    hmm, _, _ = pyhmmer.plan7.Builder(alphabet, seed=1).build(sequence, pyhmmer.plan7.Background(alphabet))
    hmm.accession = accession or None
    hmm.cutoffs.gathering = None if gathering is None else (gathering, gathering)
    hmm.cutoffs.trusted = None if trusted is None else (trusted, trusted)
    content = io.BytesIO()
    hmm.write(content)
    return content.getvalue()


def archive(members: dict[str, bytes]) -> bytes:
    """A tar archive, gzip-compressed."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        for name, text in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text))
    return content.getvalue()


def published_files() -> dict[str, bytes]:
    """File name as published → content. Names that end in ``.gz`` are gzip."""
    names = [row.split("\t")[0] for row in QIIME_132]
    pr2_names = [header.split("|")[0] for header in PR2_LONG]
    ncbifam = {name: profile(name, f"{name}.1", trusted=12) for name in ("NF000001", "TIGR00001")}
    kofam = {f"profiles/K0000{number}.hmm": profile(f"K0000{number}") for number in (1, 2, 3)}
    files = {
        "own.faa": protein(["a one", "b two"]),
        "own.hmm": profile("own"),
        "own.fasta": dna(["r1", "r2"]),
        "own.tsv": table(["r1\tk__Bacteria; p__Bacillota", "r2\tk__Bacteria; p__Bacteroidota"]),
        "SILVA_138.2_SSURef_NR99_tax_silva.fasta.gz": rna(SILVA),
        "SILVA_138.2_LSURef_NR99_tax_silva.fasta.gz": rna(SILVA),
        "tax_slv_ssu_138.2.txt.gz": table(SILVA_RANKS),
        "silva_132_99_16S.fna": dna(names),
        "taxonomy_7_levels.txt": table(QIIME_132),
        "dna-sequences.fasta": dna(names),
        "taxonomy.tsv": table(QIIME_138),
        "pr2_version_5.0.0_SSU_taxo_long.fasta.gz": dna(PR2_LONG),
        "pr2_version_5.0.0_SSU_mothur.fasta.gz": dna(pr2_names),
        "pr2_version_5.0.0_SSU_mothur.tax.gz": table(
            f"{name}\t{lineage};" for name, lineage in zip(pr2_names, PR2_NAMES, strict=True)
        ),
        "pr2_version_5.0.0_SSU_dada2.fasta.gz": dna(f"{lineage};" for lineage in PR2_NAMES),
        "pr2_version_5.0.0_SSU_UTAX.fasta.gz": dna(PR2_UTAX),
        "bac120_ssu_reps.fna.gz": dna(GTDB_BACTERIA),
        "ar53_ssu_reps.fna.gz": dna(GTDB_ARCHAEA),
        "trainset19_072023.fa": dna(RDP_TRAINSET),
        "current_Bacteria_unaligned.fa.gz": dna(RDP_RELEASE),
        "silva_nr99_v138.2_toSpecies_trainset.fa.gz": dna(DADA2_TRAINSET),
        "silva_v138.2_assignSpecies.fa.gz": dna(DADA2_SPECIES),
        "rdp_16s_v18.fa.gz": dna(SINTAX),
        "MIDORI2_UNIQ_NUC_GB269_CO1_RDP.fasta.gz": dna([f"AF000001.1.<1.>648\t{MIDORI.format('alba')}"]),
        "MIDORI2_UNIQ_NUC_GB269_srRNA_RAW.fasta.gz": dna([f"AF000001.1.2.3###{MIDORI.format('alba')}"]),
        "MIDORI2_UNIQ_NUC_GB269_lrRNA_SINTAX.fasta.gz": dna(MIDORI_SINTAX),
        "sh_general_release_dynamic_19.02.2025.fasta": dna(UNITE),
        "sh_refs_qiime_ver10_dynamic_19.02.2025.fasta": dna(row.split("\t")[0] for row in UNITE_QIIME[1:]),
        "sh_taxonomy_qiime_ver10_dynamic_19.02.2025.txt": table(UNITE_QIIME),
        "ITSoneDB_total_fasta_rel138.fa.gz": dna(ITSONEDB),
        "uniref50.fasta.gz": protein(UNIREF),
        "uniprot_sprot.fasta.gz": protein(SWISSPROT),
        "bacteria.nonredundant_protein.1.protein.faa.gz": protein(REFSEQ[:1]),
        "bacteria.nonredundant_protein.2.protein.faa.gz": protein(REFSEQ[1:]),
        "MarRef_v6_proteins.faa.gz": protein(MARREF),
        "mardb_proteins_V6.faa.gz": marker_protein(MARREF),
        "uniref90.fasta.gz": protein(UNIREF),
        "gtdb_proteins.faa.gz": marker_protein(
            ["AB000001.1_1 # 1 # 99 # 1 # ID=1_1", "AB000002.1_1 # 3 # 98 # -1 # ID=2_1"]
        ),
        "gtdb_proteins.tsv": table(
            ("AB000001.1_1\td__Bacteria;p__Bacillota;g__Abacus;s__Abacus oeni", "AB000002.1_1\td__Archaea;g__Caldus")
        ),
        "Pfam-A.hmm.gz": profile("Abc_N", "PF00001.1", gathering=20) + profile("Abc_C", "PF00002.1", gathering=21),
        "hmm_PGAP.LIB": b"".join(ncbifam.values()),
        "hmm_PGAP.tsv": table(HMM_PGAP),
        "ko_list.gz": table(KO_LIST),
        **{name: text.encode() for name, text in TAXDUMP.items()},
    }
    packed = {name: gzip.compress(text) if name.endswith(".gz") else text for name, text in files.items()}
    packed["hmm_PGAP.HMM.tgz"] = archive({f"hmm_PGAP/{name}.1.HMM": text for name, text in ncbifam.items()})
    packed["profiles.tar.gz"] = archive({**kofam, "profiles/prokaryote.hal": b"K00001.hmm\n"})
    return packed


def _fasta(headers: Iterable[str], letters: str, length: int) -> bytes:
    chance = random.Random(length + len(letters))
    return "".join(f">{header}\n{''.join(chance.choices(letters, k=length))}\n" for header in headers).encode()
