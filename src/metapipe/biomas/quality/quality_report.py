"""Show how good amplicon read pairs are: quality, bases and lengths by position and by read, on one page."""

from __future__ import annotations

import json
from typing import Any

from metapipe.biomas.quality.mate import tidy
from metapipe.biomas.quality.page import page
from metapipe.biomas.quality.profile import MateProfile, batches
from metapipe.runner.declare.elements import FastqPairs, MapReduce, Output
from metapipe.runner.declare.merge import Reduce, add_counts
from metapipe.runner.declare.stage import Stage, Task


class QualityReport(Stage):
    """Both outputs are made from the same counts, which add up over blocks."""

    name = "quality_report"
    version = "2"  # the page offers to be saved
    summary = "Show the quality of amplicon read pairs on one page"
    example = "metapipe quality_report --reads-1 a_1.fastq.gz --reads-2 a_2.fastq.gz --out-page quality.html"
    records = FastqPairs()
    outputs = {
        "page": Output(
            "html", "The report, one self-contained HTML page", Reduce(add_counts, write=page), label="Read quality"
        ),
        "profile": Output(
            "json", "The numbers of the page", Reduce(add_counts, finish=tidy), label="Read quality (numbers)"
        ),
    }
    invariance = MapReduce()
    rate = 2e7

    def run(self, task: Task, state: Any) -> None:  # noqa: ARG002
        """Count the reads of the block by position and by read; every output is made of the same sums."""
        profiles = {name: MateProfile() for name in ("reads-1", "reads-2")}
        for batch in batches(task.pairs()):
            for profile, records in zip(profiles.values(), zip(*batch, strict=True), strict=True):
                profile.add([(record.sequence, record.qualities) for record in records])
        part = {name: {"name": task.labels[name], **profile.as_part()} for name, profile in profiles.items()}
        counted = json.dumps(part).encode()
        for output in self.outputs:
            task.output(output).write(counted)
        task.note("pairs", part["reads-1"]["reads"])
        task.note("bases", sum(mate["bases"] for mate in part.values()))
