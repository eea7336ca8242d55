"""Every message a user can meet: one root exception, one table of codes.

A user sees one line: ``METAPIPE-E101 contigs.fasta line 3: expected '>' …, found 'ACGT'``. Codes are stable;
tests assert on them, Galaxy's ``<stdio>`` matches them, and ``docs/errors.md`` is made from this table.
Exit codes follow BSD ``sysexits`` where one fits, 124 for time-outs (as ``timeout(1)``), 137 for memory (the kernel's).
"""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import PurePath

EX_DATA, EX_MISSING, EX_UNAVAILABLE, EX_BUG, EX_TOOL = 65, 66, 69, 70, 71
EX_WRITE, EX_TEMPORARY, EX_CONFIG, EX_TIMEOUT, EX_MEMORY = 73, 75, 78, 124, 137
#: Instead of any other, when the line that says what is wrong could not be printed: a disk full of logs.
EX_LOST = 74


@dataclass(frozen=True)
class Code:
    """One row of the table: what went wrong, how the process ends, what the user can do."""

    exit_code: int
    meaning: str
    remedy: str


CODES: dict[str, Code] = {
    # 1xx: the data given is wrong
    "E101": Code(EX_DATA, "not a FASTA file", "Give a FASTA file: every record starts with a line '>name'."),
    "E102": Code(EX_DATA, "not a FASTQ file", "Give a FASTQ file: four lines a record, starting with '@name'."),
    "E103": Code(EX_DATA, "bases and qualities differ in length", "Fetch the file again; a record is cut or mixed up."),
    "E104": Code(EX_DATA, "the compressed file ends too early", "Copy or download the file again."),
    "E105": Code(EX_DATA, "the compressed file is damaged", "Copy or download the file again; its checksum is wrong."),
    "E106": Code(EX_DATA, "the mates of a pair do not match", "Give both files of one run, in the same order."),
    "E107": Code(EX_DATA, "a name occurs twice", "Make record names unique."),
    "E108": Code(EX_DATA, "the file is empty", "Check that the step before this one produced data."),
    "E109": Code(
        EX_DATA, "a letter that does not belong in this kind of sequence", "Check that the right file is given."
    ),
    "E110": Code(EX_DATA, "protein given where DNA is expected", "Give the nucleotide sequences."),
    "E111": Code(
        EX_DATA, "a table or annotation file is malformed", "Give the file as the step before this one wrote it."
    ),
    "E112": Code(EX_DATA, "files that do not belong together", "Give files made from the same contigs or genes."),
    "E113": Code(
        EX_DATA, "not a run report", "Give a run_report.json as metapipe wrote it; it may have been cut short."
    ),
    "E114": Code(EX_DATA, "a run report of another version", "Read it with the version of metapipe that wrote it."),
    "E115": Code(
        EX_DATA, "a reference without a taxon", "Give a taxonomy that names every sequence of the FASTA file."
    ),
    "E116": Code(EX_DATA, "a taxon number that the taxonomy lacks", "Give a newer taxdump, or --merged with it."),
    "E117": Code(EX_DATA, "a taxonomy that is no tree", "Download it again: every taxon needs a way up to the root."),
    "E118": Code(
        EX_DATA,
        "a lineage that cannot be read",
        "Write k__Bacteria; p__…; s__…, or Bacteria;…, or a taxid; see docs/databases.md.",
    ),
    "E120": Code(
        EX_DATA, "a read's name has an impossible size", "Write the number of reads it stands for, as in 'name;size=3'."
    ),
    "E121": Code(
        EX_DATA,
        "qualities of another kind than Phred+33",
        "Convert the file, e.g. `vsearch --fastq_convert OLD.fastq --fastq_ascii 64 --fastqout NEW.fastq`.",
    ),
    "E122": Code(EX_DATA, "nucleotides given where proteins are expected", "Give the amino acid sequences."),
    "E124": Code(EX_DATA, "two samples of the same name", "Give every sample a name of its own."),
    "E125": Code(
        EX_DATA,
        "taxa that do not fit together",
        "Classify all reads and samples with the same version of the same database.",
    ),
    "E126": Code(
        EX_DATA,
        "no sample is left to compare",
        "See why each sample failed: the red datasets of the steps before this one say it.",
    ),
    "E127": Code(
        EX_DATA,
        "a samplesheet with wrong rows",
        "Correct the rows named: a name of its own for each sample, and files that are there and nobody else's.",
    ),
    # 2xx: something is missing or damaged
    "E201": Code(EX_MISSING, "input file not found or not readable", "Check the path and its permissions."),
    "E202": Code(EX_MISSING, "database not installed", "Ask the administrator: `metapipe refdb install NAME`."),
    "E203": Code(EX_MISSING, "database damaged", "Ask the administrator: `metapipe refdb install --force NAME`."),
    "E204": Code(EX_MISSING, "database is of another kind or format version", "Choose a database made for this tool."),
    "E205": Code(
        EX_MISSING, "source of a database cannot be obtained", "Check that the package registries are reachable."
    ),
    "E206": Code(
        EX_MISSING,
        "taxonomy of an amplicon database damaged",
        "Ask the administrator: `metapipe refdb install --force NAME`.",
    ),
    "E207": Code(
        EX_MISSING,
        "what hosts without a network are installed from is not whole",
        "Run `metapipe instance fetch REQUEST` where the registries can be reached; it goes on where it ended.",
    ),
    # 3xx: the machine lacks something
    "E301": Code(EX_UNAVAILABLE, "a program is not installed", "Install it; the message names the package."),
    "E302": Code(EX_UNAVAILABLE, "Spark cannot be started", "Install Java 17 or later, or run with --session inline."),
    "E303": Code(EX_UNAVAILABLE, "the Spark cluster does not answer", "Check the master's address and secret."),
    "E304": Code(EX_UNAVAILABLE, "the sandbox is required but not available", "Install bubblewrap."),
    "E305": Code(EX_UNAVAILABLE, "Galaxy does not answer", "See `scripts/galaxy status`."),
    "E306": Code(EX_UNAVAILABLE, "the port is in use", "End the program that holds it, or choose another --port."),
    "E307": Code(EX_UNAVAILABLE, "a part of Galaxy is not working", "`scripts/galaxy up` mends it."),
    "E308": Code(
        EX_UNAVAILABLE, "Galaxy cannot reach its database", "Start PostgreSQL; Galaxy then goes on by itself."
    ),
    "E309": Code(
        EX_UNAVAILABLE, "the sandbox cannot be made for a program", "See METAPIPE_SANDBOX in docs/operating.md."
    ),
    "E310": Code(EX_UNAVAILABLE, "the Spark cluster has no free cores", "Run again later; finished blocks are kept."),
    "E311": Code(
        EX_UNAVAILABLE,
        "the secret of the Spark cluster cannot be used",
        "Make it with `metapipe cluster secret FILE`; it must be yours and of mode 0600.",
    ),
    "E312": Code(
        EX_UNAVAILABLE,
        "a host of the Spark cluster lacks a shared folder",
        "Mount the same folders at the same paths on the host named.",
    ),
    "E320": Code(
        EX_UNAVAILABLE,
        "no warm session server takes this run",
        "Start one with `metapipe warm up`, or leave out --session warm.",
    ),
    "E321": Code(EX_UNAVAILABLE, "the warm session server did not start or end", "See the log named in the message."),
    "E322": Code(
        EX_UNAVAILABLE,
        "the warm session server's socket cannot be used",
        "Give --socket a file in a folder of your own, 0700.",
    ),
    "E331": Code(
        EX_UNAVAILABLE,
        "a machine does not answer, or lets nobody in",
        "Try `ssh` and `sudo` to it by hand, with the user, key and port of the request.",
    ),
    "E332": Code(
        EX_UNAVAILABLE,
        "a step failed on a machine",
        "See the log that is named; mend what it says, and run `metapipe instance up` again: it goes on there.",
    ),
    # 4xx: the tool behind a stage failed
    "E401": Code(EX_TOOL, "the program of this stage failed", "The message ends with the program's own last words."),
    "E402": Code(
        EX_TOOL, "too many records made the program fail", "The quarantine file holds them; see --max-quarantined."
    ),
    "E403": Code(EX_TOOL, "the program said it succeeded but did not finish", "Run again; report it if it stays."),
    "E404": Code(EX_TOOL, "a Galaxy job failed", "The message names the job; its standard error is in Galaxy."),
    # 5xx–8xx: surroundings
    "E501": Code(EX_WRITE, "cannot write", "Free disk space or choose another folder."),
    "E601": Code(EX_TEMPORARY, "workers were lost", "Run again; finished blocks are kept."),
    "E602": Code(
        EX_TEMPORARY, "another command works on this instance", "Wait until it has ended; the process is named."
    ),
    "E701": Code(EX_CONFIG, "an option has a wrong value", "See --help for the values allowed."),
    "E702": Code(EX_CONFIG, "a configuration file is wrong", "Correct the line named in the message."),
    "E703": Code(
        EX_CONFIG,
        "a request for an instance is wrong",
        "Correct the lines named; every field stands in docs/instances.md. Nothing was made.",
    ),
    "E704": Code(
        EX_CONFIG,
        "a machine cannot hold the instance that is asked for",
        "Change the machine or the request as the line says. Nothing was made.",
    ),
    "E801": Code(EX_TIMEOUT, "the time limit was reached", "Allow more time."),
    "E802": Code(EX_MEMORY, "out of memory", "Give the job more memory; Galaxy can resubmit it by itself."),
    # 9xx: ours
    "E901": Code(EX_BUG, "an error in META-pipe itself", "Please report it with the run report."),
}

#: What is worth a line although nothing fails: the run goes on, and its exit code stays 0.
WARNINGS: dict[str, Code] = {
    "W304": Code(
        0,
        "programs run without a sandbox",
        "Install bubblewrap (docs/operating.md), or set METAPIPE_SANDBOX=require to refuse such runs.",
    ),
    "W402": Code(
        0,
        "a few records made the program fail and were set aside",
        "Look at them in the quarantine file; all others are in the result. --max-quarantined limits their number.",
    ),
}

_FOUND_LIMIT = 60


class MetapipeError(Exception):
    """Anything a user can act upon.

    :param code: key of :data:`CODES`, e.g. ``"E101"``.
    :param message: the sentence, when ``expected``/``found`` do not say it all.
    :param file: file concerned: a path, of which only the last part is shown (paths of the machine mean nothing to a
        Galaxy user), or a name as the user knows it, which may hold a slash.
    :param line: 1-based line number in the (decompressed) file.
    :param expected: what should have stood there.
    :param found: what stands there; shortened and made printable.
    """

    def __init__(
        self,
        code: str,
        message: str = "",
        *,
        file: str | PathLike[str] | None = None,
        line: int | None = None,
        expected: str | None = None,
        found: str | bytes | None = None,
    ) -> None:
        if code not in CODES:
            raise ValueError(f"no such code: {code}")
        self.code = code
        self.message = one_line(message)
        self.file = None if file is None else one_line(_name(file))
        self.line = line
        self.expected = None if expected is None else one_line(expected)
        self.found = None if found is None else printable(found)
        self.detail = ""  # a program's own last words or a traceback, shown below the one line that matters
        super().__init__(str(self))

    @property
    def exit_code(self) -> int:
        """What the program ends with: the one of the code (:data:`CODES`), after sysexits.h where it has one."""
        return CODES[self.code].exit_code

    def __str__(self) -> str:
        where = self.file or ""
        if self.line is not None:
            where += f" line {self.line}"
        parts = [self.message] if self.message else []
        if self.expected is not None:
            parts.append(f"expected {self.expected}")
        if self.found is not None:
            parts.append(f"found {self.found}")
        what = ", ".join(parts) or CODES[self.code].meaning
        return f"METAPIPE-{self.code} {where.strip()}{': ' if where else ''}{what}"

    def __repr__(self) -> str:
        return f"MetapipeError({self.code!r}, {str(self)!r})"

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions travel from Spark workers to the driver; the default reduce would lose the keywords.
        return (_rebuild, (self.code, self.message, self.file, self.line, self.expected, self.found))


def _rebuild(
    code: str, message: str, file: str | None, line: int | None, expected: str | None, found: str | None
) -> MetapipeError:
    error = MetapipeError(code, message, file=file, line=line, expected=expected)
    error.found = found
    error.args = (str(error),)
    return error


def _name(file: str | PathLike[str]) -> str:
    if isinstance(file, str) and not file.startswith("/"):
        return file
    return PurePath(file).name


def one_line(text: str) -> str:
    """The text with every control character, line break and undecodable byte escaped: it cannot leave its line."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape", "surrogatepass").decode() for letter in text
    )


def printable(found: str | bytes) -> str:
    """Quote what was found so that it fits one line and shows control characters and undecodable bytes."""
    if isinstance(found, bytes):
        found = found.decode("utf-8", "surrogateescape")
    if len(found) > _FOUND_LIMIT:
        found = found[:_FOUND_LIMIT] + "…"
    shown = "".join(
        f"\\x{ord(letter) - 0xDC00:02x}" if "\udc80" <= letter <= "\udcff" else one_line(letter) for letter in found
    )
    return f"'{shown}'"


def warning_line(code: str, message: str) -> str:
    """Return the one line of a warning, e.g. ``METAPIPE-W402 3 record(s) …``.

    :raises ValueError: for a code that the table lacks.
    """
    if code not in WARNINGS:
        raise ValueError(f"no such code: {code}")
    return f"METAPIPE-{code} {one_line(message)}"


def table_markdown() -> str:
    """Return the table of codes as Markdown (the source of ``docs/errors.md``)."""
    rows = ["| Code | Exit | What it means | What to do |", "| --- | --- | --- | --- |"]
    every = {**CODES, **WARNINGS}
    rows += [f"| METAPIPE-{key} | {c.exit_code} | {c.meaning} | {c.remedy} |" for key, c in every.items()]
    return "\n".join(rows) + "\n"
