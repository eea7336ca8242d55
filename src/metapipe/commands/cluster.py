"""``metapipe cluster secret | master | worker``: a standalone Spark cluster from the installed package."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from metapipe import machine
from metapipe.runner.sessions.cluster import Cluster
from metapipe.runner.sessions.cluster_secret import make_secret
from metapipe.runner.sessions.masters import masters_in
from metapipe.runner.sessions.standalone import MASTER_PORT, WORKER_PORT, Daemon

_EXAMPLES = """examples:
  metapipe cluster secret /etc/metapipe/spark.secret                    once; copy it to every host, mode 0600
  metapipe cluster master --host 10.0.0.1 --secret-file /etc/metapipe/spark.secret
  metapipe cluster worker spark://10.0.0.1:7077 --host 10.0.0.2 --cores 16 --secret-file /etc/metapipe/spark.secret

Master and workers stay in the foreground, fit for systemd (units in docs/operating.md), and end cleanly on SIGTERM.
Jobs find the cluster by METAPIPE_SPARK_MASTER, METAPIPE_SPARK_CORES and METAPIPE_SPARK_SECRET_FILE.
"""
_RAW = argparse.RawDescriptionHelpFormatter

Say = Callable[[str], None]


def add_parser(commands: Any) -> None:
    """Add ``cluster`` with its three actions to the main command line."""
    parser = commands.add_parser(
        "cluster",
        help="run a Spark cluster: its secret, its master, its workers",
        epilog=_EXAMPLES,
        formatter_class=_RAW,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    secret = actions.add_parser("secret", help="make a new secret", epilog=_EXAMPLES, formatter_class=_RAW)
    secret.add_argument("file", type=Path, metavar="FILE", help="a new file; it gets mode 0600")
    master = actions.add_parser(
        "master", help="hand out the cores of the workers", epilog=_EXAMPLES, formatter_class=_RAW
    )
    _add_daemon(master, MASTER_PORT)
    worker = actions.add_parser("worker", help="run blocks on this host", epilog=_EXAMPLES, formatter_class=_RAW)
    worker.add_argument("master", metavar="URL", help="spark://host:port of the master")
    _add_daemon(worker, WORKER_PORT)
    worker.add_argument(
        "--cores", type=_positive, default=machine.cores(), metavar="N", help="cores to give (default: all)"
    )
    worker.add_argument(
        "--folder",
        type=Path,
        metavar="DIR",
        help="logs of executors, on a disk of this host (default: a temporary one)",
    )


def _add_daemon(parser: argparse.ArgumentParser, port: int) -> None:
    parser.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS", help="the address to listen on (default 127.0.0.1)"
    )
    parser.add_argument("--port", type=_port, default=port, metavar="N", help=f"port (default {port})")
    parser.add_argument(
        "--secret-file",
        type=Path,
        metavar="FILE",
        required=True,
        help="secret of the cluster, the same on every host, mode 0600",
    )


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, found {text!r}")
    return int(text)


def _port(text: str) -> int:
    number = _positive(text)
    if number > 65535:
        raise argparse.ArgumentTypeError(f"expected a port from 1 to 65535, found {text!r}")
    return number


def run(options: argparse.Namespace, say: Say, warn: Say) -> int:
    """Carry out what was parsed; a daemon runs until it is told to end."""
    if options.action == "secret":
        make_secret(options.file)
        say(f"secret written to {options.file.name}: copy it to every host of the cluster, mode 0600")
        return 0
    daemon = Daemon(options.host, options.port, options.secret_file)
    if options.action == "worker":
        masters = Cluster(options.master, options.cores, masters_in(options.master, "the master's address"))
        daemon = Daemon(options.host, options.port, options.secret_file, masters, options.cores, options.folder)
    return daemon.run(say, warn)
