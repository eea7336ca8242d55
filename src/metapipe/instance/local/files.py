"""Files that the upload dialog offers under *Choose from repository*: sample reads, and a folder of the operator's."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from metapipe.galaxy.pipelines import BIOMAS, METAPIPE
from metapipe.instance.local.settings import Settings


@dataclass(frozen=True)
class SampleReads:
    """Reads to try a workflow with.

    :param workflow: folder of the workflow that they are for; a flavour without it does not offer them.
    :param folder: what their folder is called where they are offered. :param about: what they are.
    :param files: forward and reverse reads; not all of them may be there (the demo's have to be simulated first).
    """

    workflow: str
    folder: str
    about: str
    files: tuple[Path, Path]

    @property
    def are_there(self) -> bool:
        """Whether every file of the sample has been made or fetched."""
        return all(file.is_file() for file in self.files)


def sample_reads(settings: Settings) -> list[SampleReads]:
    """Return the sample reads that are there and that the flavour has a workflow for, those of META-pipe first."""
    demo, test_data = settings.build / "demo", settings.checkout / "test-data"
    metapipe, biomas = METAPIPE.workflow, BIOMAS.workflow
    known = [
        SampleReads(
            metapipe,
            "META-pipe demo",
            "A small marine community, simulated from genomes of six bacteria and archaea (docs/tutorial.md)",
            (demo / "reads_1.fastq.gz", demo / "reads_2.fastq.gz"),
        ),
        SampleReads(
            metapipe,
            "META-pipe small community",
            "Slices of three genomes, done in about a minute (test-data/README.md)",
            (test_data / "reads_1.fastq.gz", test_data / "reads_2.fastq.gz"),
        ),
        SampleReads(
            biomas,
            "BioMaS mock community",
            "Amplicons (16S) of a mock community of marine bacteria (test-data/README.md)",
            (test_data / "amplicon" / "mock_1.fastq.gz", test_data / "amplicon" / "mock_2.fastq.gz"),
        ),
    ]
    return [reads for reads in known if reads.are_there and reads.workflow in settings.offers.workflows]


def gather(settings: Settings) -> None:
    """Put the sample reads side by side into a folder of the instance, as copies: Galaxy follows no links there."""
    for reads in sample_reads(settings):
        folder = settings.samples / reads.folder
        folder.mkdir(parents=True, exist_ok=True)
        for file in reads.files:
            copy = folder / file.name
            if not copy.exists() or _differ(file, copy):
                fresh = copy.with_name(copy.name + ".new")
                shutil.copy2(file, fresh)
                os.replace(fresh, copy)


def offered(settings: Settings) -> list[dict[str, str]]:
    """Return the folders offered, each ``id``, ``label``, ``doc`` and ``root``."""
    folders = [
        {
            "id": "samples",
            "label": "Sample reads",
            "doc": "Small reads to try the workflows with",
            "root": str(settings.samples),
        }
    ]
    if settings.files is not None:
        folders.append(
            {
                "id": "files",
                "label": f"Files of this server ({settings.files.name})",
                "doc": "Offered by the people who run this Galaxy",
                "root": str(settings.files),
            }
        )
    return folders


def _differ(file: Path, copy: Path) -> bool:
    one, other = file.stat(), copy.stat()
    return (one.st_size, int(one.st_mtime)) != (other.st_size, int(other.st_mtime))
