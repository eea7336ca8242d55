"""Words of the page that a reader may not know."""

from __future__ import annotations

READ_GLOSSARY: tuple[tuple[str, str], ...] = (
    ("Read pair", "The two ends of one DNA fragment, read by the sequencer."),
    ("Trimming", "Cutting off adapters and bad ends of reads, and leaving out reads that become too short."),
)

#: Words of an annotation.
GENE_GLOSSARY: tuple[tuple[str, str], ...] = (
    ("Contig", "A longer piece of a genome, put together from overlapping reads."),
    ("N50", "Half of all assembled bases lie in contigs of this length or longer."),
    ("Gene", "A stretch of a contig predicted to code for a protein."),
    ("Cut gene", "A gene that runs over the end of its contig, so that a part of it is missing."),
    ("Protein hit", "A known protein that resembles a gene's protein; it lends the gene its product and EC number."),
    ("Domain", "A building block shared by many proteins, recognised by a profile of its family."),
    (
        "Significant",
        "A protein hit with an e-value of 1e-5 or less and at least 30 % identity or 40 % similarity over the "
        "gene's protein; a domain at or above its family's own threshold (GA, else TC), or with an e-value of 1e-4 or "
        "less where its family has none.",
    ),
    ("EC number", "The Enzyme Commission's number of a reaction, such as 2.7.7.6. A dash marks an open place."),
)

#: Words of the part *Who is there*.
WHO_GLOSSARY: tuple[tuple[str, str], ...] = (
    ("Taxon, rank", "A group of organisms, such as the genus Vibrio; ranks go from domain, the widest, to species."),
    ("16S, 18S", "The rRNA of the small subunit of the ribosome: of bacteria and archaea, of eukaryotes."),
    ("Unclassified", "Resembles nothing in the database well enough to be given any taxon."),
)
