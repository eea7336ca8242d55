"""Small stages, honest and hostile, that show what the runner does. Importable by Spark's workers (see conftest)."""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metapipe.runner.declare.elements import (
    PER_NODE,
    Exact,
    Fasta,
    FastqPairs,
    MapReduce,
    Output,
    PinnedGlobals,
    SideFile,
    Table,
    WholeInput,
    option,
)
from metapipe.runner.declare.merge import HeaderOnce, Reduce, add_counts
from metapipe.runner.declare.stage import Stage, Task


class Identity(Stage):
    """Writes every record as it is."""

    name, summary = "identity", "test"
    records = Fasta("contigs", alphabet="any")
    outputs = {"copy": Output("fasta", "copy")}
    invariance = Exact()
    memory_mb = 1
    empty_ok = True

    def run(self, task: Task, state: Any) -> None:
        for record in task.records():
            header = f"{record.name} {record.description}".strip()
            task.output("copy").write(b">%s\n%s\n" % (header.encode(), record.sequence))
            task.note("bases", len(record.sequence))


class Mates(Identity):
    """Writes pairs one after the other."""

    name = "mates"
    records = FastqPairs()

    def run(self, task: Task, state: Any) -> None:
        for first, second in task.pairs():
            for record in (first, second):
                task.output("copy").write(b"%s %s\n" % (record.name.encode(), record.sequence))


class MatesOrSingles(Mates):
    """The same, or single reads where one file is given."""

    name = "mates_or_singles"
    records = FastqPairs(or_single=True)

    def run(self, task: Task, state: Any) -> None:
        if task.paired:
            super().run(task, state)
            return
        for record in task.records():
            task.output("copy").write(b"%s %s\n" % (record.name.encode(), record.sequence))


class MateTexts(Mates):
    """The same, many pairs at a time."""

    name = "mate_texts"

    def run(self, task: Task, state: Any) -> None:
        output = task.output("copy")
        for texts in task.pair_texts():
            for at in range(len(texts[0])):
                for mate in texts:
                    bases = mate.text[mate.bases[at] : mate.bases[at] + mate.lengths[at]]
                    output.write(b"%s %s\n" % (mate.name(at).encode(), bases))


class Counting(Identity):
    """MapReduce: letters counted in each block and added up."""

    name = "counting"
    outputs = {"counts": Output("json", "counts", merge=Reduce(add_counts))}
    invariance = MapReduce()

    def run(self, task: Task, state: Any) -> None:
        counts: dict[str, int] = {}
        for record in task.records():
            for letter in record.sequence.decode():
                counts[letter] = counts.get(letter, 0) + 1
            # Whole-number keys: JSON makes words of them, on every way a note can take.
            task.note("lengths", {len(record.sequence): 1})
            task.note("names", [record.name])
        import json

        task.output("counts").write(json.dumps(counts).encode())


class Pinned(Identity):
    """PinnedGlobals: every line needs the number of all records."""

    name = "pinned"
    outputs = {"table": Output("tsv", "table", merge=HeaderOnce())}
    invariance = PinnedGlobals(("records", "residues"))

    def setup(self, task: Task) -> str:
        return f"{task.totals.records}\t{task.totals.residues}"

    def run(self, task: Task, state: str) -> None:
        task.output("table").write(b"#name\tindex\trecords\tresidues\n")
        for record in task.records():
            task.output("table").write(f"{record.name}\t{record.index}\t{state}\n".encode())


class Whole(Identity):
    """WholeInput through files and a program."""

    name = "whole"
    records = FastqPairs()
    invariance = WholeInput()

    def run(self, task: Task, state: Any) -> None:
        first, second = task.input_file("reads-1"), task.input_file("reads-2")
        assert task.input_file("reads-1") == first
        task.launch(["sort", f"--parallel={task.threads}", first, second], stdout=task.output_path("copy"))


class Fat(Identity):
    """Uses every core of a host, and says how many there are."""

    name = "fat"
    threads = PER_NODE

    def run(self, task: Task, state: Any) -> None:
        for record in task.records():
            task.output("copy").write(b"%s %d\n" % (record.name.encode(), task.threads))


class Side(Identity):
    """Writes the lines of side files."""

    name = "side"
    side = {
        "table": SideFile("tabular", "table", optional=True),
        "tables": SideFile("tabular", "t", optional=True, multiple=True),
    }

    def run(self, task: Task, state: Any) -> None:
        for record in task.records():
            text = task.side["table"].read_text().strip() if "table" in task.side else "-"
            more = "".join(path.read_text().strip() for path in task.side_files.get("tables", []))
            task.output("copy").write(f"{record.name} {text} {more}\n".encode())


class NoRecords(Identity):
    """Reads side files only, as a report does."""

    name = "no_records"
    records = None
    side = {"tables": SideFile("tabular", "t", multiple=True)}
    invariance = WholeInput()

    def run(self, task: Task, state: Any) -> None:
        for position, path in enumerate(task.side_files["tables"]):
            task.output("copy").write(f"{task.labels[f'tables.{position}']} {path.read_text()}".encode())


# ------------------------------------------------------------------------------------------------------ hostile


@dataclass(frozen=True)
class HowToFail:
    """What happens at records whose name begins with ``poison``."""

    how: str = option("raise", "how")
    flag: str = option("", "a file used to fail only once, or to count")
    seconds: float = option(60.0, "how long to hang or burn")


class Poisoned(Identity):
    """Fails at records named ``poison…`` in the way the option says."""

    name = "poisoned"
    options = HowToFail

    def run(self, task: Task, state: Any) -> None:
        if task.options.flag:
            with open(task.options.flag, "a") as log:
                log.write(f"{task.ordinal}\n")
        for record in task.records():
            if record.name.startswith("poison"):
                fail(task, task.options)
                if task.options.how == "stop":
                    return
            task.output("copy").write(b">%s\n%s\n" % (record.name.encode(), record.sequence))
            task.note("bases", len(record.sequence))


class TwoOutputs(Poisoned):
    """As ``poisoned``, with a table of the names beside."""

    name = "two_outputs"
    outputs = {**Identity.outputs, "names": Output("tsv", "names", merge=HeaderOnce())}

    def run(self, task: Task, state: Any) -> None:
        task.output("names").write(b"#name\n")
        for record in task.records():
            if record.name.startswith("poison"):
                fail(task, task.options)
            task.output("copy").write(b">%s\n%s\n" % (record.name.encode(), record.sequence))
            task.output("names").write(f"{record.name}\n".encode())


class Rows(Poisoned):
    """Writes the rows of a table as they are."""

    name = "rows"
    records = Table("table", columns=("name", "number", "word"))
    outputs = {"copy": Output("tabular", "copy", merge=HeaderOnce())}

    def run(self, task: Task, state: Any) -> None:
        task.output("copy").write(b"#name\tnumber\tword\n")
        rows = [record.sequence for record in task.records()]
        assert task.input_file("table").read_bytes().split() == b"\n".join(rows).split()
        for row in rows:
            if row.startswith(b"poison"):
                fail(task, task.options)
            task.output("copy").write(row + b"\n")
            task.note("bases", len(row))


class PoisonedPairs(Poisoned):
    name = "poisoned_pairs"
    records = FastqPairs()

    def run(self, task: Task, state: Any) -> None:
        for first, second in task.pairs():
            if first.name.startswith("poison"):
                faulthandler.disable()
                os.kill(os.getpid(), signal.SIGSEGV)
            task.output("copy").write(b"%s %s\n" % (first.name.encode(), second.sequence))


class PoisonedWhole(Poisoned):
    name = "poisoned_whole"
    invariance = WholeInput()


def fail(task: Task, options: HowToFail) -> None:
    shell = "/bin/sh"
    match options.how:
        case "raise":
            raise ValueError("bad\nrecord; 'quoted'")
        case "segfault":
            faulthandler.disable()  # pytest's would fill its own output with this
            os.kill(os.getpid(), signal.SIGSEGV)
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "memory":
            raise MemoryError
        case "numpy-memory":
            import numpy as np

            np.zeros(1 << 50)
        case "exit":
            os._exit(3)
        case "system-exit":
            sys.exit(4)
        case "hang":
            time.sleep(options.seconds)
        case "hang-in-program":
            task.launch([shell, "-c", f"sleep {options.seconds} & sleep {options.seconds}"])
        case "escape":
            # A grandchild in a session of its own that holds every pipe open.
            task.launch(["setsid", "-f", "sleep", str(options.seconds)])
            raise ValueError("after leaving a child behind")
        case "escape-and-hang":
            # The program hangs, too: what it leaves behind is ended as soon as it ends.
            task.launch([shell, "-c", f"setsid -f sleep {options.seconds}; sleep {options.seconds}"])
        case "forked":
            if os.fork() == 0:
                os.setsid()
                time.sleep(options.seconds)
                os._exit(0)
            raise ValueError("after forking")
        case "code":
            task.launch([shell, "-c", "echo early; echo 'the reason' >&2; exit 3"])
        case "partial-output":
            # The lie of RDD.pipe: lines have come out before the exit code says that they are worth nothing.
            said = "echo '>half of a record'; echo 'the reason' >&2; exit 3"
            task.launch([shell, "-c", said], stdout=task.output_path("copy"))
        case "deaf":
            # Closes its standard input at once and says that all is well, but not that it has finished.
            task.launch([shell, "-c", "exec <&-; echo 'nothing read' >&2"], stdin=_large(task), finished="[ok]")
        case "deaf-and-done":
            task.launch([shell, "-c", "exec <&-; echo '[ok]' >&2"], stdin=_large(task), finished="[ok]")
            task.launch([shell, "-c", "yes | head -n 1"], stdin=_large(task))
        case "no-sentinel":
            task.launch([shell, "-c", "echo nearly >&2"], finished="[ok]")
        case "signal":
            task.launch([shell, "-c", "kill -SEGV $$"])
        case "program-killed":
            task.launch([shell, "-c", "kill -KILL $$"])
        case "missing":
            task.launch(["no-such-program-anywhere"])
        case "notes":
            task.note("bad", object())
        case "undeclared":
            task.output("nothing of the kind")
        case "flood":
            task.launch([shell, "-c", "head -c 30000000 /dev/zero | tr '\\0' 'x' >&2; echo; echo done >&2; exit 1"])
        case "once":
            marker = Path(options.flag + ".once")
            if not marker.exists():
                marker.touch()
                zygote = Path(f"/proc/{os.getppid()}/stat").read_text()
                os.kill(int(zygote.rpartition(")")[2].split()[1]), signal.SIGKILL)  # its parent, the worker
                time.sleep(30)
        case "enospc":
            import resource

            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
            task.output("copy").write(b"x" * 100_000)
            task.output("copy").flush()
        case "stop":
            return
        case other:
            raise AssertionError(other)


def _large(task: Task) -> Path:
    """More than any pipe holds."""
    path = task.scratch / "large"
    path.write_bytes(b"line\n" * 400_000)
    return path


# ---------------------------------------------------------------------------------------------------- spending


@dataclass(frozen=True)
class HowToBurn:
    seconds: float = option(1.0, "CPU seconds per record")
    program: bool = option(False, "in a program")
    escape: bool = option(False, "in a program left behind")
    pause: float = option(0.0, "seconds to wait per record beside")


class Burning(Identity):
    """Burns CPU for each record: itself, or in a program that itself has a child."""

    name = "burning"
    options = HowToBurn

    def run(self, task: Task, state: Any) -> None:
        for record in task.records():
            time.sleep(task.options.pause)
            if task.options.program:
                code = f"import time\nwhile time.process_time() < {task.options.seconds}: pass"
                task.launch(["/bin/sh", "-c", '"$0" -S -c "$1"; exit 0', sys.executable, code])
            else:
                stop = time.process_time() + task.options.seconds
                while time.process_time() < stop:
                    pass
            task.output("copy").write(f"{record.name}\n".encode())


class Slow(Poisoned):
    """Takes a while for each record and says in the flag file which it did."""

    name = "slow"

    def run(self, task: Task, state: Any) -> None:
        for record in task.records():
            time.sleep(task.options.seconds)
            with open(task.options.flag, "a") as log:
                log.write(f"{record.name}\n")
            task.output("copy").write(f"{record.name}\n".encode())


class Held(Poisoned):
    """Says in the flag file which process does a block; all but the first two wait until ``<flag>.go`` is there."""

    name = "held"

    def run(self, task: Task, state: Any) -> None:
        with open(task.options.flag, "a") as log:
            log.write(f"{task.ordinal} {os.getpid()}\n")
        while task.ordinal >= 2 and not os.path.exists(f"{task.options.flag}.go"):
            time.sleep(0.02)
        for record in task.records():
            task.output("copy").write(f"{record.name}\n".encode())


class Surrounded(Identity):
    """Writes what it inherits and has loaded: to be the same wherever its blocks run."""

    name = "surrounded"
    options = HowToFail

    def setup(self, task: Task) -> list[str]:
        with open(task.options.flag, "a") as log:
            log.write("setup\n")
        return [task.options.how]

    def run(self, task: Task, state: list[str]) -> None:
        umask = os.umask(0)
        os.umask(umask)
        environment = {name: os.environ.get(name) for name in ("ONLY_THE_SERVER", "ONLY_THE_CLIENT", "TMPDIR", "PATH")}
        for record in task.records():
            line = f"{record.name} {state} {umask:o} {os.getcwd()} {environment} {sys.path[0]}\n"
            task.output("copy").write(line.encode())


STAGES = {
    stage.name: f"stages_for_tests:{stage.__name__}"
    for stage in (
        Identity,
        Mates,
        MatesOrSingles,
        MateTexts,
        Fat,
        Counting,
        Pinned,
        Whole,
        Side,
        Poisoned,
        TwoOutputs,
        Rows,
        PoisonedPairs,
        PoisonedWhole,
        Burning,
        Slow,
        Held,
        Surrounded,
    )
}
