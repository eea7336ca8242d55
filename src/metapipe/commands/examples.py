"""The command behind ``scripts/examples``: runs our workflows on reads of ``test-data`` and keeps what they give."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from metapipe.commands import run
from metapipe.errors import MetapipeError
from metapipe.galaxy.pipelines import PIPELINES
from metapipe.instance.local import examples, settings

if TYPE_CHECKING:
    from bioblend.galaxy import GalaxyInstance

_EXPORT_SECONDS, _POLL_SECONDS = 600.0, 0.5


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the workflows and write ``instance/examples/*.tar.xz``; return the exit code."""
    parser = argparse.ArgumentParser("scripts/examples", description=__doc__)
    parser.add_argument("state", type=Path, help="folder of a Galaxy that is up and offers the databases of test-data")
    parser.add_argument("names", nargs="*", metavar="NAME", help="make these alone: metapipe, taxonomy, biomas")
    given = parser.parse_args(arguments)
    state: Path = given.state
    try:
        home = settings.load(state).checkout
        with tempfile.TemporaryDirectory(prefix="metapipe-examples-") as scratch:
            for example in examples.known(home):
                if given.names and _name(example) not in given.names:
                    continue
                if code := _make(example, home, state, Path(scratch)):
                    return code
                sys.stdout.write(f"{example.archive} {example.archive.stat().st_size}\n")
    except MetapipeError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def _name(example: examples.Example) -> str:
    return example.archive.name.partition(".")[0]


def _make(example: examples.Example, home: Path, state: Path, scratch: Path) -> int:
    from metapipe.galaxy.connection import Account, connect, talking_to_galaxy

    pipeline = PIPELINES[_name(example)]
    # A history is called after the folder of the reads.
    reads = scratch / example.name_in_archive.removeprefix(f"{pipeline.title} ")
    example.lay_out_reads(home, reads)
    words = [pipeline.name, "--state", str(state), "--input", str(reads), "--results", str(scratch / "results")]
    words += [f"--{option.replace('_', '-')}={label}" for option, label in pipeline.smallest.items()]
    if code := run.main(words):
        return code
    examples.note_results(example, scratch / "results" / reads.name)
    account = Account.read(state)
    gi = connect(account)
    with talking_to_galaxy(account.url):
        history = gi.histories.get_histories(name=example.name_in_archive, deleted=False)[0]["id"]
        whole = scratch / "whole.tgz"
        whole.write_bytes(export(gi, history))
    example.archive.parent.mkdir(exist_ok=True)
    examples.slim(whole, example.archive, example.reads)
    return 0


def export(gi: GalaxyInstance, history: str) -> bytes:
    """Return a history as Galaxy exports it, hidden datasets too.

    :raises MetapipeError: E801 when Galaxy has not packed it after ten minutes.
    """
    wanted = {"model_store_format": "tgz", "include_files": True, "include_hidden": True, "include_deleted": False}
    request = gi.make_post_request(f"{gi.url}/histories/{history}/prepare_store_download", payload=wanted)
    address = f"{gi.url}/short_term_storage/{request['storage_request_id']}"
    end = time.monotonic() + _EXPORT_SECONDS
    while not gi.make_get_request(f"{address}/ready").json():
        if time.monotonic() > end:
            raise MetapipeError("E801", f"Galaxy has not packed the history after {_EXPORT_SECONDS:.0f} s")
        time.sleep(_POLL_SECONDS)
    return bytes(gi.make_get_request(address).content)


if __name__ == "__main__":
    sys.exit(main())
