"""The demo's folder: reads, truth, a note for people, and the sha256 of each, so that two builds can be compared."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from metapipe.demo import reads
from metapipe.demo.community import CommunitySpec, Member, assemble_community, load_spec, write_truth
from metapipe.digests import sha256_of
from metapipe.refdb.builders.build import whole_folder
from metapipe.refdb.fetch import Say, silent
from metapipe.refdb.sources import find_source

CONTENTS = "contents.json"


def build_demo(folder: Path, name: str = "demo", cache: Path | None = None, say: Say = silent) -> bool:
    """Make the community ``name`` in ``folder`` unless it is there already and whole.

    :returns: whether anything was built.
    :raises MetapipeError: E205 when the genomes cannot be had, E301 without ART.
    """
    spec = load_spec(name)
    if is_current(folder, spec):
        say(f"the reads of the {name} community are there: {folder}")
        return False
    members = assemble_community(spec, cache, say)
    bases = sum(len(member.sequence) for member in members)
    say(f"simulating reads of {len(members)} genomes, {bases / 1e6:.2f} Mb")
    with whole_folder(folder) as scratch:
        pairs = reads.simulate_reads(members, spec.seed, scratch / "reads_1.fastq.gz", scratch / "reads_2.fastq.gz")
        write_truth(members, scratch / "truth")
        (scratch / "README.md").write_text(describe(spec, members, pairs), encoding="utf-8")
        files = {
            path.relative_to(scratch).as_posix(): sha256_of(path)
            for path in sorted(scratch.rglob("*"))
            if path.is_file()
        }
        content = {"schema": 1, "recipe": recipe_digest(spec), "files": files}
        (scratch / CONTENTS).write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="ascii")
    say(f"{pairs:,} read pairs in {folder}")
    return True


def is_current(folder: Path, spec: CommunitySpec) -> bool:
    """Whether ``folder`` holds what the recipe gives, every file unchanged."""
    try:
        content = json.loads((folder / CONTENTS).read_bytes())
        return bool(content["recipe"] == recipe_digest(spec)) and all(
            sha256_of(folder / path) == digest for path, digest in content["files"].items()
        )
    except (OSError, ValueError, KeyError):
        return False


def recipe_digest(spec: CommunitySpec) -> str:
    """sha256 of everything the reads depend on, ART's own version excepted: recipe, genomes, read model."""
    genomes = {member.source: find_source(member.source)[1].sha256 for member in spec.members}
    model = [reads.READ_LENGTH, reads.FRAGMENT_MEAN, reads.FRAGMENT_SD, reads.PLATFORM]
    text = json.dumps([spec.model_dump(mode="json"), genomes, model], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def describe(spec: CommunitySpec, members: tuple[Member, ...], pairs: int) -> str:
    """The README of the folder."""
    rows = "\n".join(
        f"| *{m.organism}* | {m.accession} {m.start:,}–{m.end:,} | {m.coverage:.1f} × | {m.abundance:.1%} "
        f"| {len(m.genes) if m.annotated else 'no annotation'} | {sum(bool(g.ec) for g in m.genes) or ''} |"
        for m in members
    )
    return f"""# A synthetic marine community of known truth

{pairs:,} read pairs, 2 × {reads.READ_LENGTH}, simulated by ART ({reads.PLATFORM}, inserts {reads.FRAGMENT_MEAN} ± \
{reads.FRAGMENT_SD}) from slices of {len(members)} genomes; log-normal coverages (mean {spec.mean_coverage:g} ×, \
sigma {spec.sigma:g}), seed {spec.seed}. Made by `scripts/demo build`.

| Genome | Slice | Coverage | Share of cells | Genes | with EC |
| --- | --- | --- | --- | --- | --- |
{rows}

- `reads_1.fastq.gz`, `reads_2.fastq.gz`: a read's name begins with the genome it comes from.
- `truth/community.tsv`, `truth/genes.tsv` (coordinates in the slice, 1-based), `truth/genomes.fasta`.
- `contents.json`: sha256 of every file; two builds agree.

`scripts/demo evaluate --truth truth …` compares a result with the truth.
"""
