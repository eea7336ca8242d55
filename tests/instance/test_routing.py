"""Where jobs of a deployed Galaxy go: its rules read by TPV itself, in Galaxy's environment, without a Galaxy."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from test_deployed import told

from metapipe.instance.deployed import programs
from metapipe.instance.deployed.deployment import Deployment

pytestmark = pytest.mark.galaxy

ROOT = Path(__file__).resolve().parents[2]
GALAXY = Path(os.environ.get("METAPIPE_BUILD") or ROOT / ".build") / "envs/galaxy"
MB, GB = 1 << 20, 1 << 30
#: Reads jobs, prints where each goes. TPV's own `dry-run` takes one job, and half a minute for it.
PROGRAM = """
import json, sys
from decimal import Decimal  # as PostgreSQL gives sizes
from tpv.commands.dryrunner import TPVDryRunner
from tpv.commands.linter import TPVConfigLinter
from tpv.commands.test import mock_galaxy as mock

class Tables(dict):
    def get_entry(self, by, value, column):
        return self[value]

conf, rules, destinations, database = sys.argv[1:]
linter = TPVConfigLinter([rules, destinations], None, False)
linter.load_config()
linter.lint_extra_fields(linter.loader)
linter.lint_tools(linter.loader)
linter.lint_destinations(linter.loader)  # the code of the rules, which takes a minute, is read by `scripts/test lint`
if linter.errors or linter.warnings:
    sys.exit(f"{linter.errors} {linter.warnings}")
answers = []
for tool, ending, size, installed, attempt in json.load(sys.stdin):
    job = mock.Job()
    job.add_input_dataset(mock.DatasetAssociation("in", mock.Dataset("in", file_size=Decimal(size)), ending))
    job.history = mock.History()
    job.param_values = {"database": {"installed": installed}}
    job.destination_params = {"attempt": attempt} if attempt else None
    runner = TPVDryRunner(job_conf=conf, tpv_confs=[rules, destinations], tool=mock.Tool(tool), job=job)
    runner.galaxy_app.tool_data_tables = {"metapipe_databases": Tables({installed: database})}
    found, _ = runner.run()
    env = {entry["name"]: entry["value"] for entry in found.env}
    answers.append({
        "id": found.id, "runner": found.runner, "tags": found.tags or [], "slots": int(found.params["local_slots"]),
        "memory_mb": int(env["GALAXY_MEMORY_MB"]), "cluster": env.get("METAPIPE_SPARK_MASTER", ""),
        "again": [entry["environment"] for entry in found.resubmit],
    })
print("answers", json.dumps(answers))
"""
Job = tuple[str, str, int, str, str]


def routed(folder: Path, asked: list[Job], **changed: object) -> list[dict[str, object]]:
    found = Deployment(**told(folder, **changed))
    programs.configure(found)
    config, rules = found.settings.config, ROOT / "instance/galaxy/tpv/rules.yml"
    database = folder / "database"
    database.mkdir(exist_ok=True)
    (database / "manifest.json").write_text(json.dumps({"files": {"a": {"bytes": GB}, "b": {"bytes": GB}}}))
    argv = [GALAXY / "bin/python", "-W", "ignore", "-c", PROGRAM, config / "job_conf.yml", rules]
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "instance/galaxy"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [*map(str, argv), str(config / "tpv_destinations.yml"), str(database)],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=environ,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("answers ")]
    assert lines, done.stderr[-2000:]
    answers: list[dict[str, object]] = json.loads(lines[0].removeprefix("answers "))
    return answers


def test_each_job_goes_where_its_input_and_its_database_say(tmp_path: Path) -> None:
    jobs: list[Job] = [
        ("metapipe_filter_contigs", "fasta", MB, "", ""),
        ("metapipe_trim_reads", "fastqsanger.gz", MB, "", ""),
        ("metapipe_trim_reads", "fastqsanger", GB, "", ""),
        ("metapipe_assemble", "fastqsanger", 8 * MB, "", ""),
        ("metapipe_assemble", "fastqsanger", GB // 2, "", ""),
        ("metapipe_search_proteins", "fasta", 100_000, "", ""),
        ("metapipe_search_proteins", "fasta", 100_000, "large:1", ""),
        ("metapipe_search_domains", "fasta", 64 * MB, "large:1", ""),
        ("somebodys_own_tool", "tabular", GB, "", ""),
        ("metapipe_assemble", "fastqsanger", MB, "", "1"),
    ]
    answers = routed(tmp_path, jobs, cores=4, memory_mb=8_000, jobs=2)
    assert [(answer["id"], answer["slots"], answer["memory_mb"]) for answer in answers] == [
        ("quick", 1, 2048),
        ("local", 1, 2048),
        ("spark", 4, 5120),
        ("local", 1, 3072),
        ("local", 4, 6144),
        ("local", 1, 2048),
        ("local", 1, 6144),
        ("spark", 4, 8000),
        ("local", 1, 2048),
        ("alone", 4, 16_000),
    ]
    assert {answer["runner"] for answer in answers} == {"local"}
    assert {str(answer["id"]) for answer in answers if answer["cluster"]} == {"spark"}
    assert {str(answer["id"]) for answer in answers if answer["again"] != ["lanes"]} == {"alone"}
    assert {str(answer["id"]) for answer in answers if answer["tags"] == ["long"]} == {"local", "alone"}


def test_without_a_cluster_every_job_stays_on_the_host(tmp_path: Path) -> None:
    jobs: list[Job] = [("metapipe_trim_reads", "fastqsanger", GB, "", "")]
    (answer,) = routed(tmp_path, jobs, spark=None)
    assert (answer["id"], answer["cluster"]) == ("local", "")
