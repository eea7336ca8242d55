"""Faults of a real instance: what `status` says, what `up` mends, what `down` leaves. Minutes, not seconds."""

import contextlib
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from pasted import pasted

from metapipe.galaxy.connection import Account, connect
from metapipe.instance.local import parts, processes, settings
from metapipe.instance.local.settings import Settings

CHECKOUT = Path(__file__).resolve().parents[2]
SLOTS, MEMORY_MB = 3, 4321
pytestmark = [pytest.mark.galaxy, pytest.mark.own_galaxy, pytest.mark.timeout(900)]


def galaxy(state: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [str(CHECKOUT / "scripts" / "galaxy"), words[0], "--state", str(state), *words[1:]]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def pids(found: Settings) -> dict[str, int]:
    return {part: identity.pid for part in parts.PARTS if (identity := parts.identity(found, part)) is not None}


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """File to which strace writes every connect() of the instance, from `up` to `down`."""
    return tmp_path_factory.mktemp("trace") / "connects"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, trace: Path) -> Iterator[Settings]:
    if shutil.which("strace") is None:
        pytest.fail("strace is not installed (Debian package strace)")
    state, ended = tmp_path_factory.mktemp("galaxy"), trace.with_name("exit-code")
    # strace stays until the last process of the instance is gone, so the shell says when `up` is done.
    up = f'"$0" up --state "$1" --flavour metapipe --slots {SLOTS} --memory-mb {MEMORY_MB}; '
    up += 'echo $? >"$2.new"; mv "$2.new" "$2"'
    shell = ["sh", "-c", up, str(CHECKOUT / "scripts" / "galaxy"), str(state), str(ended)]
    strace = ["strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=connect", "-e", "signal=none", "-o", str(trace)]
    with subprocess.Popen([*strace, *shell], stdin=subprocess.DEVNULL) as tracer:
        try:
            assert processes.wait_until(ended.exists, 600.0)
            assert ended.read_text() == "0\n"
            found = settings.load(state, None, os.environ | {"METAPIPE_HOME": str(CHECKOUT)})
            # What is brought in the background first: a broker that dies under it takes a job's result along.
            assert processes.wait_until(lambda: not parts.is_alive(found, "offers"), 600.0)
            yield found
        finally:
            galaxy(state, "down")
            tracer.wait(60.0)


def leaving_the_machine(trace: Path) -> list[str]:
    """Connects to other hosts, and look-ups of names, which a resolver on this machine would pass on."""
    inet = [line for line in trace.read_text().splitlines() if "AF_INET" in line]
    lookups = [line for line in inet if "htons(53)" in line]
    return lookups + [line for line in inet if not re.search(r'"(127\.[\d.]+|::1|::ffff:127\.[\d.]+)"', line)]


def test_up_again_starts_nothing(running: Settings) -> None:
    before = pids(running)
    assert galaxy(running.state, "up").returncode == 0
    assert pids(running) == before


def test_a_galaxy_of_one_flavour_has_nothing_of_the_other(running: Settings) -> None:
    gi = connect(Account.read(running.state))
    tools = {tool["id"] for tool in gi.tools.get_tools()}
    assert {tool for tool in tools if tool.startswith("biomas_")} == set()
    assert {"metapipe_trim_reads", "metapipe_report"} <= tools
    published = {entry["name"] for entry in gi.workflows.get_workflows(published=True)}
    assert published == {"META-pipe reads to annotation", "META-pipe taxonomy"}
    assert {tour["id"] for tour in gi.make_get_request(f"{gi.url}/tours").json()} == {"metapipe", "taxonomy"}
    histories = gi.make_get_request(f"{gi.url}/histories/published").json()
    assert {entry["name"] for entry in histories} == {
        "Example: META-pipe, small community",
        "Example: META-pipe taxonomy, three samples",
    }


def test_a_job_gets_the_cores_and_memory_that_were_set_and_nothing_asks_another_host(
    running: Settings, trace: Path
) -> None:
    account = Account.read(running.state)
    with urllib.request.urlopen(f"{account.url}/login/start") as page:
        assert page.headers["content-security-policy"].startswith("default-src 'self'")
    gi = connect(account)
    history = gi.histories.create_history("cores")["id"]
    contigs = pasted(gi, history, (CHECKOUT / "test-data" / "contigs.fasta").read_text(), "fasta")
    inputs = {"contigs": {"src": "hda", "id": contigs}, "keep_run_report": True}
    started = gi.tools.run_tool(history, "metapipe_filter_contigs", inputs)
    report = next(output["id"] for output in started["outputs"] if output["output_name"] == "run_report")
    gi.datasets.wait_for_dataset(report, maxwait=600, interval=0.5)
    # Of seconds: it takes the quick lane.
    assert json.loads(gi.datasets.download_dataset(report))["slots"] == running.quick_slots
    metrics = {fact["name"]: fact["value"] for fact in gi.jobs.get_metrics(started["jobs"][0]["id"])}
    assert (metrics["galaxy_slots"], metrics["galaxy_memory_mb"]) == (
        str(running.quick_slots),
        str(running.quick_memory_mb),
    )
    assert str(running.broker_socket) in trace.read_text()  # what is seen is more than nothing
    assert leaving_the_machine(trace) == []


@pytest.mark.parametrize(("part", "title"), [("celery", "Celery worker"), ("broker", "message broker")])
def test_a_killed_part_is_named_and_only_it_is_started_again(running: Settings, part: str, title: str) -> None:
    before = pids(running)
    os.kill(before[part], signal.SIGKILL)
    assert processes.wait_until(lambda: not parts.is_alive(running, part), 10.0)
    status = galaxy(running.state, "status")
    assert status.returncode == 69
    lines = status.stdout.splitlines()
    assert lines == [f"METAPIPE-E307 the {title} is not running; `scripts/galaxy up` starts it again"]
    assert galaxy(running.state, "up").returncode == 0
    assert {name for name, pid in pids(running).items() if pid != before[name]} == {part}
    assert galaxy(running.state, "status").returncode == 0


@pytest.fixture(scope="module")
def contigs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Too much for the quick lane: ten seconds of gene calling on two idle cores."""
    file, letters = tmp_path_factory.mktemp("contigs") / "contigs.fasta", random.Random(1)
    file.write_text("".join(f">c{index}\n{''.join(letters.choices('ACGT', k=60_000))}\n" for index in range(36)))
    return file


@pytest.fixture(scope="module")
def expected(contigs: Path) -> list[str]:
    """The first proteins of the contigs, from a run without Galaxy."""
    proteins = contigs.with_name("proteins.fasta")
    program = [sys.executable, "-m", "metapipe.cli", "predict_genes", "--contigs", str(contigs), "--session", "inline"]
    run = subprocess.run(
        [*program, "--out-proteins", str(proteins)], cwd=contigs.parent, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    return proteins.read_text().splitlines()[:10]


WORKFLOW = {
    "class": "GalaxyWorkflow",
    "label": "Genes of random contigs",
    "inputs": {"contigs": "data"},
    "outputs": {},
    "steps": {
        "genes": {"tool_id": "metapipe_predict_genes", "in": {"contigs": "contigs"}},
        "first": {"tool_id": "Show beginning1", "in": {"input": "genes/proteins"}, "tool_state": {"lineNum": 10}},
    },
}


def jobs_of(found: Settings) -> list[processes.Identity]:
    """The living jobs, each by the process that its record of a start names."""
    jobs = []
    for record in sorted((found.state / "data" / "jobs_directory").glob("*/*/start_*")):
        with contextlib.suppress(FileNotFoundError, IndexError):  # just ended; just begun
            jobs.append(processes.identify(int(record.read_text().split()[1])))
    return [identity for identity in jobs if identity is not None]


@pytest.mark.parametrize("killed", [("web",), ("handler",), parts.PARTS])
def test_a_workflow_outlives_every_crash_and_ends_with_the_same_bytes(
    running: Settings, contigs: Path, expected: list[str], killed: tuple[str, ...]
) -> None:
    gi = connect(Account.read(running.state))
    history = gi.histories.create_history("crash")["id"]
    uploaded = pasted(gi, history, contigs.read_text(), "fasta", "contigs")
    gi.datasets.wait_for_dataset(uploaded, maxwait=300, interval=0.5)
    workflow = gi.workflows.import_workflow_dict(WORKFLOW)["id"]
    inputs = {"contigs": {"src": "hda", "id": uploaded}}
    options = {"inputs_by": "name", "allow_tool_state_corrections": True}
    invocation = gi.workflows.invoke_workflow(workflow, inputs, history_id=history, **options)["id"]
    assert processes.wait_until(lambda: bool(jobs_of(running)), 120.0)
    if killed == ("web",):
        master = parts.identity(running, "web")
        workers = [identity for identity in parts.belonging(running, "web") if identity != master]
        assert all(worker.send(signal.SIGKILL) for worker in workers)
    before = jobs_of(running)
    if killed == parts.PARTS:  # as a power cut does
        for identity in parts.belonging(running):
            identity.send(signal.SIGKILL)
    else:
        os.kill(pids(running)[killed[0]], signal.SIGKILL)
        assert jobs_of(running) == before
    assert processes.wait_until(lambda: not any(parts.is_alive(running, part) for part in killed), 10.0)
    status = galaxy(running.state, "status")
    assert {line.split()[0] for line in status.stdout.splitlines()} == {"METAPIPE-E307"}, status.stdout
    assert galaxy(running.state, "up").returncode == 0
    assert processes.wait_until(lambda: gi.invocations.get_invocation_summary(invocation)["states"] == {"ok": 2}, 300.0)
    step = gi.invocations.show_invocation(invocation)["steps"][-1]
    first = gi.jobs.show_job(step["job_id"])["outputs"]["out_file1"]["id"]
    assert gi.datasets.download_dataset(first).decode().splitlines() == expected
    assert len(gi.jobs.get_jobs(history_id=history)) == 3  # upload, genes, first lines: nothing twice
    contents = gi.histories.show_history(history, contents=True)
    assert [content["state"] for content in contents] == ["ok"] * 6


def test_a_broker_that_dies_while_results_are_described_costs_no_job(running: Settings) -> None:
    gi = connect(Account.read(running.state))
    history = gi.histories.create_history("broker")["id"]
    uploaded = pasted(gi, history, "one\ntwo\n", "txt")
    gi.datasets.wait_for_dataset(uploaded, maxwait=300, interval=0.5)
    worker, broker = parts.identity(running, "celery"), parts.identity(running, "broker")
    assert worker is not None
    assert broker is not None
    for identity in parts.belonging(running, "celery"):  # none of them may take the task before its broker dies
        identity.send(signal.SIGSTOP)
    try:
        inputs = {"input": {"src": "hda", "id": uploaded}, "lineNum": 1}
        job = gi.tools.run_tool(history, "Show beginning1", inputs)["jobs"][0]["id"]
        folder = running.state / "data" / "jobs_directory"
        assert processes.wait_until(lambda: any(folder.glob("*/*/*/*.ec")) or any(folder.glob("*/*/*.ec")), 120.0)
        assert processes.wait_until(lambda: any(folder.glob("*/*/metadata/params.json")), 120.0)
        broker.send(signal.SIGKILL)
        assert processes.wait_until(lambda: not broker.alive, 10.0)
    finally:
        for identity in parts.belonging(running, "celery"):
            identity.send(signal.SIGCONT)
    assert galaxy(running.state, "up").returncode == 0
    assert processes.wait_until(lambda: gi.jobs.show_job(job)["state"] == "ok", 120.0)
    first = gi.jobs.show_job(job)["outputs"]["out_file1"]["id"]
    assert gi.datasets.show_dataset(first)["metadata_data_lines"] == 1


def test_a_stopped_worker_is_seen_though_its_process_is_there(running: Settings) -> None:
    worker = parts.identity(running, "celery")
    assert worker is not None
    worker.send(signal.SIGSTOP)
    try:
        assert "the Celery worker runs" in galaxy(running.state, "status").stdout
    finally:
        worker.send(signal.SIGCONT)
    assert processes.wait_until(lambda: galaxy(running.state, "status").returncode == 0, 60.0)


def test_status_for_programs_names_address_and_parts(running: Settings) -> None:
    state = json.loads(galaxy(running.state, "status", "--json").stdout)
    assert (state["state"], state["faults"]) == ("up", [])
    assert {part for part, facts in state["parts"].items() if facts["running"]} == set(parts.PARTS)


def test_credentials_are_private_and_let_the_user_in(running: Settings) -> None:
    assert running.credentials.stat().st_mode & 0o777 == 0o600
    assert running.state.stat().st_mode & 0o777 == 0o700


def test_down_leaves_no_process(running: Settings) -> None:
    doomed = parts.belonging(running)
    assert len(doomed) >= len(parts.PARTS)
    assert galaxy(running.state, "down").returncode == 0
    assert not [identity for identity in doomed if identity.alive]
    assert parts.belonging(running) == []
    assert galaxy(running.state, "status").returncode == 3


def test_a_busy_port_is_named_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        started = galaxy(tmp_path / "galaxy", "up", "--port", str(port))
    assert started.returncode == 69
    assert f"METAPIPE-E306 port {port} is held by process {os.getpid()}" in started.stderr
    assert not list((tmp_path / "galaxy" / "run").glob("*.json"))
