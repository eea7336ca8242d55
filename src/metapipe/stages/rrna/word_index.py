"""The words of eight bases of a database's references: which references have a word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from metapipe.errors import MetapipeError
from metapipe.formats.called_bases import called_bases
from metapipe.formats.kmers import kmer_codes, two_bits
from metapipe.taxa.taxonomy import Taxonomy

Ints = npt.NDArray[np.int64]

#: SINTAX's length of a word, in bases.
WORD = 8
FASTA = "references.fasta"
_STARTS, _REFERENCES = "word_starts.npy", "word_references.npy"


@dataclass(frozen=True, eq=False)
class WordIndex:
    """Word → references that have it, each once, ascending.

    :param starts: of each word's references in ``references``, and the end; 4⁸ + 1 numbers.
    :param references: their numbers in the taxonomy.
    """

    starts: Ints
    references: npt.NDArray[np.int32]

    def having(self, word: int) -> npt.NDArray[np.int32]:
        """The references that have a word."""
        return self.references[self.starts[word] : self.starts[word + 1]]


def words_of(sequence: bytes) -> Ints:
    """The different words of a sequence, ascending; those with a letter that is no base are left out."""
    codes, called = kmer_codes(two_bits(called_bases(sequence)), WORD)
    return np.unique(codes[called]).astype(np.int64)


def write_word_index(database: Path, taxonomy: Taxonomy, folder: Path) -> None:
    """Leave in ``folder`` the index of a database's references for :func:`read_word_index`.

    :raises MetapipeError: E206 for a reference that the taxonomy does not know.
    """
    numbers: list[npt.NDArray[np.int32]] = []
    words: list[npt.NDArray[np.uint16]] = []
    for name, sequence in _references(database / FASTA):
        number = taxonomy.reference_numbers.get(name)
        if number is None:
            raise MetapipeError("E206", file=database / FASTA, expected="references with a taxon", found=name)
        words.append(words_of(sequence).astype(np.uint16))
        numbers.append(np.full(len(words[-1]), number, np.int32))
    all_words, all_numbers = np.concatenate(words), np.concatenate(numbers)
    order = np.lexsort((all_numbers, all_words))
    counts = np.bincount(all_words, minlength=4**WORD)
    np.save(folder / _STARTS, np.r_[0, np.cumsum(counts)])
    np.save(folder / _REFERENCES, all_numbers[order])


def read_word_index(folder: Path) -> WordIndex:
    """Read what :func:`write_word_index` has left; the references stay in the file."""
    return WordIndex(np.load(folder / _STARTS), np.load(folder / _REFERENCES, mmap_mode="r"))


def _references(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        content = path.read_bytes()
    except OSError:
        raise MetapipeError("E206", "cannot be read", file=path) from None
    for record in content.removeprefix(b">").split(b"\n>"):
        header, _, lines = record.partition(b"\n")
        if header.split():
            yield header.split()[0].decode(), lines.replace(b"\n", b"")
