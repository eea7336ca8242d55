"""The models of rRNA genes: Rfam's profile HMMs of bacteria, archaea and eukarya, as the package pybarrnap has them.

Pybarrnap's files are read where it is installed; its code is not run. 5S has one model for all three (RF00001), and
Rfam knows a 5.8S of eukarya only: in bacteria and archaea it is the beginning of 23S.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import distribution, version
from typing import Any

from pyhmmer.easel import Alphabet
from pyhmmer.plan7 import Background, HMMFile, Profile

BACTERIA, ARCHAEA, EUKARYA, ANY = "bacteria", "archaea", "eukarya", "any"
#: The genes of the small subunit, by which organisms are told apart; then the others.
SMALL_SUBUNIT = ("16S", "18S")
GENES = (*SMALL_SUBUNIT, "23S", "28S", "5S", "5.8S")
DOMAINS = (BACTERIA, ARCHAEA, EUKARYA, ANY)

#: File and name of a model → gene, domain of life. Of equal scores the first model's counts.
_MODELS = {
    ("bac", "16S_rRNA"): ("16S", BACTERIA),
    ("arc", "16S_rRNA"): ("16S", ARCHAEA),
    ("euk", "18S_rRNA"): ("18S", EUKARYA),
    ("bac", "23S_rRNA"): ("23S", BACTERIA),
    ("arc", "23S_rRNA"): ("23S", ARCHAEA),
    ("euk", "28S_rRNA"): ("28S", EUKARYA),
    ("bac", "5S_rRNA"): ("5S", ANY),
    ("euk", "5_8S_rRNA"): ("5.8S", EUKARYA),
}

RNA = Alphabet.rna()


@dataclass(frozen=True)
class RrnaModel:
    """One model.

    :param gene: one of :data:`GENES`. :param domain: one of :data:`DOMAINS`. :param length: its positions.
    :param hmm: for long sequences. :param profile: ready to search short ones.
    """

    gene: str
    domain: str
    length: int
    hmm: Any
    profile: Any


def load_models() -> tuple[RrnaModel, ...]:
    """Read all models, in the order in which equal scores are decided."""
    package = distribution("pybarrnap")
    background, found = Background(RNA), {}
    for file in dict.fromkeys(file for file, _ in _MODELS):
        with HMMFile(str(package.locate_file(f"pybarrnap/db/hmm/{file}.hmm"))) as models:
            hmm: Any  # its alphabet is known only once it is read
            for hmm in models:
                key = (file, str(hmm.name))
                if key in _MODELS:
                    profile = Profile(hmm.M, RNA)
                    profile.configure(hmm, background)
                    found[key] = RrnaModel(*_MODELS[key], hmm.M, hmm, profile.to_optimized())
    return tuple(found[key] for key in _MODELS)


def model_versions() -> dict[str, str]:
    """The versions of HMMER's engine and of the models."""
    return {"pyhmmer": version("pyhmmer"), "pybarrnap": version("pybarrnap")}
