"""Distinct amplicon reads, pairs, and a large collection of references, for the speed of BioMaS's search."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.amplicons.communities import V3_V4, V4
from metapipe.demo.amplicons import FragmentSpec, cut, divide
from metapipe.formats.fasta_text import reverse_complement
from metapipe.refdb.readers.proteins import read_fasta, write_fasta

#: Species whose amplicons are sequenced, the spread of their amounts (log-normal), wrong bases of a read, and how many
#: of those are left out or doubled.
SPECIES, SIGMA, WRONG, GAPS = 1_000, 1.5, 0.005, 0.05
SEED = 2026_11_28
_READ_LENGTH = 150


def references(database: Path) -> dict[str, str]:
    """Name -> bases."""
    return {header.split()[0]: bases for header, bases in read_fasta(database / "references.fasta")}


def amplicons(found: Mapping[str, str], region: FragmentSpec, dice: random.Random) -> list[str]:
    """Cut the region out of references drawn by chance."""
    names = sorted(found)
    dice.shuffle(names)
    cuts = (cut(found[name], region) for name in names)
    return list(itertools.islice((bases for bases in cuts if bases and len(bases) > _READ_LENGTH), SPECIES))


def sequenced(bases: str, dice: random.Random) -> str:
    """A read with errors that are independent of each other."""
    letters = list(bases)
    for place, letter in enumerate(letters):
        if dice.random() < WRONG:
            other = dice.choice("ACGT".replace(letter, ""))
            letters[place] = dice.choice(("", letter * 2)) if dice.random() < GAPS else other
    return "".join(letters)


def _drawn(found: Mapping[str, str], region: FragmentSpec, dice: random.Random) -> Iterator[str]:
    cuts = amplicons(found, region, dice)
    amounts = divide(1_000_000, [dice.lognormvariate(0, SIGMA) for _ in cuts])
    while True:
        yield dice.choices(cuts, amounts)[0]


def write_reads(database: Path, target: Path, number: int) -> None:
    """Write distinct V4 reads, primers included, as FASTQ."""
    dice = random.Random(SEED)
    reads: set[str] = set()
    for bases in _drawn(references(database), V4, dice):
        reads.add(sequenced(bases, dice))
        if len(reads) == number:
            break
    target.write_text("".join(f"@r{n}\n{bases}\n+\n{'I' * len(bases)}\n" for n, bases in enumerate(sorted(reads))))


def write_pairs(database: Path, targets: tuple[Path, Path], number: int) -> None:
    """Write pairs of 2 × 150 bases of V3-V4 amplicons, which do not overlap."""
    dice = random.Random(SEED + 1)
    with targets[0].open("w") as first, targets[1].open("w") as second:
        for n, bases in enumerate(itertools.islice(_drawn(references(database), V3_V4, dice), number)):
            other = reverse_complement(bases[-_READ_LENGTH:].encode()).decode()
            for file, mate in ((first, bases[:_READ_LENGTH]), (second, other)):
                read = sequenced(mate, dice)
                file.write(f"@p{n}\n{read}\n+\n{'I' * len(read)}\n")


def write_relatives(database: Path, target: Path, number: int) -> None:
    """Write the database's references and relatives of them, 0.2 to 10 % different, as many as wanted in all."""
    dice = random.Random(SEED + 2)
    found = references(database)
    with target.open("w") as fasta:
        for n, (name, bases) in zip(range(number), itertools.cycle(sorted(found.items())), strict=False):
            letters = list(bases)
            if n >= len(found):
                share = dice.choice((0.002, 0.01, 0.02, 0.05, 0.1))
                for place in dice.sample(range(len(letters)), int(share * len(letters))):
                    letters[place] = dice.choice("ACGT")
            write_fasta(fasta, name if n < len(found) else f"{name}-{n}", "".join(letters))
