"""A stage that is one program, declared by its command line."""

from __future__ import annotations

import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metapipe.errors import MetapipeError
from metapipe.runner.declare.binary_stage import BinaryStage, command_words, count_records
from metapipe.runner.declare.command_words import Placeholder, When, parse_word, when
from metapipe.runner.declare.elements import Exact, Fasta, FastqPairs, Output, PinnedGlobals, RefDB, SideFile, option
from metapipe.runner.declare.stage import Task

if TYPE_CHECKING:
    from conftest import Ran

HERE = "test_binary_stage:"


@dataclass(frozen=True)
class Choices:
    """Options of the stages below."""

    expression: str = option("", "expression of sed")
    quiet: bool = option(False, "keep quiet")
    times: int = option(0, "how often", minimum=0)


class Copied(BinaryStage):
    """Copies through standard input and output."""

    name, summary = "copied", "test"
    records = Fasta("contigs", alphabet="any")
    outputs = {"copy": Output("fasta", "copy")}
    invariance = Exact()
    programs = {"cat": "coreutils"}
    cmd = ["cat"]
    stdin, stdout = "contigs", "copy"
    count = ["copy"]
    keeps_all = True
    version_cmd = ["cat", "--version"]
    empty_ok = True


class Edited(Copied):
    """Loses records when the expression says so."""

    name = "edited"
    options = Choices
    programs = {"sed": "sed"}
    cmd = ["sed", when("options.quiet", "-n"), when("options.times", "-{options.times}"), "-e", "{options.expression}"]
    version_cmd = []


class EditedInSilence(Edited):
    name = "edited_in_silence"
    keeps_all = False


class Numbered(Copied):
    """Writes its output by path and says at the end that it is done."""

    name = "numbered"
    outputs = {"table": Output("tabular", "table"), "extra": Output("txt", "not always there")}
    invariance = PinnedGlobals(("records", "residues"))
    side = {"table": SideFile("tabular", "x", optional=True)}
    programs = {"sh": "dash"}
    cmd = [
        "sh",
        "-c",
        'grep ">" "$1" | while read -r n; do echo "$n $3 $4 $5 $7"; done > "$2"; echo all done >&2',
        "sh",
        *("{in.contigs}", "{out.table}", "{totals.records}", "{totals.residues}", "{threads}", "{out.extra}"),
        when("side.table", "--table={side.table}"),
    ]
    stdin = stdout = ""
    count = ["table"]
    finished = "all done"
    may_lack = ["extra"]
    version_cmd = []


class Unfinished(Numbered):
    name = "unfinished"
    finished = "quite done"


class Lacking(Numbered):
    name = "lacking"
    may_lack = ["table"]


class Said(Copied):
    """Says what the option holds."""

    name = "said"
    options = Choices
    outputs = {"said": Output("txt", "what was said")}
    programs = {"printf": "coreutils"}
    cmd = ["printf", "%s", "{options.expression}", when("options.times", ""), when("options.quiet", "")]
    stdin, stdout = "contigs", "said"
    count = []
    keeps_all = False
    version_cmd = []


class Different(Copied):
    """diff's 1 says that the files differ."""

    name = "different"
    outputs = {"table": Output("txt", "differences")}
    programs = {"diff": "diffutils"}
    cmd = ["diff", "{in.contigs}", "/dev/null"]
    stdin, stdout = "", "table"
    accept = [0, 1]
    count = ["table"]
    keeps_all = False


@pytest.mark.parametrize(("blocks", "session"), [(1, "inline"), (2, "inline"), (7, "inline"), (7, "local")])
def test_a_program_between_its_streams_gives_the_same_bytes_on_any_cut(
    run: Callable[..., Ran], fasta: Callable[..., Path], blocks: int, session: str
) -> None:
    path = fasta()
    ran = run(HERE + "Copied", {"contigs": path}, blocks=blocks, session=session, slots=2)
    assert ran.outputs["copy"] == path.read_bytes()
    assert ran.result.summary["results"] == {"records": 40, "copy": 40}
    assert ran.result.summary["programs"]["cat"]


@pytest.mark.parametrize("blocks", [1, 7])
def test_paths_totals_and_optional_words_reach_the_program(
    run: Callable[..., Ran], fasta: Callable[..., Path], tmp_path: Path, blocks: int
) -> None:
    table = tmp_path / "my table.tsv"
    table.touch()
    ran = run(HERE + "Numbered", {"contigs": fasta(3)}, side={"table": [table]}, blocks=blocks)
    first = ran.outputs["table"].decode().splitlines()[0]
    assert first.startswith(">contig_0 number 0 3 ")
    assert first.endswith(f" 1 --table={table}")
    assert ran.outputs["extra"] == b""
    without = run(HERE + "Numbered", {"contigs": fasta(3)}, blocks=blocks)
    assert without.outputs["table"].decode().splitlines()[0].endswith(" 1 ")


def test_an_empty_input_is_given_to_the_program_too(run: Callable[..., Ran], tmp_path: Path) -> None:
    empty = tmp_path / "empty.fasta"
    empty.touch()
    ran = run(HERE + "Copied", {"contigs": empty})
    assert ran.outputs["copy"] == b""
    assert ran.result.summary["results"] == {"records": 0, "copy": 0}


def test_an_exit_code_that_is_accepted_is_success(run: Callable[..., Ran], fasta: Callable[..., Path]) -> None:
    ran = run(HERE + "Different", {"contigs": fasta(3)})
    assert b"< >contig_0" in ran.outputs["table"]


@pytest.mark.parametrize(
    ("stage", "keywords", "words"),
    [
        ("Edited", {"expression": "/contig_1 /d"}, "sed wrote 39 records to the output 'copy' for the 40 it was given"),
        ("Edited", {"expression": "("}, None),
        ("Unfinished", {}, "sh ended without saying 'quite done'"),
        ("Lacking", {}, "sh did not write the output 'extra'"),
    ],
)
def test_a_program_that_lied_about_its_success_fails_the_run(
    run: Callable[..., Ran], fasta: Callable[..., Path], stage: str, keywords: dict[str, Any], words: str | None
) -> None:
    with pytest.raises(MetapipeError) as caught:
        run(HERE + stage, {"contigs": fasta()}, max_quarantined=0, **keywords)
    assert caught.value.code == ("E403" if words else "E401")
    assert words is None or words in str(caught.value)


def test_records_that_may_be_dropped_are_counted(run: Callable[..., Ran], fasta: Callable[..., Path]) -> None:
    ran = run(HERE + "EditedInSilence", {"contigs": fasta(4)}, expression="/contig_1 /,/contig_2 /d", blocks=1)
    assert ran.result.summary["results"]["records"] == 4
    assert ran.result.summary["results"]["copy"] < 4


def test_a_record_on_which_the_program_crashes_is_set_aside(
    run: Callable[..., Ran], fasta: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "cat"
    program.parent.mkdir()
    program.write_text(
        '#!/bin/sh\ntext=$(/bin/cat; echo x)\ncase $text in *poison*) kill -SEGV $$ ;; esac\nprintf %s "${text%x}"\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    path = fasta(40, poison=(17,))
    ran = run(HERE + "Copied", {"contigs": path}, blocks=3)
    kept = "".join(f">{text}" for text in path.read_text().split(">")[1:] if "poison" not in text)
    assert ran.outputs["copy"].decode() == kept
    assert ran.result.quarantined == 1


# ------------------------------------------------------------------------------------------------------- words


def task_of(text: str, **values: Any) -> Any:
    return SimpleNamespace(
        options=Choices(expression=text, **values),
        input_file=lambda name: Path("/in") / name,
        output_path=lambda name: Path("/out") / name,
        side={},
        databases={},
        totals=SimpleNamespace(records=3, residues=9),
        threads=2,
        memory_mb=100,
        scratch=Path("/scratch"),
    )


TRICKS = ["; touch pwned", "$(touch pwned)", "`touch pwned`", "a b", "'", '"', "\\", "*", "--flag", "{in.contigs}"]
HOSTILE = st.one_of(st.text(st.characters(exclude_characters="\x00", codec="utf-8")), st.sampled_from(TRICKS))


@given(HOSTILE)
def test_a_word_stays_one_word_whatever_an_option_holds(text: str) -> None:
    cmd = ["sed", "{options.expression}", "--x={options.expression}{{}}", when("options.quiet", "-n")]
    assert command_words(cmd, task_of(text)) == ["sed", text, f"--x={text}{{}}"]


@pytest.mark.parametrize("text", [*TRICKS, "two\nlines\tand a tab", "Tromsø 北極", ""])
def test_the_program_is_given_the_word_as_it_is(
    run: Callable[..., Ran], fasta: Callable[..., Path], tmp_path: Path, text: str
) -> None:
    ran = run(HERE + "Said", {"contigs": fasta(1)}, expression=text)
    assert ran.outputs["said"].decode() == text
    assert not list(tmp_path.rglob("pwned"))


@given(st.text(alphabet="{}ab.in"))
def test_any_word_is_read_or_refused_with_a_sentence(word: str) -> None:
    try:
        parts = parse_word(word)
    except ValueError as error:
        parts = (str(error),)
        word = str(error)
    else:
        word = "".join(
            part.replace("{", "{{").replace("}", "}}") if isinstance(part, str) else str(part) for part in parts
        )
    assert "is no placeholder" in word or "".join(map(str, parse_word(word))) == "".join(map(str, parts))


def test_every_placeholder_has_its_value() -> None:
    words = ["{threads}", "{memory_mb}", "{scratch}/x", "{totals.residues}", "{in.a}", "{out.b}", "{options.times}"]
    assert command_words(words, task_of("", times=4)) == ["2", "100", "/scratch/x", "9", "/in/a", "/out/b", "4"]
    assert parse_word("a{in.b-c}d") == ("a", Placeholder("in", "b-c"), "d")


@pytest.mark.parametrize(
    ("name", "text", "count"),
    [
        ("a.fasta", ">a\nAC\n>b\nAC>\n", 2),
        ("a.fasta", "", 0),
        ("a.fastq", "@a\nAC\n+\n@@\n@b\nAC\n+\n@@", 2),
        ("a.tabular", "#h\na\nb\n#c\nlast", 3),
        ("a.txt", "\n\n", 2),
    ],
)
def test_records_of_fasta_and_fastq_and_lines_of_others_are_counted(
    tmp_path: Path, name: str, text: str, count: int
) -> None:
    (tmp_path / name).write_text(text)
    assert count_records(tmp_path / name, Path(name).suffix) == count


def test_a_mark_on_the_border_of_two_pieces_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.fasta"
    path.write_bytes(b">a\n" + b"A" * ((1 << 20) - 4) + b"\n>b\nA\n")
    assert count_records(path, ".fasta") == 2


# -------------------------------------------------------------------------------------------------- declaration

SLIPS: dict[str, tuple[Mapping[str, Any], str]] = {
    "a command as one text": ({"cmd": "cat file"}, "cmd must be a list of words"),
    "a number among the words": ({"cmd": ["cat", 4]}, "cmd holds 4"),
    "a program without a package": ({"cmd": ["dog"]}, "program 'dog' must stand in programs"),
    "an unknown input": (
        {"cmd": ["cat", "{in.reads}"]},
        r"\{in.reads\} is not declared; this stage has \{in.contigs\}",
    ),
    "an unknown option": ({"cmd": ["cat", "{options.x}"]}, r"this stage has no \{options"),
    "no placeholder at all": ({"cmd": ["cat", "{contigs}"]}, r"'\{contigs\}' in '\{contigs\}' is no placeholder"),
    "a lone brace": ({"cmd": ["cat", "a{"]}, "a brace itself is written twice"),
    "totals without PinnedGlobals": ({"cmd": ["cat", "{totals.records}"]}, r'PinnedGlobals\(\("records",\)\)'),
    "a flag as a word": (
        {"cmd": ["cat", "{options.quiet}"], "options": Choices},
        r"is a flag: write when\('options.quiet'",
    ),
    "several files in one word": (
        {"cmd": ["cat", "{side.more}"], "side": {"more": SideFile("txt", "x", multiple=True)}},
        "may be several files",
    ),
    "an optional file as a word": (
        {"cmd": ["cat", "{side.more}"], "side": {"more": SideFile("txt", "x", optional=True)}},
        r"is optional: write when\('side.more'",
    ),
    "an optional database as a word": (
        {"cmd": ["cat", "{db.hmm}"], "databases": {"hmm": RefDB("hmm", "x", optional=True)}},
        r"is optional: write when\('db.hmm'",
    ),
    "an unknown condition": (
        {"cmd": ["cat", when("quiet", "-q")], "options": Choices},
        r"when\('quiet'\) is no condition; this stage has options.expression, options.quiet, options.times",
    ),
    "a condition without words": ({"cmd": ["cat", when("options.quiet")], "options": Choices}, "followed by words"),
    "an unknown stdin": ({"stdin": "reads"}, r"stdin must be the name of an input \(contigs\), found 'reads'"),
    "an unknown stdout": ({"stdout": "out"}, r"stdout must be the name of an output \(copy\), found 'out'"),
    "an input that is not used": ({"stdin": ""}, r"\{in.contigs\} is declared but not used: put it into cmd or name"),
    "half of the pairs not used": ({"records": FastqPairs(), "stdin": "reads-1"}, r"\{in.reads-2\} is declared but"),
    "an output that is not used": (
        {"outputs": {**Copied.outputs, "log": Output("txt", "log")}},
        r"\{out.log\} is declared but not used",
    ),
    "an option that is not used": ({"options": Choices}, r"\{options.expression\} is declared but not used"),
    "a count as one text": ({"count": "copy"}, "count must be a list of outputs"),
    "a count of packed records": (
        {"outputs": {"copy": Output("fasta.gz", "x")}},
        "the output 'copy' is compressed",
    ),
    "all kept, but of what": ({"count": []}, "keeps_all needs records, and the outputs"),
    "an exit code alone": ({"accept": 1}, "accept must be a list of exit codes"),
    "a version command as one text": ({"version_cmd": "cat --version"}, "version_cmd must be a list of words"),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_in_a_command_is_one_sentence_when_the_class_is_made(slip: str) -> None:
    attributes, sentence = SLIPS[slip]
    with pytest.raises(TypeError, match=sentence) as caught:
        type("Made", (Copied,), {"name": "made", "__module__": "here", **attributes})
    assert str(caught.value).startswith("stage here.Made: ")
    assert "\n" not in str(caught.value)


def test_a_stage_that_does_more_than_run_its_program_may_leave_things_unused() -> None:
    class Own(Copied):
        name = "own"
        options = Choices

        def run(self, task: Task, state: Any) -> None:
            super().run(task, state)

    assert [item for item in Own.cmd if isinstance(item, When)] == []
