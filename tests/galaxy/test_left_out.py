"""Samples that are not in the tables of all samples are named by the command, with the reason."""

from pathlib import Path

from metapipe.commands.sample_runs import COMPARED, left_out
from metapipe.galaxy.pipelines import PIPELINES
from metapipe.galaxy.workflow import Workflow

ROOT = Path(__file__).resolve().parents[2]


def test_samples_that_are_not_compared_are_read_with_the_reason(tmp_path: Path) -> None:
    table = tmp_path / "samples-compared.tsv"
    table.write_text("#sample\treads\tclassified\tleft_out\nbay\t10\t7\t\ndry\t0\t0\tno reads\ntorn\t\t\tno result\n")
    assert left_out(table) == [("dry", "no reads"), ("torn", "no result")]


def test_every_workflow_that_takes_samples_together_has_that_table() -> None:
    for pipeline in PIPELINES.values():
        workflow = Workflow.read(pipeline.workflow_file(ROOT))
        assert workflow.takes_samples_together == (COMPARED in workflow.description["outputs"])
