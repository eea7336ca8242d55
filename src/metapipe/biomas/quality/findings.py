"""What the reads' quality means, in plain words: rules with a limit, a reason and what can be done.

Limits that FastQC has (Andrews 2010) are FastQC's: quality at a position (median 25, lower quartile 10), N (5 % at a
position), adapters (5 % of the reads). FastQC's rules on base content, GC and duplicates are left out: amplicons break
all three by nature.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from metapipe.biomas.quality.mate import Mate, Position
from metapipe.biomas.quality.profile import ADAPTERS
from metapipe.reporting.axis import percent, whole_number
from metapipe.reporting.hint import Hint

GOOD_MEDIAN, GOOD_QUARTILE = 25, 10
FEW_PAIRS = 1_000
N_SHARE = 0.05
ADAPTER_SHARE = 0.05
LOW_MEAN, LOW_MEAN_SHARE = 20, 0.10
#: What Illumina promises for MiSeq runs of 2 × 300 bases, its worst.
Q30_SHARE = 0.70

#: Gravest first, then what is good.
LEVELS = ("stop", "look", "good", "note")

Mates = Sequence[Mate]


def findings(mates: Mates) -> list[Hint]:
    """Return what was found, gravest first; both mates in order within a level."""
    if not any(mate.bases for mate in mates):
        return [Hint("stop", "There are no reads with any base.", "Nothing can be done with them.", "Check the files.")]
    found = [hint for rule in RULES for hint in rule(mates)]
    return sorted(found, key=lambda hint: LEVELS.index(hint.level))


def weakness(at: Position) -> float:
    """Return by how much a position misses FastQC's limits (median 25, lower quartile 10); negative for a good one."""
    return max(GOOD_MEDIAN - at.median, GOOD_QUARTILE - at.p25)


def good_length(mate: Mate) -> int:
    """Return up to which base the reads are good.

    The end is cut where BWA and cutadapt would cut a read of these qualities: where the sum of weaknesses from there to
    the end is largest. A weak base between good ones does not end the good part.
    """
    worst, total, good = 0.0, 0.0, len(mate.positions)
    for place in range(len(mate.positions) - 1, -1, -1):
        total += weakness(mate.positions[place])
        if total > worst:
            worst, good = total, place
    last = mate.positions[good - 1] if good else None
    return (last.last or last.first) if last else 0


def along_the_reads(mates: Mates) -> Iterator[Hint]:
    """Say up to which base each file is good (:func:`good_length`) of its median length.

    All of it: nothing, if :func:`weak_stretches` will speak, else "good". From 80 % of it a note, from 50 % a look,
    below that a stop: mates that short rarely overlap, and the species tier needs 97 % identity.
    """
    for mate in mates:
        if not mate.bases:
            continue
        usual, good = int(mate.lengths.quantile(0.5)), good_length(mate)
        if good >= usual:
            if not weak_before_the_end(mate):
                yield Hint("good", f"{mate.label} is of good quality to its end.", "There is nothing to cut off.")
        elif good >= 0.5 * usual:
            yield Hint(
                "look" if good < 0.8 * usual else "note",
                f"{mate.label} is good up to base {good} of {usual}.",
                "Quality falls towards the end of a read, in R2 more than in R1.",
                "Merging uses the better of both mates where they overlap; the trimming step cuts bad ends off pairs "
                "that do not merge.",
            )
        else:
            yield Hint(
                "stop",
                f"{mate.label} is good up to base {good} of {usual} only.",
                "So many wrong bases keep mates from merging and reads from reaching the 97 % for a species.",
                "If you can, sequence again; else expect few merged reads, and names of genera rather than of species.",
            )


def weak_before_the_end(mate: Mate) -> list[Position]:
    """Return the weak positions inside the good part, when they are more than one in fifty."""
    end = good_length(mate)
    weak = [at for at in mate.positions if (at.last or at.first) <= end and weakness(at) > 0]
    return weak if len(weak) > 0.02 * len(mate.positions) else []


def weak_stretches(mates: Mates) -> Iterator[Hint]:
    """Yield one look for each file with weak positions before its good part ends, which trimming cannot cut off."""
    for mate in mates:
        if weak := weak_before_the_end(mate):
            yield Hint(
                "look",
                f"{mate.label} has {whole_number(len(weak))} weak bases between base {weak[0].first} and base "
                f"{weak[-1].last or weak[-1].first}, before its end.",
                "A cycle of the run went wrong (a bubble, dirt), or the first bases are too much alike.",
                "Trimming cuts ends only, so these bases stay; expect fewer merged reads.",
            )


def good_bases(mates: Mates) -> Iterator[Hint]:
    """Yield a look for each file of whose bases less than ``Q30_SHARE`` have quality 30 or better."""
    for mate in mates:
        share = mate.share_from(30)
        if mate.bases and share < Q30_SHARE:
            yield Hint(
                "look",
                f"Only {percent(share, 1)} of the bases of {mate.label} have quality 30 or better.",
                "Illumina promises 70 % for its longest MiSeq runs, more for others.",
                "The run was overloaded, or the reads are longer than the chemistry carries.",
            )


def bad_reads(mates: Mates) -> Iterator[Hint]:
    """Yield a look for each file with more than ``LOW_MEAN_SHARE`` of its reads below the mean quality ``LOW_MEAN``."""
    for mate in mates:
        low = sum(count for value, count in mate.mean_qualities.counts if value < LOW_MEAN)
        if low > LOW_MEAN_SHARE * mate.reads:
            yield Hint(
                "look",
                f"{percent(low, mate.reads)} of the {mate.label} reads have a mean quality below {LOW_MEAN}.",
                "More than one base in a hundred is wrong in them.",
                "They merge and match less often; BioMaS drops what it cannot place.",
            )


def unknown_bases(mates: Mates) -> Iterator[Hint]:
    """Yield a look for each file with a position of more than ``N_SHARE`` N, and name the worst one."""
    for mate in mates:
        bad = [at for at in mate.positions if at.shares["N"] > N_SHARE]
        if bad:
            worst = max(bad, key=lambda at: at.shares["N"])
            yield Hint(
                "look",
                f"{mate.label} has many unknown bases (N), up to {percent(worst.shares['N'], 1)} at base {worst.name}.",
                "The sequencer could not read this cycle well.",
                "An N counts as a difference to the reference.",
            )


def adapters(mates: Mates) -> Iterator[Hint]:
    """Yield a look for each adapter in more than ``ADAPTER_SHARE`` of a file's reads; one "good" when there is none."""
    for name, sequence in ADAPTERS.items():
        for mate in mates:
            reads = mate.adapter_reads(name)
            if reads > ADAPTER_SHARE * mate.reads:
                yield Hint(
                    "look",
                    f"{percent(reads, mate.reads)} of the {mate.label} reads run into the {name} adapter.",
                    "The amplicon is shorter than the reads: they go on into the adapter behind it.",
                    "Merge with vsearch, which cuts it off. For pairs that do not merge, give the trimming step "
                    f"{sequence.decode()} as adapter.",
                )
    total = sum(mate.reads for mate in mates)
    if not any(mate.adapter_reads(name) > ADAPTER_SHARE * mate.reads for name in ADAPTERS for mate in mates):
        seen = sum(mate.adapter_reads(name) for name in ADAPTERS for mate in mates)
        some = f"Found in {percent(seen, total)} of the reads." if seen else "None was found in any read."
        yield Hint("good", "Few adapters." if seen else "No adapters.", some)


def qualities_that_say_nothing(mates: Mates) -> Iterator[Hint]:
    """Yield a look when one score fills more than 99.9 % of the bases, a stop when the scores can only be Phred+64.

    Read as Phred+33, the characters of Phred+64 begin at 26 (``;``) and go beyond 60.
    """
    for mate in mates:
        scores = mate.qualities.counts
        if scores and max(count for _, count in scores) > 0.999 * mate.bases:
            score = max(scores, key=lambda item: item[1])[0]
            yield Hint(
                "look",
                f"All bases of {mate.label} have the same quality, {score:.0f}.",
                "The file holds no real qualities, as files of SRA Lite do.",
                "Nothing on this page about quality can be trusted; fetch the original file if there is one.",
            )
        elif scores and scores[0][0] >= 26 and scores[-1][0] > 60:
            yield Hint(
                "stop",
                f"The qualities of {mate.label} are written in the old Illumina way (Phred+64).",
                f"They go from {scores[0][0]:.0f} to {scores[-1][0]:.0f}; real ones end at about 42.",
                "Convert the files first, e.g. with FASTQ Groomer.",
            )


def number_of_pairs(mates: Mates) -> Iterator[Hint]:
    """Yield a look below ``FEW_PAIRS`` pairs, else a "good" with their number."""
    pairs = mates[0].reads
    if pairs < FEW_PAIRS:
        yield Hint(
            "look",
            f"There are only {whole_number(pairs)} pairs.",
            "What is rare in the sample is probably not among them, and shares are uncertain.",
            "For a survey of a community ten thousand pairs and more are usual.",
        )
    else:
        yield Hint("good", f"{whole_number(pairs)} pairs.", "Both files belong together, read by read.")


def same_beginning(mates: Mates) -> Iterator[Hint]:
    """Yield a note with the letters that all reads of a file begin with (:meth:`.Mate.beginning`)."""
    beginnings = [(mate.label, mate.beginning()) for mate in mates]
    alike = [f"{label} with {start}" for label, start in beginnings if start]
    if alike:
        yield Hint(
            "note",
            f"The reads begin alike: {', '.join(alike)}.",
            "That is the primer, or the conserved region behind it: normal for amplicons.",
        )


def read_lengths(mates: Mates) -> Iterator[Hint]:
    """Yield a note that names the files whose reads are not all of one length: somebody has trimmed them."""
    trimmed = [mate.label for mate in mates if mate.lengths.counts and mate.lengths.low < mate.lengths.high]
    if trimmed:
        yield Hint(
            "note",
            f"The {' and '.join(trimmed)} reads are of different length.",
            "They were trimmed before.",
            "Merging works best with untrimmed reads.",
        )


RULES: tuple[Callable[[Mates], Iterator[Hint]], ...] = (
    qualities_that_say_nothing,
    along_the_reads,
    weak_stretches,
    good_bases,
    bad_reads,
    adapters,
    unknown_bases,
    number_of_pairs,
    same_beginning,
    read_lengths,
)
