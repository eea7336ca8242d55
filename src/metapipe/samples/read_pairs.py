"""Find the reads of samples in a folder: which files are mates, and what the sample is called.

The mates' numbers and words are those of reads (:mod:`metapipe.formats.mate_names`), after ``_``, ``.`` or ``-``:
``_R1_001.fastq.gz`` (bcl2fastq), ``_1.fastq.gz`` (ENA, SRA), ``_R1.fastq.gz``, ``.forward.fq``, ``_1_val_1.fq.gz``
(Trim Galore), with ``.fq`` and without ``.gz``.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from metapipe.digests import sha256_of
from metapipe.errors import MetapipeError
from metapipe.formats.mate_names import MATES, WORDS
from metapipe.samples.read_files import ENDING, check_first_bytes

_PACKED = re.compile(r"\.(fastq|fq)\.(bz2|xz|zst|lz4|zip|7z|rar|Z|tar|tar\.gz|tgz|sra)$", re.IGNORECASE)
_MATE = re.compile(
    rf"^(?P<sample>.+?)(?P<before>[._-])(?P<mate>{'|'.join(sorted(MATES, key=len, reverse=True))})"
    r"(?P<after>(_\d{3})?)(?P<trimmed>(_val_[12])?)(?P<suffix>\.(fastq|fq)(\.gz)?)$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Sample:
    """The files of one sequencing run.

    :param first: first mates; without ``second``, reads that are single, or both mates of pairs, one after the other.
    """

    name: str
    first: Path
    second: Path | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """Its file, or those of first and second mates."""
        return (self.first,) if self.second is None else (self.first, self.second)

    def digest(self) -> str:
        """Return the sha256 (hex) over its files as they lie on disk: the reads are known again by it."""
        total = hashlib.sha256()
        for path in self.files:
            total.update(bytes.fromhex(sha256_of(path)))
        return total.hexdigest()


def find_samples(folder: Path, *, single_too: bool = False) -> list[Sample]:
    """Return the samples in ``folder`` (not in its subfolders), ordered by name.

    :param single_too: a file whose name says nothing of mates is a sample; else it is refused.
    :raises MetapipeError: E201 no such folder or no FASTQ file in it; E106 a file without its mate; E107 two samples
        of one name; E102, E104, E105, E108 a file that is visibly no FASTQ file (its first bytes are looked at), or is
        packed in another way than gzip.
    """
    if not folder.is_dir():
        raise MetapipeError("E201", "no such folder", file=folder, expected="a folder with FASTQ files")
    for path in sorted(folder.iterdir()):
        if _PACKED.search(path.name):  # not left out in silence: it may be a sample
            raise MetapipeError("E102", "is neither plain nor gzip; unpack it, or take it out of the folder", file=path)
    fastq = sorted(path for path in folder.iterdir() if path.is_file() and ENDING.search(path.name))
    if not fastq:
        example = "files like SAMPLE_R1.fastq.gz and SAMPLE_R2.fastq.gz"
        raise MetapipeError("E201", "no FASTQ file in this folder", file=folder, expected=example)
    present = {path.name: path for path in fastq}
    samples: dict[str, Sample] = {}
    for path in fastq:
        match = _MATE.match(path.name)
        mate = MATES.get(match["mate"]) if match else None
        if mate is None and single_too:
            _add(samples, Sample(ENDING.sub("", path.name), path))
            continue
        if match is None or mate is None:
            expected = "a name that says which mate it holds, as _R1/_R2, _1/_2, _F/_R or _forward/_reverse do"
            raise MetapipeError("E106", file=path, expected=expected)
        trimmed = match["trimmed"].translate(str.maketrans("12", "21"))
        mate_name = f"{match['sample']}{match['before']}{mate}{match['after']}{trimmed}{match['suffix']}"
        if mate_name not in present:
            expected = f"{mate_name} next to it" + (", or a name without a mate's number" if single_too else "")
            raise MetapipeError("E106", "its mate is missing", file=path, expected=expected)
        if match["mate"] in WORDS:
            _add(samples, Sample(match["sample"], path, present[mate_name]))
    for path in fastq:
        check_first_bytes(path)
    return [samples[name] for name in sorted(samples)]


def _add(samples: dict[str, Sample], sample: Sample) -> None:
    if sample.name in samples:
        what = "pair" if None not in (sample.second, samples[sample.name].second) else "file"
        raise MetapipeError("E107", f"a second {what} for sample {sample.name}", file=sample.first)
    samples[sample.name] = sample
