"""Fixed words of the page: what the measures mean, and where they come from."""

from __future__ import annotations

from metapipe.reporting.citations import GALAXY, Citation

GLOSSARY: tuple[tuple[str, str], ...] = (
    ("Read", "A read, or a pair of reads, whichever was classified; of rRNA, a sequence that was cut out."),
    (
        "Rank",
        "Domain, phylum, class, order, family, genus, species. A read that is named at one is named at all above.",
    ),
    ("Unclassified", "Resembles nothing in the database well enough to be given any taxon."),
    ("Observed", "Taxa of this rank with at least one read in the sample."),
    ("Chao1", "Taxa there are at least, guessed from how many were seen once and how many twice (bias-corrected)."),
    ("Rarefied", "Taxa to expect in a random part of the reads, as many as the smallest sample has. Exact, not drawn."),
    ("Shannon", "Grows with the number of taxa and with their evenness; −Σ p ln p, in nats."),
    ("Simpson", "Chance that two reads are of two different taxa, 1 − Σ p²; near 0 where one taxon rules."),
    (
        "Bray–Curtis",
        "Distance of two samples, 0 to 1, computed from shares of the reads named at the rank: what one has more than "
        "the other, summed over all taxa. The numbers of reads do not enter.",
    ),
    ("PCoA", "Principal coordinate analysis: the map on which distances are shown as well as two axes can."),
    ("Alike", "Samples ordered by average linkage (UPGMA) of their Bray–Curtis distances."),
)

CITATIONS = (
    GALAXY,
    Citation(
        "Shannon CE (1948) A mathematical theory of communication. Bell System Technical Journal 27:379–423.",
        "10.1002/j.1538-7305.1948.tb01338.x",
    ),
    Citation("Simpson EH (1949) Measurement of diversity. Nature 163:688.", "10.1038/163688a0"),
    Citation(
        "Chao A, Chiu CH (2016) Species richness: estimation and comparison. Wiley StatsRef: Statistics Reference "
        "Online (with Chao1, first in Scandinavian Journal of Statistics 11:265–270, 1984).",
        "10.1002/9781118445112.stat03432.pub2",
    ),
    Citation(
        "Hurlbert SH (1971) The nonconcept of species diversity: a critique and alternative parameters. "
        "Ecology 52:577–586.",
        "10.2307/1934145",
    ),
    Citation(
        "Bray JR, Curtis JT (1957) An ordination of the upland forest communities of southern Wisconsin. "
        "Ecological Monographs 27:325–349.",
        "10.2307/1942268",
    ),
    Citation(
        "Gower JC (1966) Some distance properties of latent root and vector methods used in multivariate analysis. "
        "Biometrika 53:325–338.",
        "10.1093/biomet/53.3-4.325",
    ),
)
