"""What a user and a reviewer find in every tool: a test a branch, a failing test, help with an example, references."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

import pytest
from wrapped_stages import ROOT, SUITES, Tool

from metapipe.biomas.tables import KEPT_TABLE, MATCH_TABLE
from metapipe.biomas.taxa.combine_samples import SAMPLE_COLUMNS
from metapipe.errors import CODES, EX_LOST
from metapipe.stages.annotation.contig_facts import COLUMNS_OF
from metapipe.stages.reads.check_samplesheet import RELABEL_COLUMNS, SAMPLE_TABLE, TAG_COLUMNS
from metapipe.stages.reads.read_figures import READ_TABLE
from metapipe.stages.rrna.regions import RRNA_TABLE
from metapipe.taxa.abundance_rows import CONTIG_ABUNDANCE, GENE_ABUNDANCE, TAXON_ABUNDANCE
from metapipe.taxa.rows import ASSIGNMENT_TABLE, CONTIG_TAXA, PROFILE_TABLE, TAXON_TABLE


def declared_tests(tool: Tool) -> list[Element]:
    return tool.root.findall("./tests/test")


def test_every_branch_of_every_choice_that_opens_others_has_a_test(tool: Tool) -> None:
    for conditional in tool.root.findall("./inputs//conditional"):
        selector = conditional.find("param")
        assert selector is not None
        name = selector.get("name") or (selector.get("argument") or "").lstrip("-").replace("-", "_")
        chosen = {
            param.get("value")
            for test in declared_tests(tool)
            for param in test.iter("param")
            if param.get("name") == name
        }
        assert {when.get("value") for when in conditional.findall("when")} <= chosen, conditional.get("name")


def test_every_optional_part_is_tested_with_and_without(tool: Tool) -> None:
    kept = [
        any(p.get("name") == "keep_run_report" and p.get("value") == "true" for p in test.iter("param"))
        for test in declared_tests(tool)
        if test.get("expect_failure") != "true"
    ]
    assert set(kept) == {True, False}
    for param in tool.root.findall("./inputs//param[@type='data'][@optional='true']"):
        name = param.get("name") or (param.get("argument") or "").lstrip("-").replace("-", "_")
        given = [any(p.get("name") == name for p in test.iter("param")) for test in declared_tests(tool)]
        assert set(given) == {True, False}, name


def test_every_output_is_looked_at_by_a_test(tool: Tool) -> None:
    outputs = {item.get("name") for tag in ("data", "collection") for item in tool.root.findall(f"./outputs/{tag}")}
    checked = {
        item.get("name")
        for test in declared_tests(tool)
        for tag in ("output", "output_collection")
        for item in test.iter(tag)
    }
    assert outputs == checked


def test_one_test_fails_with_a_code_of_ours_and_its_exit_code(tool: Tool) -> None:
    failing = [test for test in declared_tests(tool) if test.get("expect_failure") == "true"]
    assert failing
    for test in failing:
        expression = test.find("./assert_stderr/has_line_matching")
        assert expression is not None
        found = re.match(r"\^METAPIPE-(E\d{3}) ", expression.get("expression", ""))
        assert found
        assert test.get("expect_exit_code") == str(CODES[found[1]].exit_code)


def test_successful_tests_say_how_many_outputs_they_expect(tool: Tool) -> None:
    assert all(test.get("expect_num_outputs") for test in declared_tests(tool) if test.get("expect_failure") != "true")


def test_the_files_of_the_tests_are_there(tool: Tool) -> None:
    for test in declared_tests(tool):
        for item in [*test.iter("param"), *test.iter("element")]:
            if item.get("ftype") and item.get("value"):
                for name in item.get("value", "").split(","):
                    assert (ROOT / "test-data" / name).is_file(), name


def test_help_has_an_example_and_says_what_to_check(tool: Tool) -> None:
    text = tool.root.findtext("help") or ""
    for heading in ("### What it does", "### Worked example", "### What to check"):
        assert heading in text


def test_every_column_of_a_table_is_explained() -> None:
    for stage, table in (("search_proteins", "hits"), ("search_domains", "domains")):
        columns = (
            (ROOT / "test-data" / "galaxy" / f"{table}.tabular").read_text().splitlines()[0].lstrip("#").split("\t")
        )
        text = Tool(stage).root.findtext("help") or ""
        ranges = set(re.findall(r"(\w+) … (\w+)", text))
        covered = (
            set().union(*(columns[columns.index(a) : columns.index(b) + 1] for a, b in ranges)) if ranges else set()
        )
        assert [column for column in columns if column not in covered and not re.search(rf"\b{column}\b", text)] == []


def header_of(table: str) -> tuple[str, ...]:
    lines = (ROOT / "test-data" / "galaxy" / f"{table}.tabular").read_text().splitlines()
    return tuple(lines[0].lstrip("#").split("\t"))


COLUMNS = {
    ("check_reads", "table"): READ_TABLE.columns,
    ("classify_rrna", "assignments"): ASSIGNMENT_TABLE.columns,
    ("classify_rrna", "taxa"): TAXON_TABLE.columns,
    ("extract_rrna", "table"): RRNA_TABLE.columns,
    ("extract_contig_rrna", "table"): RRNA_TABLE.columns,
    ("check_samplesheet", "samples"): SAMPLE_TABLE.columns,
    ("check_samplesheet", "relabel"): RELABEL_COLUMNS,
    ("check_samplesheet", "tags"): TAG_COLUMNS,
    ("search_proteins", "hits"): header_of("hits"),
    ("search_domains", "domains"): header_of("domains"),
    ("annotate", "table"): header_of("table"),
    ("annotate", "functions"): TAXON_TABLE.columns,
    ("map_reads", "by_contig"): CONTIG_ABUNDANCE.columns,
    ("map_reads", "by_gene"): GENE_ABUNDANCE.columns,
    ("map_reads", "by_taxon"): TAXON_ABUNDANCE.columns,
    ("map_reads", "taxa"): TAXON_TABLE.columns,
    ("contig_taxonomy", "placed"): CONTIG_TAXA.columns,
    ("contig_taxonomy", "taxa"): TAXON_TABLE.columns,
    ("classify_reads", "assignments"): ASSIGNMENT_TABLE.columns,
    ("classify_reads", "taxa"): TAXON_TABLE.columns,
    ("profile_markers", "profile"): PROFILE_TABLE.columns,
    ("profile_markers", "taxa"): TAXON_TABLE.columns,
    ("map_amplicons", "matches"): MATCH_TABLE.columns,
    ("map_pairs", "matches"): MATCH_TABLE.columns,
    ("filter_matches", "kept"): KEPT_TABLE.columns,
    ("assign_taxa", "assignments"): ASSIGNMENT_TABLE.columns,
    ("summarise_taxa", "taxa"): TAXON_TABLE.columns,
    ("combine_samples", "samples"): SAMPLE_COLUMNS,
}


def test_galaxy_shows_every_table_with_the_names_of_its_columns(tool: Tool) -> None:
    """Without them its viewers and the reports of workflows number the columns: 0 1 2 3."""
    tables = [data.get("name") for data in tool.root.iter("data") if data.get("format") == "tabular"]
    if tool.stage_name == "combine_samples":
        tables.remove("table")  # the names of its columns are those of samples: it tells them to Galaxy itself
    known = {name for stage, name in COLUMNS if stage == tool.stage_name}
    assert known == set(tables), "add the tables of a new stage to COLUMNS"
    for name in tables:
        action = tool.root.find(f"./outputs/data[@name='{name}']/actions/action[@name='column_names']")
        assert action is not None, name
        always = re.sub(r"#if \$\w+#.*?#end if#", "", action.get("default") or "")
        assert tuple(always.split(",")) == COLUMNS[tool.stage_name, str(name)]


def test_columns_that_only_some_runs_have_are_named_where_they_are_there() -> None:
    action = Tool("annotate").root.find("./outputs/data[@name='table']/actions/action[@name='column_names']")
    assert action is not None
    more = dict(re.findall(r"#if \$(\w+)#,(.*?)#end if#", action.get("default") or ""))
    assert {name: tuple(names.split(",")) for name, names in more.items()} == {
        name.replace("-", "_"): columns for name, columns in COLUMNS_OF.items()
    }


BIBTEX_FIELD = re.compile(r"^  (\w+) = \{(.+)\},?$", re.MULTILINE)


def bibtex(tool: Tool) -> list[dict[str, str]]:
    return [dict(BIBTEX_FIELD.findall(one.text or "")) for one in tool.root.findall("./citations/citation")]


def test_references_name_the_paper_of_the_suite(tool: Tool) -> None:
    dois = [reference["doi"] for reference in bibtex(tool)]
    assert {"metapipe": "10.12688/f1000research.13204.1", "biomas": "10.1186/s12859-015-0595-z"}[tool.suite] in dois
    assert len(dois) == len(set(dois))


def test_references_are_whole_so_that_galaxy_asks_nobody_for_them(tool: Tool) -> None:
    """From a bare DOI Galaxy asks doi.org, and shows "(N.d.)" when that does not answer."""
    assert {one.get("type") for one in tool.root.findall("./citations/citation")} == {"bibtex"}
    for reference, element in zip(bibtex(tool), tool.root.findall("./citations/citation"), strict=True):
        text = (element.text or "").strip()
        assert re.match(r"@(article|misc)\{[a-z]+\d{4},\n", text)
        assert text.endswith("\n}")
        assert text.count("{") == text.count("}")
        assert {"author", "title", "year", "doi"} <= set(reference)
        assert {"journal", "publisher"} & set(reference)


def test_a_help_is_a_sentence_for_galaxy_puts_the_flag_behind_it(tool: Tool) -> None:
    """Where there is none, the form shows the flag alone: "(--contigs)"."""
    params = tool.root.findall("./inputs//param")
    texts = {param.get("argument") or param.get("name"): param.get("help") or "" for param in params}
    asked = {param.get("argument") for param in params} - {None}
    assert [name for name in asked if len(texts[name].split()) < 4] == []
    assert [name for name, text in texts.items() if text and not text.endswith((".", "…"))] == []


def test_what_the_form_says_has_no_marks_that_galaxy_shows_as_they_are(tool: Tool) -> None:
    """Helps, labels and messages are no Markdown: asterisks and backticks would stand there."""
    for element in tool.root.find("inputs").iter():  # type: ignore[union-attr]
        for text in (element.get("help"), element.get("label"), element.get("message"), element.get("title")):
            assert not re.search(r"[*`]|\]\(", text or ""), text


def test_the_help_names_the_button_as_it_is_called(tool: Tool) -> None:
    text = tool.root.findtext("help") or ""
    assert "*Run Tool*" in text
    assert "*Run*" not in text


@pytest.mark.parametrize(
    ("stderr", "level"),
    [
        ("METAPIPE-E101 contigs.fasta line 1: expected '>'", "fatal"),
        ("blocks 3 of 7\nMETAPIPE-E401 diamond: …", "fatal"),
        ("METAPIPE-E802 out of memory", "fatal_oom"),
        ("METAPIPE-W402 3 record(s) made the program fail and were set aside", None),
        ("see METAPIPE-E101 in the manual", None),
        ("ERROR SparkContext: exception in thread main", None),
    ],
)
def test_only_a_line_that_begins_with_a_code_is_an_error(tool: Tool, stderr: str, level: str | None) -> None:
    hits = [
        r.get("level")
        for r in tool.root.findall("./stdio/regex")
        if re.search(r.get("match", ""), stderr, re.IGNORECASE)
    ]
    assert (hits[0] if hits else None) == level


def test_galaxy_judges_by_our_line_alone_where_there_is_one_and_by_the_exit_code_else() -> None:
    """A rule for the exit code puts "Fatal error: Exit code 65" above the line that says what is wrong."""

    def covers(limits: str, code: int) -> bool:
        low, colon, high = limits.partition(":")
        return int(low) <= code <= (int(high) if high else 255 if colon else int(low))

    spoken = {code.exit_code for code in CODES.values()} - {137}  # the kernel ends with 137 and says nothing
    rules = Tool("annotation_report").root.findall("./stdio/exit_code")
    for code in range(1, 256):
        hits = [rule.get("level") for rule in rules if covers(rule.get("range", ""), code)]
        assert hits == ([] if code in spoken else ["fatal_oom" if code == 137 else "fatal"]), code
    assert EX_LOST not in spoken


def test_a_red_dataset_says_what_is_wrong_and_what_to_do(tool: Tool) -> None:
    from galaxy.tool_util.output_checker import DETECTED_JOB_STATE, check_output
    from galaxy.tool_util.parser import get_tool_source

    exit_codes_and_patterns = get_tool_source(str(tool.path)).parse_stdio()
    line = "METAPIPE-E101 contigs.fasta line 1: expected '>', found 'x'"
    advice = f"What to do: {CODES['E101'].remedy}"
    words = f"blocks 1 of 7\n{line}\n{advice}\nmore"
    state, _, _, messages = check_output(exit_codes_and_patterns[1], exit_codes_and_patterns[0], "", words, 65)
    assert state == DETECTED_JOB_STATE.GENERIC_ERROR
    assert [message["desc"] for message in messages] == [f"Fatal error: {line}\n{advice}"]
    assert {item.get("name"): item.text for item in tool.root.iter("environment_variable")} == {"METAPIPE_ADVICE": "1"}


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("name", [".lint_skip", ".gtr_skip"])
def test_every_linter_left_out_has_its_reason(name: str, suite: str) -> None:
    lines = [line for line in (SUITES[suite] / name).read_text().splitlines() if line]
    for before, line in zip(["", *lines], lines, strict=False):
        if not line.startswith("#"):
            assert before.startswith("# "), line


def test_samples_and_tests_of_the_data_table_have_the_same_columns() -> None:
    folder = ROOT / "tool_data"
    for suffix in ("sample", "test"):
        assert (
            "<columns>value, name, version, kind, path, digest</columns>"
            in (folder / f"tool_data_table_conf.xml.{suffix}").read_text()
        )
    rows = [
        line.lstrip("#").split("\t")
        for name in ("metapipe_databases.loc.sample", "metapipe_databases.loc.test")
        for line in (folder / name).read_text().splitlines()
        if "\t" in line
    ]
    assert {len(row) for row in rows} == {6}
