"""What becomes of reads that match references of which nothing is known: docs/biomas.md."""

from __future__ import annotations

import published_sets
import pytest

from metapipe.biomas.tables import KeptRow
from metapipe.biomas.taxa.tier_rules import Assigner, Kept, Rules
from metapipe.formats.table_rows import Place
from metapipe.refdb.builders.build import build_from_file
from metapipe.taxa.taxonomy import read_taxonomy

HEADERS = (
    "AA000001.1.120 Bacteria;Pseudomonadota;Gammaproteobacteria;Abales;Abaceae;Abacus;Abacus oeni",
    "AA000002.1.120 Bacteria;Pseudomonadota;Gammaproteobacteria;Abales;Abaceae;Abacus;uncultured bacterium",
    "AA000003.1.120 Bacteria;Pseudomonadota;Gammaproteobacteria;Abales;Abaceae;uncultured;uncultured bacterium",
    "AA000004.1.120 Bacteria;Pseudomonadota;Gammaproteobacteria;Abales;Abaceae;Bacus;human gut metagenome",
    "AA000005.1.120 Bacteria;Cyanobacteriota;Cyanobacteriia;Chloroplast;Vigna radiata",
)
KNOWN, UNCULTURED, NO_GENUS, METAGENOME, PLASTID = (header.split()[0] for header in HEADERS)


@pytest.fixture(scope="module")
def assigner(tmp_path_factory: pytest.TempPathFactory) -> Assigner:
    folder = tmp_path_factory.mktemp("silva")
    (folder / "silva.fasta").write_bytes(published_sets.rna(HEADERS))
    build_from_file("amplicon", folder / "silva.fasta", folder / "db", name="silva", version="1")
    return Assigner(read_taxonomy(folder / "db"), "silva:1", Rules())


@pytest.mark.parametrize(
    ("tier", "references", "rank", "name"),
    [
        # with a named species beside it, an uncultured reference has no say
        ("upper", (KNOWN, UNCULTURED), "species", "Abacus oeni"),
        ("lower", (KNOWN, UNCULTURED), "genus", "Abacus"),
        # alone it gives what is known above it, under a name that nobody takes for a species
        ("upper", (UNCULTURED,), "no rank", "uncultured bacterium Abacus"),
        ("lower", (UNCULTURED,), "no rank", "uncultured bacterium Abacus"),
        ("upper", (NO_GENUS,), "no rank", "uncultured Abaceae"),
        ("upper", (METAGENOME,), "no rank", "human gut metagenome Bacus"),
        # two of them meet in what they share
        ("upper", (UNCULTURED, NO_GENUS, METAGENOME), "family", "Abaceae"),
        # a plastid's host is no cyanobacterium
        ("upper", (PLASTID,), "species", "Vigna radiata (plastid)"),
        ("lower", (PLASTID,), "order", "Chloroplast"),
    ],
)
def test_a_place_holder_is_never_reported_as_a_species(
    assigner: Assigner, tier: str, references: tuple[str, ...], rank: str, name: str
) -> None:
    row = Kept(KeptRow("read", 1, tier, "99", " ".join(references)), Place("kept", 2))
    (assigned,) = assigner.assign([row])
    assert (assigned.rank, assigned.cells[2]) == (rank, name)


def test_no_place_holder_has_a_rank(assigner: Assigner) -> None:
    taxonomy = assigner.taxonomy
    flagged = [taxonomy.ranks[number] for number in range(len(taxonomy.names)) if taxonomy.unclassified[number]]
    assert flagged == ["no rank"] * 3
