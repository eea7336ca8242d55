"""Stage ``search_domains``: protein domains with profile HMMs (HMMER's hmmsearch, in process)."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from importlib.metadata import version

from metapipe.runner.merge import HeaderOnce
from metapipe.runner.stage import Fasta, Output, PinnedGlobals, RefDB, Stage, Task
from metapipe.stages.domain_hits import COLUMNS, DomainHit, format_domain, resolve_overlaps
from metapipe.stages.domain_models import LONGEST_PROTEIN, Models, digitise, find_domains, load_models
from metapipe.stages.hmm_families import read_families
from metapipe.stages.protein_letters import clean_protein
from metapipe.stages.table_rows import header_line


class SearchDomains(Stage):
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

    def setup(self, task: Task) -> Models:
        database = task.databases["hmm"]
        families = read_families(database.path / "families.tsv")
        return load_models(database.path / "profiles.h3m", families, f"{database.name}:{database.version}")

    def run(self, task: Task, state: Models) -> None:
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
        output.write(header_line(COLUMNS))
        families: Counter[str] = Counter()
        for number, name in enumerate(names):
            for hit in resolve_overlaps(found.get(str(number), ())):
                output.write(format_domain(dataclasses.replace(hit, query=name)))
                if hit.significant:
                    families[hit.family] += 1
        task.note("proteins", read)
        task.note("proteins_not_searched", read - len(names))
        task.note("queries_with_hits", len(found))
        task.note("queries_significant", sum(any(hit.significant for hit in hits) for hits in found.values()))
        task.note("families", dict(sorted(families.items())))

    def tool_versions(self) -> dict[str, str]:
        return {"pyhmmer": version("pyhmmer")}
