"""Random pairs in which everything happens that the rules of trim_reads look at."""

from __future__ import annotations

import random

from plain_trimming import Pair, Read

from metapipe.formats.fasta_text import reverse_complement


def random_pair(choice: random.Random, name: str, adapters: tuple[str, str], longest: int = 120) -> Pair:
    """A pair from an insert of any length, with adapters whole or damaged, errors, odd letters and bad bases."""
    insert = "".join(choice.choices("ACGT", k=choice.choice([0, 1, 5, choice.randint(0, 2 * longest)])))
    mates = []
    for mate, adapter in enumerate(adapters):
        bases = insert if mate == 0 else reverse_complement(insert.encode()).decode()
        lost = choice.choice([0, 0, 0, 1, 2, 3, 4, 5])
        bases += adapter[lost:] + "".join(choice.choices("ACGT", k=choice.randint(0, longest)))
        length = choice.choice([longest, longest, choice.randint(0, longest), choice.randint(0, 35)])
        mates.append(_read(choice, f"{name} {mate + 1}:N:0", bases[:length]))
    return mates[0], mates[1]


def _read(choice: random.Random, header: str, bases: str) -> Read:
    errors = choice.choice([0, 0, 0.02, 0.1])
    odd = choice.choice([0, 0, 0, 0.05])
    letters = [choice.choice("ACGT") if choice.random() < errors else base for base in bases]
    letters = [choice.choice("NNn.RYSacgtuU") if choice.random() < odd else base for base in letters]
    scores = [choice.randint(25, 41)] * len(letters)
    for _ in range(choice.randint(0, 2)):
        for place in range(choice.randint(0, len(letters)), choice.randint(0, len(letters))):
            scores[place] = choice.randint(0, 30)
    return header, "".join(letters), "".join(chr(33 + score) for score in scores)


def random_pairs(seed: int, count: int, adapters: tuple[str, str], longest: int = 120) -> list[Pair]:
    """The same pairs for the same seed, on any machine."""
    choice = random.Random(seed)
    return [random_pair(choice, f"pair.{number}", adapters, longest) for number in range(count)]
