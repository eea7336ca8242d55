"""What the tests against a real Galaxy share: the instance, one finished run of the demo, a browser.

`scripts/test` starts the instance and names its state folder in METAPIPE_GALAXY_STATE. Without it these tests fail:
a test that was asked for and did not run is no success.
"""

import gzip
import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from bioblend.galaxy import GalaxyInstance

from metapipe.galaxy.connection import Account, connect
from metapipe.instance.local import settings
from offline_browser import chromium

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM_FLAGS = ("--disable-quic", "--disable-component-update", "--disable-sync")


@pytest.fixture(scope="session")
def state() -> Path:
    """State folder of the running Galaxy."""
    folder = os.environ.get("METAPIPE_GALAXY_STATE")
    if not folder:
        pytest.fail("METAPIPE_GALAXY_STATE names no Galaxy; run these tests with scripts/test")
    return Path(folder)


@pytest.fixture(scope="session")
def account(state: Path) -> Account:
    """The ordinary user of the running Galaxy."""
    return Account.read(state)


@pytest.fixture(scope="session")
def gi(account: Account) -> GalaxyInstance:
    """A client of the ordinary user."""
    return connect(account)


@pytest.fixture(scope="session")
def demo() -> Path:
    """Folder of the demo community: reads and truth."""
    folder = ROOT / ".build/demo"
    if not folder.is_dir():
        pytest.fail("the demo community is not built; run scripts/demo build")
    return folder


@dataclass(frozen=True)
class FinishedRun:
    """The demo after its way through Galaxy.

    :param printed: what the command printed.
    :param invocation: the run as Galaxy describes it.
    """

    results: Path
    printed: str
    invocation: dict[str, Any]

    @property
    def history_id(self) -> str:
        return str(self.invocation["history_id"])

    def dataset_id(self, label: str) -> str:
        return str(self.invocation["outputs"][label]["id"])


RunCommand = Callable[..., subprocess.CompletedProcess[str]]
ShellCommand = Callable[[str], subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def run_command(state: Path) -> RunCommand:
    """The command behind scripts/run, on the Galaxy of these tests."""

    def run(*arguments: str, pipeline: str = "metapipe") -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "metapipe.commands.run", pipeline, "--state", str(state)]
        argv += arguments
        return subprocess.run(argv, capture_output=True, text=True, check=False)

    return run


@pytest.fixture(scope="session")
def refdb(state: Path) -> Path:
    """The folder of databases of the running Galaxy."""
    return settings.load(state, environ={"METAPIPE_HOME": str(ROOT)}).refdb


@pytest.fixture(scope="session")
def in_the_checkout(state: Path, refdb: Path) -> ShellCommand:
    """Type a command into a shell, as README shows it; the Galaxy of these tests and its databases are the user's."""

    def type_in(line: str) -> subprocess.CompletedProcess[str]:
        variables = {**os.environ, "METAPIPE_GALAXY_STATE": str(state), "METAPIPE_REFDB": str(refdb)}
        argv = ["bash", "-c", line]
        return subprocess.run(argv, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)

    return type_in


@pytest.fixture(scope="session")
def finished_run(
    in_the_checkout: ShellCommand, gi: GalaxyInstance, tmp_path_factory: pytest.TempPathFactory
) -> FinishedRun:
    """README's first command: the demo, uploaded and run anew through the workflow of this checkout and downloaded."""
    for earlier in gi.histories.get_histories(name="META-pipe demo", deleted=False):
        gi.histories.delete_history(earlier["id"])
    results = tmp_path_factory.mktemp("results")
    done = in_the_checkout(f"scripts/run --results {results}")
    assert done.returncode == 0, done.stderr
    history = gi.histories.get_histories(name="META-pipe demo", deleted=False)[0]
    run = gi.invocations.get_invocations(history_id=history["id"], limit=1)[0]
    return FinishedRun(results / "demo", done.stdout, gi.invocations.show_invocation(run["id"]))


@pytest.fixture(scope="session")
def finished_biomas(
    run_command: RunCommand, gi: GalaxyInstance, tmp_path_factory: pytest.TempPathFactory
) -> FinishedRun:
    """Two samples of the mock amplicon community and a third whose mates are of different pairs, run anew and fetched.

    The third fails: what that costs is looked at with what the others give.
    """
    for earlier in gi.histories.get_histories(name="BioMaS marina", deleted=False):
        gi.histories.delete_history(earlier["id"])
    reads, results = tmp_path_factory.mktemp("amplicons") / "marina", tmp_path_factory.mktemp("results")
    reads.mkdir()
    for sample in ("station_A", "station_B"):
        for mate in "12":
            shutil.copy(ROOT / f"test-data/amplicon/mock_{mate}.fastq.gz", reads / f"{sample}_{mate}.fastq.gz")
    for mate, skipped in (("1", 0), ("2", 100)):
        with gzip.open(ROOT / f"test-data/amplicon/mock_{mate}.fastq.gz", "rb") as whole:
            lines = b"".join(itertools.islice(whole, 4 * skipped, 4 * (skipped + 50)))
        (reads / f"torn_{mate}.fastq.gz").write_bytes(gzip.compress(lines, mtime=0))
    database = ("--reference-database", "biomas-tiny-16s:1")
    done = run_command("--input", str(reads), "--results", str(results), *database, pipeline="biomas")
    assert done.returncode == 71, done.stdout
    assert "METAPIPE-E106 torn_2.fastq.gz (reverse) line 1: " in done.stderr
    assert len(done.stderr.splitlines()) == 1
    history = gi.histories.get_histories(name="BioMaS marina", deleted=False)[0]
    run = gi.invocations.get_invocations(history_id=history["id"], limit=1)[0]
    return FinishedRun(results / "marina", done.stdout, gi.invocations.show_invocation(run["id"]))


@pytest.fixture(scope="session")
def finished_taxonomy(
    run_command: RunCommand, gi: GalaxyInstance, tmp_path_factory: pytest.TempPathFactory
) -> FinishedRun:
    """Samples in every form, run anew and fetched: pairs with and without rRNA, the same pairs interleaved, their first
    mates alone; and two whose mates are of different pairs, which fail.
    """
    for earlier in gi.histories.get_histories(name="META-pipe taxonomy coast", deleted=False):
        gi.histories.delete_history(earlier["id"])
    reads, results = tmp_path_factory.mktemp("reads") / "coast", tmp_path_factory.mktemp("results")
    reads.mkdir()
    records: list[list[bytes]] = []
    for mate in "12":
        shutil.copy(ROOT / f"test-data/reads_{mate}.fastq.gz", reads / f"bay_{mate}.fastq.gz")
        shutil.copy(ROOT / f"test-data/rrna/reads_{mate}.fastq.gz", reads / f"reef_{mate}.fastq.gz")
        for torn in ("torn", "worn"):
            shutil.copy(ROOT / f"test-data/bad/misordered_{mate}.fastq", reads / f"{torn}_{mate}.fastq")
        lines = gzip.decompress((reads / f"bay_{mate}.fastq.gz").read_bytes()).splitlines(keepends=True)
        records.append([b"".join(lines[at : at + 4]) for at in range(0, len(lines), 4)])
    (reads / "lagoon.fastq").write_bytes(b"".join(itertools.chain.from_iterable(zip(*records, strict=True))))
    shutil.copy(reads / "bay_1.fastq.gz", reads / "pier.fastq.gz")
    tiny = {"taxonomy": "metapipe-tiny-taxa:1", "marker": "metapipe-tiny-markers:1", "reference": "biomas-tiny-16s:1"}
    databases = [f"--{kind}-database={label}" for kind, label in tiny.items()]
    done = run_command("--input", str(reads), "--results", str(results), *databases, pipeline="taxonomy")
    assert done.returncode == 71, done.stdout + done.stderr
    named = [line.split(": ")[1].split(" (")[0] for line in done.stderr.splitlines()]
    assert named == ["METAPIPE-E106 torn_2.fastq", "METAPIPE-E106 worn_2.fastq"]
    history = gi.histories.get_histories(name="META-pipe taxonomy coast", deleted=False)[0]
    run = gi.invocations.get_invocations(history_id=history["id"], limit=1)[0]
    return FinishedRun(results / "coast", done.stdout, gi.invocations.show_invocation(run["id"]))


@dataclass
class Watched:
    """A browser page and what was noticed while it was used.

    :param foreign: addresses asked for on other hosts than this machine.
    :param refused: those that the page wanted and its Content-Security-Policy did not let out.
    :param errors: errors on the console and uncaught exceptions.
    """

    page: Any
    foreign: list[str]
    refused: list[str]
    errors: list[str]


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium, without a window."""
    with chromium(*CHROMIUM_FLAGS) as started:
        yield started


@pytest.fixture
def pictures() -> Path:
    """Folder for pictures; the committed one only when asked for."""
    folder = ROOT / ("docs/pictures" if os.environ.get("METAPIPE_UPDATE_PICTURES") == "1" else ".build/pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def watched(browser: Any) -> Iterator[Watched]:
    """A fresh page, 1280 pixels wide, whose requests and errors are kept."""
    # What moves without end, such as the sign of a running job, is drawn by the processor here.
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(60_000)
    watched = Watched(page, [], [], [])

    def asked(request: Any) -> None:
        address = urlsplit(request.url)
        if address.scheme in {"http", "https", "ws", "wss"} and address.hostname not in {"127.0.0.1", "localhost"}:
            watched.foreign.append(request.url)

    def failed(request: Any) -> None:
        if request.failure == "csp" and request.url in watched.foreign:  # announced, but never sent
            watched.foreign.remove(request.url)
            watched.refused.append(request.url)

    def said(message: Any) -> None:
        if message.type == "error":
            watched.errors.append(f"{message.text} ({message.location.get('url', '')})")

    context.on("request", asked)
    context.on("requestfailed", failed)
    page.on("console", said)
    page.on("pageerror", lambda error: watched.errors.append(str(error)))
    yield watched
    context.close()


@pytest.fixture
def signed_in(watched: Watched, account: Account) -> Watched:
    """A fresh page whose browser the ordinary user has logged in.

    By the request that Galaxy's own form sends: to draw the form, and what comes after it, takes five core-seconds.
    """
    browser = watched.page.context.request
    browser.get(f"{account.url}/login/start")
    token = browser.get(f"{account.url}/context").json()["session_csrf_token"]
    given = {"login": account.email, "password": account.password, "session_csrf_token": token}
    reply = browser.post(f"{account.url}/user/login", data=given)
    assert reply.ok, reply.text()
    return watched
