"""The commands as a shell runs them: names reach the program whole and unread, whatever they hold."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from galaxy.util.template import fill_template
from wrapped_stages import Tool

HOSTILE = [
    "it's mine; touch pwned",
    "$(touch pwned) `touch pwned` $HOME ${HOME}",
    '"double" \\ and \\" more',
    "two\nlines\tand a tab",
    "--outdir",
    "'; touch pwned; '",
    "Tromsø 北極 & co. | tee pwned > pwned",
]


TABLE = """#taxon\ta "b" \\ & $(c) 北極\t' d, e\tlineage
root\t1\t2\troot
"""


class Dataset(SimpleNamespace):
    """A dataset as Galaxy's templates see it: text is its path."""

    def __str__(self) -> str:
        return str(self.path)


def dataset(name: str, path: str = "/galaxy/dataset_1.dat") -> Dataset:
    return Dataset(path=path, name=name, element_identifier=name)


class Choice(SimpleNamespace):
    """A select as Galaxy's templates see it: text is its value."""

    def __str__(self) -> str:
        return str(self.value)


def pair(name: str) -> dict[str, Any]:
    both = SimpleNamespace(forward=dataset(name), reverse=dataset(name))
    return {"reads": SimpleNamespace(layout="collection", pairs=both)}


def installed(path: str) -> SimpleNamespace:
    return SimpleNamespace(source="cached", installed=Choice(value="x:1", fields=SimpleNamespace(path=path)))


def context(stage: str, name: str) -> dict[str, Any]:
    """Values of a form, with the same name for every dataset and text."""
    common: dict[str, Any] = {"summary": "/galaxy/summary", "run_report": "/galaxy/report", "keep_run_report": True}
    trimmed = SimpleNamespace(forward="/galaxy/forward", reverse="/galaxy/reverse")
    outputs = (
        "kept contigs genes nucleotides proteins hits domains gff genbank embl table annotated_proteins page figures "
        "single"
    )
    common |= {output: f"/galaxy/{output}" for output in outputs.split()}
    given: dict[str, dict[str, Any]] = {
        "check_reads": {
            "reads": SimpleNamespace(form="datasets", reads_1=dataset(name), reads_2=dataset(name)),
            "pairs": trimmed,
            "orphans": "/galaxy/orphans",
        },
        "extract_rrna": {
            "reads": SimpleNamespace(form="datasets", reads_1=dataset(name), reads_2=dataset(name)),
            "evalue": "0.0001",
            "pairs": trimmed,
            **{output: f"/galaxy/{output}" for output in ("orphans", "ssu", "other")},
        },
        "extract_contig_rrna": {
            "contigs": dataset(name),
            "evalue": "0.0001",
            **{output: f"/galaxy/{output}" for output in ("ssu", "other")},
        },
        "trim_reads": {
            **pair(name),
            "trimmed": trimmed,
            "min_length": 75,
            "mean_quality": 20,
            "window": SimpleNamespace(window_size=4, window_quality=15),
            "adapters": SimpleNamespace(adapter_1="ACGT", adapter_2="ACGT"),
        },
        "quality_report": {**pair(name), "page": "/galaxy/page", "profile": "/galaxy/profile"},
        "merge_pairs": {
            **pair(name),
            "merger": "flash",
            "fragment_length": 0,
            "min_overlap": 10,
            "merged": "/galaxy/merged",
            "unmerged": trimmed,
        },
        "trim_unmerged": {
            **pair(name),
            "quality": 25,
            "min_length": 50,
            "stringency": 5,
            "adapters": SimpleNamespace(adapter_1="ACGT", adapter_2="ACGT"),
            "trimmed": trimmed,
        },
        "assemble": {
            **pair(name),
            "single": dataset(name),
            "merged": dataset(name),
            "min_length": 1000,
            "effort": SimpleNamespace(preset="default", k_list="21,41"),
        },
        "map_reads": {
            **pair(name),
            "contigs": dataset(name),
            "single": dataset(name),
            "genes": dataset(name),
            "contig_taxonomy": dataset(name),
            "min_identity": 95.0,
            "min_aligned": 50.0,
            **{output: f"/galaxy/{output}" for output in ("by_contig", "by_gene", "by_taxon", "taxa")},
        },
        "contig_taxonomy": {
            "contigs": dataset(name),
            "hits": dataset(name),
            "installed": installed("/refdb/x/1").installed,
            "support": 50.0,
            "rank_identities": "none",
            "top": 10.0,
            "placed": "/galaxy/placed",
            "taxa": "/galaxy/taxa",
        },
        "classify_rrna": {
            "rrna": dataset(name),
            "installed": installed("/refdb/x/1").installed,
            "cutoff": 0.8,
            "assignments": "/galaxy/assignments",
            "taxa": "/galaxy/taxa",
        },
        "classify_reads": {
            **pair(name),
            "installed": installed("/refdb/x/1").installed,
            "engine": "kraken2",
            "min_support": 1,
            "search": SimpleNamespace(
                sensitivity="default", evalue=0.001, top=10.0, rank_identities="none", confidence=0.1
            ),
            "assignments": "/galaxy/assignments",
            "taxa": "/galaxy/taxa",
        },
        "profile_markers": {
            **pair(name),
            "installed": installed("/refdb/x/1").installed,
            "min_markers": 3,
            "search": SimpleNamespace(
                sensitivity="default", evalue=0.001, top=5.0, min_length=20, rank_identities="none"
            ),
            "profile": "/galaxy/profile",
            "taxa": "/galaxy/taxa",
        },
        "filter_contigs": {"contigs": dataset(name), "min_length": 1000},
        "predict_genes": {"contigs": dataset(name), "complete_only": "--complete-only", "min_gene_length": 90},
        "search_proteins": {
            "proteins": dataset(name),
            "database": installed("/refdb/x/1"),
            "evalue": 1e-5,
            "max_hits": 5,
            "sensitivity": "fast",
        },
        "search_domains": {"proteins": dataset(name), "database": installed("/refdb/x/1")},
        "map_amplicons": {
            "reads": dataset(name),
            "database": installed("/refdb/x/1"),
            "engine": "exact",
            "min_identity": 90.0,
            "best_margin": 0.0,
            "search": "both",
            "matches": "/galaxy/matches",
        },
        "map_pairs": {
            **pair(name),
            "database": installed("/refdb/x/1"),
            "engine": "bowtie2",
            "min_identity": 90.0,
            "best_margin": 0.0,
            "search": "local",
            "matches": "/galaxy/matches",
        },
        "assign_taxa": {
            "matches": dataset(name),
            "database": installed("/refdb/x/1"),
            "q": 0.5,
            "lower_q": 1.0,
            "rank_identities": "genus=94.5,family=86.5",
            "assignments": "/galaxy/assignments",
        },
        "annotate": {
            **{key: dataset(name) for key in ("contigs", "genes", "proteins", "hits")},
            **{key: dataset(name) for key in ("domains", "contig_taxonomy", "contig_abundance", "gene_abundance")},
            "sample": name,
            "functions": "/galaxy/functions",
        },
        "annotation_report": {
            "summaries": [dataset(name), dataset(name)],
            "steps": [],
            "table": dataset(name),
            "title": name,
            "who": {f"{view}_taxa": dataset(name) for view in ("read", "rrna", "contig", "mapped", "marker")},
        },
    }
    return common | (given[stage] if stage in given else plain_form(Tool(stage), name))


def plain_form(tool: Tool, name: str) -> dict[str, Any]:
    """Values of a form without choices that open others; a tool that has those is given its values above."""
    assert not tool.root.findall("./inputs//conditional") + tool.root.findall("./inputs//section"), "add them above"
    outputs = {item.get("name", "") for item in tool.root.iter("data")} - {"summary", "run_report"}
    values: dict[str, Any] = {output: f"/galaxy/{output}" for output in outputs}
    values |= {item.get("name", ""): "/galaxy/configfile" for item in tool.root.iter("configfile")}
    for repeat in tool.root.findall("./inputs/repeat"):
        values[repeat.get("name", "")] = [
            SimpleNamespace(**{param.get("name", ""): dataset(name) for param in repeat.iter("param")})
        ]
    for param in tool.root.findall("./inputs/param"):
        key = param.get("name") or param.get("argument", "").lstrip("-").replace("-", "_")
        match param.get("type"):
            case "data_collection":
                values[key] = {name: dataset(name)}
            case "data":
                values[key] = [dataset(name)] if param.get("multiple") == "true" else dataset(name)
            case "boolean":
                values[key] = param.get("truevalue") or True
            case "select":
                values[key] = Choice(value=next(param.iter("option")).get("value"))
            case _:
                values[key] = param.get("value", "")
    return values


def arguments(tool: Tool, values: dict[str, Any], folder: Path) -> list[list[str]]:
    """Run the command in a shell where ``metapipe`` notes its arguments; return them, one list a call."""
    program = folder / "bin" / "metapipe"
    program.parent.mkdir()
    log = folder / "calls.jsonl"
    program.write_text(
        f"#!{sys.executable} -IS\nimport json, sys\nopen({str(log)!r}, 'a').write(json.dumps(sys.argv[1:]) + '\\n')\n"
    )
    program.chmod(0o755)
    table = folder / "table"  # one tool reads what its stage wrote
    table.write_text(TABLE)
    text = fill_template(tool.command, context=values | ({"table": str(table)} if "'$table' >" in tool.command else {}))
    # Galaxy puts the command on one line, as here.
    script = text.replace("\n", " ").replace("\r", " ").strip()
    work = folder / "work"
    work.mkdir()
    environment = {"PATH": f"{program.parent}:{os.environ['PATH']}", "GALAXY_SLOTS": "3", "GALAXY_MEMORY_MB": "2048"}
    subprocess.run(["bash", "-eu", "-c", script], cwd=work, env=environment, check=True)
    left = {file.name for file in work.iterdir()}
    assert left <= {"galaxy.json"}, "the shell acted upon a name"
    return [json.loads(line) for line in log.read_text().splitlines()]


def shown(name: str) -> str:
    return name.replace("'", "’").replace("\n", " ").replace("\t", " ")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_one_word_of_the_command_and_nothing_else(tool: Tool, name: str, tmp_path: Path) -> None:
    (call,) = arguments(tool, context(tool.stage_name, name), tmp_path)
    named = [word.partition("=") for word in call if "=" in word and word.startswith("--")]
    # Those of files that the tool itself makes.
    named = [words for words in named if words[0] not in {"--expected-name", "--elements-name"}]
    assert named
    assert {re.sub(r" \((forward|reverse)\)$", "", value) for _, _, value in named} == {shown(name)}
    mates = [value for flag, _, value in named if flag.startswith(("--reads-1", "--reads-2"))]
    assert [value.rpartition(" ")[2] for value in mates] == ["(forward)", "(reverse)"][: len(mates)]
    assert all(flag.endswith("-name") or flag in {"--sample", "--title"} for flag, _, _ in named)
    assert call[call.index("--slots") + 1] == "3"
    assert call[call.index("--memory-mb") + 1] == "2048"
    assert call[call.index("--report") + 1] == "/galaxy/report"


@pytest.mark.parametrize("name", HOSTILE)
def test_names_of_all_samples_are_written_to_a_file_a_line_each(name: str) -> None:
    names = Tool("combine_samples").root.findtext("./configfiles/configfile") or ""
    written = fill_template(names, context={"all_samples": {name: dataset(name), "bay": dataset("bay")}})
    assert [line for line in written.splitlines() if line.strip()] == [shown(name), "bay"]
    assert not fill_template(names, context={"all_samples": None}).strip()


@pytest.mark.parametrize("name", HOSTILE)
def test_elements_of_a_list_are_written_to_a_file_a_line_each(name: str) -> None:
    elements = Tool("check_samplesheet").root.findtext("./configfiles/configfile") or ""
    both = SimpleNamespace(is_collection=True, forward=dataset(name), reverse=dataset("r"))
    written = fill_template(elements, context={"reads": {name: both, "bay": dataset(name)}})
    assert [line.split("\t") for line in written.splitlines() if line.strip()] == [
        [shown(name), shown(name), "r"],
        ["bay", shown(name)],
    ]


def test_galaxy_is_told_the_names_of_columns_that_are_samples(tmp_path: Path) -> None:
    arguments(Tool("combine_samples"), context("combine_samples", "x"), tmp_path)
    told = json.loads((tmp_path / "work" / "galaxy.json").read_text())
    assert told == {"table": {"metadata": {"column_names": TABLE.splitlines()[0].lstrip("#").split("\t")}}}


def test_without_the_run_report_none_is_written(tool: Tool, tmp_path: Path) -> None:
    values = context(tool.stage_name, "x") | {"keep_run_report": False}
    (call,) = arguments(tool, values, tmp_path)
    assert "--report" not in call


@pytest.mark.parametrize(
    ("stage", "option", "key", "kind"),
    [
        ("search_proteins", "--db-proteins", "fasta", "diamond"),
        ("search_domains", "--db-hmm", "profiles", "hmm"),
        ("map_amplicons", "--db-amplicon", "references", "amplicon"),
        ("map_pairs", "--db-amplicon", "references", "amplicon"),
        ("assign_taxa", "--db-amplicon", "references", "amplicon"),
    ],
)
def test_a_database_of_the_history_is_built_before_it_is_searched(
    stage: str, option: str, key: str, kind: str, tmp_path: Path
) -> None:
    source = SimpleNamespace(source="history", taxonomy=None, **{key: dataset("my own", "/galaxy/own.dat")})
    build, search = arguments(Tool(stage), context(stage, "x") | {"database": source}, tmp_path)
    assert build[:4] == ["refdb", "build", "--kind", kind]
    assert "/galaxy/own.dat" in build
    assert search[search.index(option) + 1] == build[build.index("--output") + 1]


@pytest.mark.parametrize(
    ("element", "name", "sample", "expected"),
    [
        ("ST7", "META-pipe assemble on data 1: contigs", "", "ST7"),
        ("contigs.fasta", "contigs.fasta", "", "sample"),
        ("ST7", "META-pipe assemble on data 1: contigs", "SEA1", "SEA1"),
    ],
)
def test_genes_are_named_after_the_sample_that_the_user_or_the_collection_names(
    element: str, name: str, sample: str, expected: str, tmp_path: Path
) -> None:
    contigs = Dataset(path="/galaxy/contigs", name=name, element_identifier=element)
    (call,) = arguments(Tool("annotate"), context("annotate", "x") | {"contigs": contigs, "sample": sample}, tmp_path)
    assert f"--sample={expected}" in call
