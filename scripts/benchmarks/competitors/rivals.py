"""The Spark competitors, as others write them: records go through the JVM and Python into the program's stdin.

usage, after python -m benchmarks.competitors.rivals:
  pipe COMMAND TARGET BLOCK...       RDD.pipe, as SparkBLAST and Sparkhit do
  feed HOW FILE                      how fast records reach ``wc -l``; prints seconds

The session is Spark's own default one (no web page). The blocks are ours, one partition each.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pyspark import SparkConf, SparkContext

from metapipe.proc import descendants
from metapipe.runner.guard.launcher import adopt_orphans, wait_for


def session(slots: int) -> Any:
    settings = {
        "spark.master": f"local[{slots}]",
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        # One partition a block, whatever its size.
        "spark.hadoop.mapreduce.input.fileinputformat.split.minsize": str(1 << 40),
        # pyspark's own daemon forgets what its workers have used; ours lets the kernel add it up. No other difference.
        "spark.python.daemon.module": "metapipe.runner.sessions.worker_daemon",
    }
    os.environ.update(PYSPARK_PYTHON=sys.executable, PYSPARK_DRIVER_PYTHON=sys.executable, SPARK_LOCAL_IP="127.0.0.1")
    adopt_orphans()
    context = SparkContext(conf=SparkConf().setAll(list(settings.items())))
    context.setLogLevel("ERROR")
    return context


def stop(context: Any) -> None:
    """End Spark and wait for all its processes, so that their CPU-seconds are counted."""
    below = descendants(os.getpid())
    gateway = SparkContext._gateway
    context.stop()
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait(30)
    wait_for(below, 10.0)


def pipe(command: str, target: Path, blocks: list[str]) -> None:
    """RDD.pipe over the blocks, saveAsTextFile, then the parts in order in one file."""
    context = session(2)
    parts = target.with_suffix(".parts")
    rdd = context.union([context.textFile(block, 1) for block in blocks])
    # Its defaults are an empty environment and no look at exit codes; this is the careful way to use it.
    rdd.pipe(command, env=dict(os.environ), checkCode=True).saveAsTextFile(str(parts))
    stop(context)
    with target.open("wb") as whole:
        for part in sorted(parts.glob("part-*")):
            with part.open("rb") as source:
                shutil.copyfileobj(source, whole, 1 << 20)


def feed(how: str, file: str) -> None:
    """Print the seconds a job takes that feeds the lines of a file to ``wc -l``; the session is warm before."""
    context = session(2)
    context.parallelize([1, 2], 2).map(str).collect()
    started = time.monotonic()
    if how == "RDD.pipe":
        found = context.textFile(file, 16).pipe("wc -l", env=dict(os.environ), checkCode=True).collect()
    else:
        found = context.textFile(file, 16).mapPartitions(_count_lines).collect()
    seconds = time.monotonic() - started
    stop(context)
    print(f"{seconds} {sum(int(value) for value in found)}")


def _count_lines(lines: Iterable[str]) -> Iterator[int]:
    yield _wc(f"{line}\n".encode() for line in lines)


def _wc(lines: Iterable[bytes]) -> int:
    process = subprocess.Popen(["wc", "-l"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    for line in lines:
        process.stdin.write(line)
    process.stdin.close()
    found = int(process.stdout.read())
    process.wait()
    return found


if __name__ == "__main__":
    if sys.argv[1] == "pipe":
        pipe(sys.argv[2], Path(sys.argv[3]), sys.argv[4:])
    else:
        feed(sys.argv[2], sys.argv[3])
