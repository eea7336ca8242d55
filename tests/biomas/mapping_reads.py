"""Reads made from the references of the tiny 16S database, each with what it is meant to show in its name."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from made_reads import Read, dna, other_strand

from metapipe.runner.declare.elements import Database

DATA = Path(__file__).parents[2] / "test-data"
FOLDER = DATA / "refdb/biomas-tiny-16s/1"
DATABASE = Database("biomas-tiny-16s", "1", "amplicon", FOLDER, "")


@cache
def references() -> dict[str, str]:
    """Name -> bases."""
    records = (FOLDER / "references.fasta").read_text().split(">")[1:]
    return {head: "".join(lines) for head, *lines in (record.split() for record in records)}


def changed(bases: str, substitutions: int, seed: int) -> str:
    """The bases with so many of them, far from the ends, replaced by others."""
    choice, letters = random.Random(seed), list(bases)
    for place in choice.sample(range(20, len(bases) - 20), substitutions):
        letters[place] = choice.choice("ACGT".replace(letters[place], ""))
    return "".join(letters)


def read(name: str, bases: str) -> Read:
    choice = random.Random(name)
    return name, bases, "".join(choice.choices("?DIII", k=len(bases)))


def single_reads() -> Iterator[Read]:
    """Reads of 250 bases and odd ones, as dereplication leaves them."""
    for number, (name, bases) in enumerate(list(references().items())[::6], 1):
        region = bases[500:750]
        substitutions = (0, 3, 12, 24, 40)[number % 5]
        yield read(f"{name}-less-{substitutions};size={50 // number}", changed(region, substitutions, number))
        yield read(f"{name}-reverse-indel;size=2", other_strand(region[:120] + region[123:200] + "TT" + region[200:]))
    first, second, *_ = references().values()
    yield read("chimera;size=1", first[300:430] + second[430:560])
    yield read("adapter_at_both_ends;size=4", dna(1, 30) + first[300:500] + dna(2, 30))
    yield read("lower case, RNA and N".replace(" ", "_"), first[300:500].lower().replace("t", "u")[:150] + "N.RY-n")
    yield read("odd'name\"$(x)|;&\\<b>;size=7", second[400:600])
    yield read("same_as_the_next;size=2", second[400:600])
    yield "equal_1;size=2", second[600:800], "I" * 200
    yield "equal_2;size=3", second[600:800], "I" * 200
    yield read("nothing_like_it;size=11", dna(3, 250))
    yield read("only_N", "N" * 60)
    yield read("one_base", "A")
    yield read("two_bases", "AC")
    yield read("none", "")


def read_pairs() -> Iterator[tuple[Read, Read]]:
    """Pairs of 150 bases, 450 bases apart at most, and odd ones."""

    def pair(name: str, first: str, second: str) -> tuple[Read, Read]:
        return read(f"{name}/1", first), read(f"{name}/2", second)

    names = list(references())[::8]
    for number, name in enumerate(names):
        bases, substitutions = references()[name][400:850], (0, 4, 10)[number % 3]
        yield pair(f"{name}-less-{substitutions}", changed(bases[:150], substitutions, 1), other_strand(bases[-150:]))
        yield pair(f"{name}-turned;size=3", other_strand(bases[-150:]), bases[:150])
    first, second = (references()[name] for name in (names[0], names[-1]))
    yield pair("mates_disagree", first[100:250], other_strand(second[400:550]))
    yield pair("only_first", first[100:250], dna(4, 150))
    yield pair("only_second", dna(5, 150), other_strand(first[400:550]))
    yield pair("both_strange", dna(6, 150), dna(7, 150))
    yield pair("too_far_apart_to_be_a_pair", first[:100], first[200:300])
    yield pair("first_empty", "", other_strand(first[400:550]))
    yield pair("second_empty", first[400:550], "")
    yield pair("both_empty", "", "")
    yield pair("both_N", "NNNN", "N" * 50)
    yield pair("one_base_each", "A", "C")
