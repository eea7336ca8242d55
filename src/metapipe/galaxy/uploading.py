"""Bring a sample's reads into a Galaxy history, once: the same reads are found again by their checksum.

A history that holds a sample's reads carries the tag ``reads:<first 16 digits of their sha256>``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from bioblend.galaxy import GalaxyInstance

from metapipe.errors import MetapipeError
from metapipe.galaxy.reads import Sample, is_gzip

_POLL_SECONDS = 1.0


@dataclass(frozen=True)
class UploadedReads:
    """A sample's reads in Galaxy.

    :param history_id: history that holds them, and will hold the results.
    :param collection_id: id of the paired collection (``hdca``).
    :param reused: they were there already.
    """

    history_id: str
    collection_id: str
    reused: bool


def upload_reads(
    gi: GalaxyInstance, sample: Sample, history_name: str, sending: Callable[[str, float], None] | None = None
) -> UploadedReads:
    """Return the sample's reads in a history of that name, uploading them if no such history holds them.

    :param sending: called with the file's name and the share sent (0 to 1) while a file is sent.
    :raises MetapipeError: E404 when Galaxy refuses a file, with Galaxy's own words.
    """
    tag = f"reads:{sample.digest()[:16]}"
    for history in gi.histories.get_histories(name=history_name, deleted=False, keys=["id", "name", "tags"]):
        if tag in history["tags"] and (collection := _whole_pair(gi, history["id"], sample.name)):
            return UploadedReads(history["id"], collection, reused=True)
    history_id = gi.histories.create_history(history_name)["id"]
    collection_id = _send_pair(gi, sample, history_id, sending)
    _wait_for_files(gi, history_id, collection_id)
    # Tagged when complete: an interrupted upload is never taken for a whole one.
    gi.histories.update_history(history_id, tags=[tag])
    return UploadedReads(history_id, collection_id, reused=False)


def _whole_pair(gi: GalaxyInstance, history_id: str, name: str) -> str | None:
    contents = gi.histories.show_history(history_id, contents=True, deleted=False, types=["dataset_collection"])
    for item in contents:
        if item["name"] == name and item["collection_type"] == "paired":
            states = {state for _, state, _ in _files(gi, history_id, item["id"])}
            if states == {"ok"}:
                return str(item["id"])
    return None


def _send_pair(
    gi: GalaxyInstance, sample: Sample, history_id: str, sending: Callable[[str, float], None] | None
) -> str:
    """Send both files and pair them. The datasets keep the files' names: a message about line 7 has to say of what."""
    payload: dict[str, Any] = {"history_id": history_id, "auto_decompress": False}
    elements = []
    for number, path in enumerate(sample.files):
        uploader = gi.get_tus_uploader(str(path))
        while uploader.offset < uploader.get_file_size():
            uploader.upload_chunk()
            if sending is not None:
                sending(path.name, uploader.offset / uploader.get_file_size())
        extension = "fastqsanger.gz" if is_gzip(path) else "fastqsanger"
        elements.append({"src": "files", "name": path.name, "ext": extension, "to_posix_lines": False})
        payload[f"files_{number}|file_data"] = {"session_id": uploader.session_id, "name": path.name}
    payload["targets"] = [{"destination": {"type": "hdas"}, "elements": elements}]
    sent = gi.make_post_request(f"{gi.url}/tools/fetch", payload=payload)["outputs"]
    mates = zip(("forward", "reverse"), sent, strict=True)
    pair = {
        "type": "dataset_collection",
        "collection_type": "paired",
        "name": sample.name,
        "element_identifiers": [{"name": mate, "src": "hda", "id": dataset["id"]} for mate, dataset in mates],
        "copy_elements": False,
        "hide_source_items": True,
    }
    return str(gi.make_post_request(f"{gi.url}/histories/{history_id}/contents", payload=pair)["id"])


def _files(gi: GalaxyInstance, history_id: str, collection_id: str) -> Iterator[tuple[str, str, str]]:
    """Yield (id, state, name) of each file of a collection."""
    collection = gi.histories.show_dataset_collection(history_id, collection_id)
    for element in collection["elements"]:
        yield element["object"]["id"], element["object"]["state"], element["object"]["name"]


def _wait_for_files(gi: GalaxyInstance, history_id: str, collection_id: str) -> None:
    while True:
        files = list(_files(gi, history_id, collection_id))
        for dataset_id, state, name in files:
            if state in {"error", "failed_metadata", "discarded"}:
                words = gi.datasets.show_dataset(dataset_id).get("misc_info") or state
                raise MetapipeError("E404", f"the upload of {name} failed: {words.strip().splitlines()[0]}")
        if len(files) == 2 and all(state == "ok" for _, state, _ in files):
            return
        time.sleep(_POLL_SECONDS)
