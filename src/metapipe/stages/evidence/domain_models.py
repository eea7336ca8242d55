"""Domain models at work: profile HMMs grouped by their own cut-offs, searched in one block's proteins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pyhmmer.easel import Alphabet, DigitalSequence, DigitalSequenceBlock, TextSequence
from pyhmmer.hmmer import hmmsearch
from pyhmmer.plan7 import Background, HMMFile, Profile

from metapipe.proteins.domain_hits import MAX_DOMAIN_EVALUE, DomainHit
from metapipe.proteins.hmm_families import EVALUE, GATHERING, TRUSTED, Family, family_of, rule_of
from metapipe.stages.evidence.alignments import rounded_evalue

#: Longest protein HMMER takes (``p7_MAX_SEQLEN``, 100,000 residues).
LONGEST_PROTEIN = 100_000

#: What HMMER is told for each rule. Without cut-offs of their own, models report what HMMER calls included (0.01);
#: significant is 1e-4 and below.
_THRESHOLDS: Mapping[str, Mapping[str, Any]] = {
    GATHERING: {"bit_cutoffs": "gathering"},
    TRUSTED: {"bit_cutoffs": "trusted"},
    EVALUE: {"E": 0.01, "domE": 0.01},
}

_AMINO = Alphabet.amino()


@dataclass(frozen=True)
class Models:
    """All models of a database.

    :param groups: models with the arguments that set their thresholds: gathering cut-off where a model has one, else
        trusted, else E-values. (META-pipe 1.0's order; a domain above a curated cut-off is significant.)
    :param families: model name → family.
    """

    groups: Sequence[tuple[Mapping[str, Any], list[Any]]]
    families: Mapping[str, Family]
    database: str

    def rules(self) -> dict[str, str]:
        """Family accession → by what its domains are judged."""
        return {family.accession: family.cutoff for family in self.families.values()}

    def __len__(self) -> int:
        return sum(len(models) for _, models in self.groups)


def load_models(path: Path, families: Mapping[str, Family], database: str) -> Models:
    """Read a file of HMMs (text or binary) and make them ready to search.

    :param families: accession → family.
    :param database: ``name:version``.
    """
    groups: dict[str, list[Any]] = {rule: [] for rule in _THRESHOLDS}
    known: dict[str, Family] = {}
    background = Background(_AMINO)
    with HMMFile(str(path)) as file:
        hmm: Any  # its alphabet is known only once it is read
        for hmm in file:
            profile = Profile(hmm.M, _AMINO)
            profile.configure(hmm, background)
            rule = rule_of(hmm.cutoffs)
            groups[rule].append(profile.to_optimized())
            family = family_of(families, hmm.accession or "", hmm.name, hmm.description or "")
            known[str(hmm.name)] = replace(family, cutoff=rule)  # what the model has, whatever the table says
    return Models([(_THRESHOLDS[rule], group) for rule, group in groups.items() if group], known, database)


def digitise(proteins: Iterable[bytes]) -> DigitalSequenceBlock:
    """Make the proteins, cleaned before, searchable; each is named by its number in the block."""
    digital: list[DigitalSequence] = [
        TextSequence(name=str(number), sequence=letters.decode("ascii")).digitize(_AMINO)
        for number, letters in enumerate(proteins)
    ]
    return DigitalSequenceBlock(_AMINO, digital)


def find_domains(models: Models, proteins: DigitalSequenceBlock, total: int) -> Iterator[DomainHit]:
    """Yield every domain above its model's cut-off; ``query`` is the protein's number. Order is the models'.

    :param total: proteins in the whole input. E-values count these (Z and domZ), not those of the block, so they do
        not change with the cutting; domZ would by default be the number of proteins hit, which no block can know.
    """
    search: Any = hmmsearch  # typed by kind of model, which a database mixes
    for thresholds, profiles in models.groups:
        curated = "bit_cutoffs" in thresholds
        for found in search(profiles, proteins, cpus=1, Z=total, domZ=total, **thresholds):
            family = models.families[str(found.query.name)]
            for hit in found:
                for domain in hit.domains:
                    if hit.reported and domain.reported:
                        yield _domain_hit(hit, domain, family, models.database, curated)


def _domain_hit(hit: Any, domain: Any, family: Family, database: str, curated: bool) -> DomainHit:
    domain_evalue = rounded_evalue(domain.i_evalue)
    return DomainHit(
        query=hit.name,
        family=family.accession,
        name=family.name,
        database=database,
        description=family.description,
        score=round(domain.score, 1),
        evalue=rounded_evalue(hit.evalue),
        domain_evalue=domain_evalue,
        envelope_start=domain.env_from,
        envelope_end=domain.env_to,
        hmm_start=domain.alignment.hmm_from,
        hmm_end=domain.alignment.hmm_to,
        interpro=family.interpro,
        interpro_name=family.interpro_name,
        go=family.go,
        significant=curated or domain_evalue <= MAX_DOMAIN_EVALUE,
        ec=family.ec,
    )
