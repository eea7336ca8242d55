"""What starting Spark costs: our session with and without its class archive, and pyspark's own."""

from __future__ import annotations

from benchmarks.measure import Variant, rounds
from benchmarks.part import Asked, Part
from benchmarks.results import Results
from benchmarks.variants import keep, python

SESSION = """
import os, sys, tempfile
from pathlib import Path
from metapipe.runner.sessions import jvm
from metapipe.runner.sessions.local import LocalSession
if sys.argv[1] == "without archive":
    jvm.archive_path = lambda: None
with tempfile.TemporaryDirectory() as folder:
    session = LocalSession(2, Path(folder))
    if sys.argv[2] == "with blocks":
        session.try_out()
    session.stop()
"""

DEFAULT_SESSION = """
from benchmarks.competitors.rivals import session, stop
context = session(2)
if __import__("sys").argv[2] == "with blocks":
    context.parallelize([1, 2], 2).map(str).collect()
stop(context)
"""


def measure(asked: Asked) -> None:
    """Measure it by rounds and keep it after each."""
    setting, results = asked.setting, Results("session", asked.setting, asked.command, ["java"])
    variants: dict[str, Variant] = {}
    for blocks in ("no block", "with blocks"):
        variants[f"ours, {blocks}"] = python(SESSION, "with archive", blocks)
        if not setting.quick:
            variants[f"ours without class archive, {blocks}"] = python(SESSION, "without archive", blocks)
            variants[f"pyspark's own, {blocks}"] = python(DEFAULT_SESSION, "", blocks)
    after = keep(results, setting, "session", lambda _: {})
    rounds(variants, setting.repeats, deadline=setting.deadline, after=after, say=asked.say)


PART = Part("session", "what starting Spark costs", measure, order=10, share=4, titles={"session": "Starting Spark"})
