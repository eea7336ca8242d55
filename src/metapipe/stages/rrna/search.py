"""Find rRNA genes in reads and contigs with HMMER, in process, by the rule of META-pipe: E at most 1e-4.

Short sequences are searched as META-pipe searches reads, with ``hmmsearch``, but on both strands; longer ones with
``nhmmer``, which is made for them. An E-value counts chance hits in a collection, whose size would make the verdict on
a read another one in every sample and in every block. So the size is pinned: E is for ten thousand reads, or for
100 million bases of longer sequences, whatever the sample's size.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from pyhmmer.easel import DigitalSequence, DigitalSequenceBlock, TextSequence
from pyhmmer.hmmer import hmmsearch, nhmmer

from metapipe.formats.called_bases import called_bases
from metapipe.stages.rrna.models import RNA, RrnaModel
from metapipe.stages.rrna.regions import Region, best_regions

#: Longest sequence that is searched as a read, in bases.
LONGEST_READ = 1000
#: Z of both: reads for ``hmmsearch``, megabases for ``nhmmer``.
READS, MEGABASES = 10_000, 100
#: Bases that are searched together.
_BATCH = 1_000_000

One = TypeVar("One")


def in_batches(every: Iterable[One], bases: Callable[[One], int]) -> Iterator[list[One]]:
    """Yield sequences, or what holds some, as many at a time as are worth searching together."""
    waiting: list[One] = []
    held = 0
    for one in every:
        waiting.append(one)
        held += bases(one)
        if held >= _BATCH:
            yield waiting
            waiting, held = [], 0
    if waiting:
        yield waiting


def find_rrna(models: Sequence[RrnaModel], sequences: Sequence[bytes], max_evalue: float) -> list[list[Region]]:
    """Return the rRNA regions of each sequence, from left to right; most have none.

    What is found in one sequence does not depend on the others.

    :param sequences: any letters; what is no base counts as N. :param max_evalue: of a region by itself.
    """
    short, long = DigitalSequenceBlock(RNA), DigitalSequenceBlock(RNA)
    for number, sequence in enumerate(sequences):
        if sequence:
            (short if len(sequence) <= LONGEST_READ else long).append(_digital(number, sequence))
    found: defaultdict[int, list[Region]] = defaultdict(list)
    for model in models:
        for number, region in _in_reads(model, short, max_evalue):
            found[number].append(region)
        for number, region in _in_contigs(model, long, max_evalue):
            found[number].append(region)
    return [best_regions(found.get(number, ())) for number in range(len(sequences))]


def _digital(number: int, sequence: bytes) -> DigitalSequence[Any]:
    text = TextSequence(name=str(number), sequence=called_bases(sequence).decode("ascii"))
    return text.digitize(RNA)


def _in_reads(model: RrnaModel, reads: DigitalSequenceBlock[Any], max_evalue: float) -> Iterator[tuple[int, Region]]:
    if not len(reads):
        return
    reversed_reads = DigitalSequenceBlock(RNA, [read.reverse_complement() for read in reads])
    limits = {"E": max_evalue, "domE": max_evalue, "Z": READS, "domZ": READS}
    search: Any = hmmsearch  # typed by kind of model
    for strand, some in (("+", reads), ("-", reversed_reads)):
        for hits in search([model.profile], some, cpus=1, **limits):
            for hit in hits:
                for domain in hit.domains:
                    if hit.reported and domain.reported:
                        first, last = domain.env_from, domain.env_to
                        if strand == "-":
                            first, last = hit.length + 1 - last, hit.length + 1 - first
                        yield int(hit.name), _region(model, domain, domain.i_evalue, strand, first, last)


def _in_contigs(
    model: RrnaModel, contigs: DigitalSequenceBlock[Any], max_evalue: float
) -> Iterator[tuple[int, Region]]:
    if not len(contigs):
        return
    search: Any = nhmmer
    for hits in search([model.hmm], contigs, cpus=1, E=max_evalue, Z=MEGABASES):
        for hit in hits:
            if hit.reported:
                domain = hit.best_domain
                ends = sorted((domain.env_from, domain.env_to))
                yield int(hit.name), _region(model, domain, hit.evalue, domain.strand, *ends)


def _region(model: RrnaModel, domain: Any, evalue: float, strand: str, start: int, end: int) -> Region:
    return Region(
        start=start,
        end=end,
        strand=strand,
        gene=model.gene,
        domain=model.domain,
        score=round(domain.score, 1),
        evalue=float(f"{evalue:.2e}"),
        model_start=domain.alignment.hmm_from,
        model_end=domain.alignment.hmm_to,
        model_length=model.length,
    )
