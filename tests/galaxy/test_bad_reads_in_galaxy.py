"""Bad input through a real Galaxy: a red dataset, one line that says what is wrong, and the right exit code."""

from __future__ import annotations

import gzip
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from bioblend.galaxy import GalaxyInstance
from pasted import pasted

if TYPE_CHECKING:
    from conftest import RunCommand

pytestmark = [pytest.mark.galaxy, pytest.mark.timeout(600)]


@pytest.fixture
def history(gi: GalaxyInstance) -> Iterator[str]:
    history_id = gi.histories.create_history("bad input")["id"]
    yield history_id
    gi.histories.delete_history(history_id, purge=False)


def stderr_of(
    gi: GalaxyInstance, history: str, name: str, content: str, tool: str, inputs: dict[str, Any]
) -> list[str]:
    """Put a FASTA file into the history, run a tool on it that must fail, and return its standard error's lines."""
    uploaded = pasted(gi, history, content, "fasta", name)
    gi.datasets.wait_for_dataset(uploaded, maxwait=120)
    given = {name: {"src": "hda", "id": uploaded} if value is ... else value for name, value in inputs.items()}
    outputs = gi.tools.run_tool(history, tool, given)["outputs"]
    ended = [gi.datasets.wait_for_dataset(output["id"], maxwait=240, check=False) for output in outputs]
    assert {dataset["state"] for dataset in ended} == {"error"}
    job = gi.jobs.show_job(ended[0]["creating_job"], full_details=True)
    assert job["exit_code"] == 65
    lines = str(job["tool_stderr"]).splitlines()
    assert lines[1].startswith("What to do: ")
    # What stands in the red box of the history, and in the list of its page "Error": our line, nothing above it.
    assert str(ended[0]["misc_info"]).splitlines()[:2] == lines[:2]
    assert [message["desc"] for message in job["job_messages"]] == ["Fatal error: " + "\n".join(lines[:2])]
    return str(job["tool_stderr"]).splitlines()


def test_a_file_that_is_no_fasta_turns_red_and_its_first_line_says_why(gi: GalaxyInstance, history: str) -> None:
    name = "my contigs; 'x' $(id).fasta"
    inputs = {"contigs": ..., "min_length": 0}
    lines = stderr_of(gi, history, name, "contig_1\nACGT\n", "metapipe_filter_contigs", inputs)
    # Galaxy itself writes X for what a shell could take for code.
    assert re.match(r"METAPIPE-E101 my contigs.* .*x.* .*\(id\)\.fasta line 1: expected '>'", lines[0])


def test_protein_where_dna_belongs_turns_red(gi: GalaxyInstance, history: str) -> None:
    content = ">one\nMKLVWEFPQRILE\n"
    lines = stderr_of(gi, history, "proteins.fasta", content, "metapipe_predict_genes", {"contigs": ...})
    assert lines[0].startswith("METAPIPE-E110 proteins.fasta line 2:")


def first_reads(demo: Path, mate: int, skip: int = 0) -> bytes:
    """Return a thousand reads of the demo, compressed."""
    with gzip.open(demo / f"reads_{mate}.fastq.gz", "rb") as source:
        return gzip.compress(b"".join(itertools.islice(source, 4 * skip, 4 * (skip + 1000))), mtime=0)


def test_a_cut_read_file_fails_at_the_upload_and_is_named(run_command: RunCommand, demo: Path, tmp_path: Path) -> None:
    content = first_reads(demo, 2)
    (tmp_path / "sea_R1.fastq.gz").write_bytes(first_reads(demo, 1))
    (tmp_path / "sea_R2.fastq.gz").write_bytes(content[: len(content) // 2])
    done = run_command("--input", str(tmp_path), "--results", str(tmp_path / "results"))
    assert done.returncode == 71, done.stdout + done.stderr
    assert done.stderr.startswith("METAPIPE-E404 the upload of sea_R2.fastq.gz failed: Compressed file ended before ")
    assert len(done.stderr.splitlines()) == 1


def test_misordered_mates_end_the_run_with_71_and_the_tools_own_line(
    run_command: RunCommand, demo: Path, tmp_path: Path
) -> None:
    (tmp_path / "sea_R1.fastq.gz").write_bytes(first_reads(demo, 1))
    (tmp_path / "sea_R2.fastq.gz").write_bytes(first_reads(demo, 2, skip=1))
    done = run_command("--input", str(tmp_path), "--results", str(tmp_path / "results"))
    assert done.returncode == 71, done.stdout + done.stderr
    assert done.stderr.startswith("METAPIPE-E404 metapipe_trim_reads (job ")
    assert "METAPIPE-E106 sea_R" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "History   http" in done.stdout
    assert not (tmp_path / "results").exists()
