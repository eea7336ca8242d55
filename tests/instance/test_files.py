"""What *Choose from repository* offers."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from metapipe.errors import MetapipeError
from metapipe.instance.local import configuration, files, settings
from metapipe.instance.local.settings import Chosen, Settings


@pytest.fixture
def with_demo(instance: Settings, tmp_path: Path) -> Settings:
    """An instance whose demo reads are built."""
    demo = tmp_path / "build" / "demo"
    demo.mkdir(parents=True)
    for mate in "12":
        (demo / f"reads_{mate}.fastq.gz").write_text(f"mate {mate}")
    return replace(instance, build=tmp_path / "build")


def sources(instance: Settings) -> list[dict[str, str]]:
    configuration.render(instance)
    offered: list[dict[str, str]] = yaml.safe_load((instance.config / "file_sources_conf.yml").read_text())
    return offered


def test_sample_reads_are_offered_read_only(with_demo: Settings) -> None:
    (samples,) = sources(with_demo)
    assert samples["writable"] is False
    offered = {str(file.relative_to(samples["root"])) for file in Path(samples["root"]).rglob("*.gz")}
    assert offered == {
        *(f"META-pipe demo/reads_{mate}.fastq.gz" for mate in "12"),
        *(f"META-pipe small community/reads_{mate}.fastq.gz" for mate in "12"),
        *(f"BioMaS mock community/mock_{mate}.fastq.gz" for mate in "12"),
    }


def test_a_demo_that_is_not_built_is_not_offered(instance: Settings, tmp_path: Path) -> None:
    bare = replace(instance, build=tmp_path)
    assert [reads.folder for reads in files.sample_reads(bare)] == [
        "META-pipe small community",
        "BioMaS mock community",
    ]


def test_reads_that_changed_are_copied_anew(with_demo: Settings) -> None:
    files.gather(with_demo)
    changed = with_demo.build / "demo" / "reads_1.fastq.gz"
    changed.write_text("longer than before")
    os.utime(changed, (1, 1))
    files.gather(with_demo)
    assert (with_demo.samples / "META-pipe demo" / "reads_1.fastq.gz").read_text() == "longer than before"


def test_a_folder_of_the_operator_is_offered_and_remembered(tmp_path: Path, environ: dict[str, str]) -> None:
    runs, state = tmp_path / "sequencing runs", tmp_path / "galaxy"
    runs.mkdir()
    chosen = Chosen(files=str(runs))
    settings.remember_in(settings.load(state, chosen, environ), chosen)
    again = settings.load(state, Chosen(), environ)
    operators = next(source for source in sources(again) if source["id"] == "files")
    assert (operators["root"], operators["writable"]) == (str(runs), False)
    assert settings.load(state, Chosen(files=""), environ).files is None


@pytest.mark.parametrize("folder", ["missing", "galaxy", "galaxy/data", "."])
def test_a_folder_that_would_show_the_instance_itself_is_refused(
    tmp_path: Path, environ: dict[str, str], folder: str
) -> None:
    (tmp_path / "galaxy" / "data").mkdir(parents=True)
    with pytest.raises(MetapipeError) as caught:
        settings.load(tmp_path / "galaxy", Chosen(files=str(tmp_path / folder)), environ)
    assert caught.value.code == "E701"
