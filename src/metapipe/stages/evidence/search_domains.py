"""Stage ``search_domains``: protein domains with profile HMMs (HMMER's hmmsearch, in process)."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from metapipe.proteins.domain_hits import DOMAIN_TABLE, DomainHit
from metapipe.proteins.hmm_families import read_families
from metapipe.proteins.protein_letters import clean_protein
from metapipe.runner.declare.elements import Database, Fasta, Output, PinnedGlobals, RefDB, bytes_of
from metapipe.runner.declare.merge import HeaderOnce
from metapipe.runner.declare.stage import Stage, Task
from metapipe.stages.evidence.domain_models import LONGEST_PROTEIN, Models, digitise, find_domains, load_models
from metapipe.stages.evidence.domain_overlaps import resolve_overlaps

#: What a search costs: CPU seconds for each letter, for each letter at each node (match state) of a model, and to load
#: a node. Measured with 26, 277 and 2,766 Pfam models (3,376, 47,505 and 468,911 nodes) on 1,000, 400 and 80 thousand
#: letters: 1,501,564, 211,867 and 18,583 letters a second; a block's other work makes the last about 17,000.
SECONDS_PER_LETTER, SECONDS_PER_CELL, SECONDS_TO_LOAD_A_NODE = 3e-7, 1.25e-10, 2.8e-6
#: Bytes of a node in HMMER's binary format: 196 in each of the three.
BYTES_OF_A_NODE = 196


class SearchDomains(Stage):
    """Models run in this process (PyHMMER). E-values need the number of all proteins, so each block is told it."""

    name = "search_domains"
    summary = "Find domains in proteins (HMMER)"
    example = "metapipe search_domains --proteins proteins.fasta --db-hmm pfam-gecco:35.0 --out-domains domains.tsv"
    records = Fasta("proteins", alphabet="aa", help="protein FASTA file, plain or gzip")
    databases = {"hmm": RefDB(kind="hmm", help="domain database")}
    outputs = {"domains": Output("tabular", "domains, one row each, along every protein", HeaderOnce())}
    invariance = PinnedGlobals(("records",))
    rate = 16_000.0
    fixed_cost = 1.5
    empty_ok = True

    def rate_for(self, databases: Mapping[str, Database], options: Any) -> float:  # noqa: ARG002  (none counts)
        """Letters a second, by the match states of the models; as declared where the database cannot be read."""
        return (
            self.rate if (nodes := _nodes(databases)) is None else 1 / (SECONDS_PER_LETTER + nodes * SECONDS_PER_CELL)
        )

    def fixed_cost_for(self, databases: Mapping[str, Database], options: Any) -> float:  # noqa: ARG002  (none counts)
        """Seconds to load the models, by their match states; as declared where the database cannot be read."""
        return self.fixed_cost if (nodes := _nodes(databases)) is None else 0.2 + nodes * SECONDS_TO_LOAD_A_NODE

    def setup(self, task: Task) -> Models:
        """Load the models and what is said of their families, once a worker."""
        database = task.databases["hmm"]
        families = read_families(database.path / "families.tsv")
        return load_models(database.path / "profiles.h3m", families, f"{database.name}:{database.version}")

    def run(self, task: Task, state: Models) -> None:
        """Write the domains of each protein of the block along it, the best of those that overlap.

        Proteins without a letter and those longer than HMMER takes are not searched, and counted.

        :param state: what :meth:`setup` has loaded.
        """
        read, names, proteins = 0, [], []
        for read, record in enumerate(task.records(), 1):  # noqa: B007  (the last number is the count)
            letters = clean_protein(record.sequence)
            if 0 < len(letters) <= LONGEST_PROTEIN:
                names.append(record.name)
                proteins.append(letters)
        found: defaultdict[str, list[DomainHit]] = defaultdict(list)
        for hit in find_domains(state, digitise(proteins), task.totals.records):
            found[hit.query].append(hit)
        output = task.output("domains")
        output.write(DOMAIN_TABLE.header)
        families: Counter[str] = Counter()
        rules, judged = state.rules(), Counter[str]()
        for number, name in enumerate(names):
            for hit in resolve_overlaps(found.get(str(number), ())):
                output.write(DOMAIN_TABLE.format(dataclasses.replace(hit, query=name)))
                if hit.significant:
                    families[hit.family] += 1
                    judged[rules[hit.family]] += 1
        task.note("proteins", read)
        task.note("proteins_not_searched", read - len(names))
        task.note("queries_with_hits", len(found))
        task.note("queries_significant", sum(any(hit.significant for hit in hits) for hits in found.values()))
        task.note("judged_by", dict(sorted(judged.items())))
        task.note("families", dict(sorted(families.items())))

    def tool_versions(self) -> dict[str, str]:
        """The version of PyHMMER, which has HMMER built in."""
        return {"pyhmmer": version("pyhmmer")}


def _nodes(databases: Mapping[str, Database]) -> float | None:
    """Nodes of all models, by the size of their file; None where there is none yet to look at."""
    size = bytes_of(databases, "hmm", "profiles.h3m")
    return None if size is None else size / BYTES_OF_A_NODE
