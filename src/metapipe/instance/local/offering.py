"""What every user finds on a new Galaxy: published workflows, sample reads in a library, finished examples to look at.

The workflows come at once. Data take Galaxy jobs, so a process of its own brings them after ``up`` has ended
(:mod:`metapipe.commands.offers`). All of it may be done again: what is there is left alone, what changed
in the checkout is brought up to date, and an ``up`` goes on where the one before failed. Everything belongs to the
administrator's account and is public on purpose, whatever the defaults for users' own data are.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metapipe.errors import MetapipeError
from metapipe.galaxy.credentials import Credentials
from metapipe.instance.local import configuration, examples, files, parts, processes
from metapipe.instance.local.settings import Settings

if TYPE_CHECKING:
    from bioblend.galaxy import GalaxyInstance

PART = "offers"
LIBRARY = "Sample reads"
#: Goes up when examples are to be published in another way: those that are there are published anew then.
_WAY = 2
_JOB_SECONDS = 600.0
_POLL_SECONDS = 1.0
_NOT_OFFERED = re.compile(r"^\S+ \S+ ((?:.+): not offered: .+)$", re.MULTILINE)
_DONE, _FAILED = {"ok"}, {"error", "deleted", "paused", "stopped", "failed"}


def offer(found: Settings, credentials: Credentials, say: Callable[[str], None]) -> None:
    """Publish the workflows and start what brings the data, if wanted; a failure is one line, not the end of ``up``."""
    try:
        offer_workflows(connect(credentials), found)
    except Exception as error:
        say(f"note: the workflows are not published: {in_one_line(error)}; `scripts/galaxy up` tries again")
    if found.examples and not parts.is_alive(found, PART):
        command = [str(found.metapipe_env / "bin" / "python"), "-s", "-m", "metapipe.commands.offers"]
        environ = configuration.environ_of(found, os.environ)
        environ |= {"METAPIPE_HOME": str(found.checkout), "METAPIPE_BUILD": str(found.build)}
        log = parts.log(found, PART)
        log.unlink(missing_ok=True)
        identity = processes.start(
            PART, [*command, "--state", str(found.state)], environ, log, found.state / "work", parts.mark(found)
        )
        processes.write_record(parts.record(found, PART), identity)


def connect(credentials: Credentials) -> GalaxyInstance:
    """Return a client of the administrator."""
    from bioblend.galaxy import GalaxyInstance  # only here: it takes a third of a second to import

    from metapipe.galaxy.connection import ANSWER_SECONDS

    gi = GalaxyInstance(credentials.url, key=credentials.admin.api_key)
    gi.timeout = ANSWER_SECONDS
    return gi


def offer_workflows(gi: GalaxyInstance, found: Settings) -> list[str]:
    """Publish every workflow of the flavour in its present version; return Galaxy's ids.

    A workflow keeps its id and its address when its file changes: the new version stands on top of the old one. One
    that another flavour had is published no longer; it stays the administrator's.
    """
    from metapipe.galaxy.workflow import Workflow

    own, folder = gi.workflows.get_workflows(), found.checkout / "workflows"

    def publish(path: Path) -> str:
        workflow = Workflow.read(path)
        stored = next((entry for entry in own if entry["name"] == workflow.title and not entry["deleted"]), None)
        if stored is None:
            description = {**workflow.description, "uuid": workflow.uuid}
            stored = gi.workflows.import_workflow_dict(description, publish=True)
        elif _version_tag(workflow.uuid) not in stored["tags"]:
            gi.workflows.update_workflow(stored["id"], workflow={**workflow.description, "uuid": workflow.uuid})
        elif stored["published"]:
            return str(stored["id"])
        tags = [*workflow.description.get("tags", []), _version_tag(workflow.uuid)]
        gi.workflows.update_workflow(stored["id"], tags=tags, published=True)
        return str(stored["id"])

    offered = [folder / name / f"{name}.gxwf.yml" for name in found.offers.workflows]
    others = {Workflow.read(path).title for path in folder.glob("*/*.gxwf.yml") if path not in offered}
    for entry in own:
        ours = any(tag.startswith("version:") for tag in entry["tags"])
        if entry["name"] in others and entry["published"] and ours and not entry["deleted"]:
            gi.workflows.update_workflow(entry["id"], published=False)
    with ThreadPoolExecutor() as pool:
        return list(pool.map(publish, offered))


def _version_tag(uuid: str) -> str:
    return f"version:{uuid.replace('-', '')[:12]}"


def offer_library(gi: GalaxyInstance, found: Settings) -> None:
    """Put the sample reads into a data library, a folder each; those that are there are left alone."""
    libraries = [library for library in gi.libraries.get_libraries(name=LIBRARY) if not library["deleted"]]
    about = "Small reads to try the workflows with"
    library = libraries[0] if libraries else gi.libraries.create_library(LIBRARY, description=about)
    contents = gi.libraries.show_library(library["id"], contents=True)
    # A folder's id carries an F in front where contents are listed, and none where it is asked for.
    held = {entry["name"].lstrip("/"): entry["id"].removeprefix("F") for entry in contents}
    for reads in files.sample_reads(found):
        missing = [file for file in reads.files if f"{reads.folder}/{file.name}" not in held]
        if not missing:
            continue
        folder = held.get(reads.folder) or _new_folder(gi, library["id"], reads)
        elements = [
            {
                "src": "url",
                "url": f"gxfiles://samples/{reads.folder}/{file.name}",
                "name": file.name,
                "ext": "fastqsanger.gz",
                "auto_decompress": False,
            }
            for file in missing
        ]
        destination = {"type": "library_folder", "library_folder_id": folder}
        payload = {
            "history_id": _any_history(gi),
            "targets": [{"destination": destination, "items": elements}],
            "auto_decompress": False,
        }
        for job in gi.make_post_request(f"{gi.url}/tools/fetch", payload=payload)["jobs"]:
            _wait(gi, job["id"], reads.folder)
    for entry in gi.libraries.show_library(library["id"], contents=True):
        if entry["type"] != "file":
            continue
        if entry["name"].endswith("/Unnamed dataset"):  # what is left of a file that could not be read
            gi.libraries.delete_library_dataset(library["id"], entry["id"], purged=True)
        else:
            _open_library_dataset(gi, entry["id"])


def _any_history(gi: GalaxyInstance) -> str:
    """Return a history for jobs that leave nothing in it; a new account has none."""
    own = gi.histories.get_histories()
    return str((own[0] if own else gi.histories.create_history(LIBRARY))["id"])


def _new_folder(gi: GalaxyInstance, library: str, reads: files.SampleReads) -> str:
    made = gi.libraries.create_folder(library, reads.folder, reads.about)
    return str(made[0]["id"]).removeprefix("F")


def _open_library_dataset(gi: GalaxyInstance, dataset: str) -> None:
    address = f"{gi.url}/libraries/datasets/{dataset}/permissions?action=remove_restrictions"
    gi.make_post_request(address, payload={})


def offer_examples(gi: GalaxyInstance, found: Settings) -> None:
    """Publish a history with the finished results of each workflow; one of an older checkout, or of
    what the flavour lacks, is taken away.
    """
    present = gi.histories.get_histories(keys=["id", "name", "tags", "published"])
    for example in examples.known(found.checkout):
        tag = f"example:{example.digest()[:16]}-{_WAY}"
        wanted = example.workflow in found.offers.workflows
        ready = [history for history in present if wanted and tag in history["tags"] and history["published"]]
        earlier = [history for history in present if history["name"] == example.title and history not in ready]
        if wanted and not ready:
            _publish_history(gi, found, example, tag)
        for history in earlier:
            # Galaxy goes on listing published histories that are deleted.
            gi.make_put_request(f"{gi.url}/histories/{history['id']}/unpublish", payload={})
            gi.histories.delete_history(history["id"], purge=True)


def _publish_history(gi: GalaxyInstance, found: Settings, example: examples.Example, tag: str) -> None:
    name = f"imported from archive: {example.name_in_archive}"
    before = {entry["id"] for entry in gi.histories.get_histories(name=name)}
    with example.packed(found.checkout, found.state / "work") as archive:
        gi.histories.import_history(file_path=str(archive))
    job = max(gi.jobs.get_jobs(tool_id="__IMPORT_HISTORY__"), key=lambda entry: str(entry["create_time"]))
    _wait(gi, job["id"], example.title)
    imported = gi.histories.get_histories(name=name, deleted=False)
    history = next(entry["id"] for entry in imported if entry["id"] not in before)
    _take_over(found, history)
    for dataset in _datasets(gi, history):
        gi.make_put_request(f"{gi.url}/datasets/{dataset}/permissions", payload={"action": "remove_restrictions"})
    for collection in _incomplete_lists(gi, history):
        gi.histories.update_dataset_collection(history, collection, visible=False)
    gi.histories.update_history(history, name=example.title, annotation=example.about, tags=[tag])
    gi.make_put_request(f"{gi.url}/histories/{history}/publish", payload={})
    gi.histories.update_history(history, published=True, importable=True)


def _take_over(found: Settings, history: str) -> None:
    """Let the history's pages be shown as pages: Galaxy has no such setting, so it is done in its database."""
    command = [str(found.galaxy_env / "bin" / "python"), "-s", str(found.templates / "own_example.py"), history]
    environ = configuration.environ_of(found, os.environ)
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip() or "no message").splitlines()[-1]
        raise MetapipeError("E404", f"the pages of a finished example are not shown: {last[:200]}")


def _datasets(gi: GalaxyInstance, history: str) -> Iterator[str]:
    """Yield the ids of all datasets of a history, hidden ones too: lists show them."""
    for entry in gi.histories.show_history(history, contents=True, deleted=False, types=["dataset"]):
        yield entry["id"]


def not_offered(found: Settings) -> list[str]:
    """Return what the last attempt in the background could not bring, a line each with its reason."""
    try:
        said = parts.log(found, PART).read_text(errors="replace")
    except FileNotFoundError:
        return []
    return _NOT_OFFERED.findall(said)


def _incomplete_lists(gi: GalaxyInstance, history: str) -> Iterator[str]:
    """Yield the ids of visible pairs and lists whose files an example leaves out; they would be red."""
    shown = gi.histories.show_history(history, contents=True, visible=True, types=["dataset_collection"])
    for entry in shown:
        if _lacks_files(gi.histories.show_dataset_collection(history, entry["id"])):
            yield entry["id"]


def _lacks_files(element: dict[str, Any]) -> bool:
    """Say whether a dataset, or one at any depth of a list, was left out."""
    return element.get("state") == "discarded" or any(
        _lacks_files(inner["object"]) for inner in element.get("elements", [])
    )


def _wait(gi: GalaxyInstance, job: str, what: str) -> None:
    end = time.monotonic() + _JOB_SECONDS
    while (state := gi.jobs.get_state(job)) not in _DONE:
        if state in _FAILED:
            raise MetapipeError("E404", f"Galaxy did not take {what}: job {state}")
        if time.monotonic() > end:
            raise MetapipeError("E801", f"Galaxy has not taken {what} after {_JOB_SECONDS:.0f} s")
        time.sleep(_POLL_SECONDS)


def in_one_line(error: Exception) -> str:
    """Return what an error says, of BioBlend's what Galaxy answered, in one line."""
    return " ".join((str(error) or type(error).__name__).split())[:300]
