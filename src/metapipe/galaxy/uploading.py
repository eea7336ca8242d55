"""Bring reads into a Galaxy history, once: the same reads are found again by their checksum.

A history that holds reads carries the tag ``reads:<first 16 digits of their sha256>``.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bioblend.galaxy import GalaxyInstance

from metapipe.errors import MetapipeError
from metapipe.formats.gzip_files import is_gzip
from metapipe.galaxy.patience import Patience
from metapipe.samples.read_pairs import Sample

_POLL_SECONDS = 1.0
_MATES, _SINGLE = ("forward", "reverse"), "unpaired"

Sending = Callable[[str, float], None]


@dataclass(frozen=True)
class UploadedReads:
    """Reads in Galaxy.

    :param history_id: history that holds them, and will hold the results.
    :param collection_id: id of the collection (``hdca``).
    :param reused: they were there already.
    """

    history_id: str
    collection_id: str
    reused: bool


def upload_reads(
    gi: GalaxyInstance, sample: Sample, history_name: str, sending: Sending | None = None
) -> UploadedReads:
    """Return a sample's reads as a pair in a history of that name, uploading them if no such history holds them.

    :param sending: called with the file's name and the share sent (0 to 1) while a file is sent.
    :raises MetapipeError: E404 when Galaxy refuses a file, with Galaxy's own words; E801 when it takes none for long.
    """
    return _upload(gi, [sample], sample.name, "paired", sample.digest(), history_name, sending)


def upload_samples(
    gi: GalaxyInstance, samples: Sequence[Sample], name: str, history_name: str, sending: Sending | None = None
) -> UploadedReads:
    """As :func:`upload_reads` for many samples together: a list called ``name``, ordered as given.

    It is one of pairs, of single files, or, with samples of both kinds, of both.
    """
    total = hashlib.sha256()
    for sample in samples:
        total.update(f"{sample.digest()} {sample.name}\n".encode())
    kinds = {len(sample.files) for sample in samples}
    collection_type = {1: "list", 2: "list:paired"}[kinds.pop()] if len(kinds) == 1 else "list:paired_or_unpaired"
    return _upload(gi, samples, name, collection_type, total.hexdigest(), history_name, sending)


def _upload(
    gi: GalaxyInstance,
    samples: Sequence[Sample],
    name: str,
    collection_type: str,
    digest: str,
    history_name: str,
    sending: Sending | None,
) -> UploadedReads:
    tag = f"reads:{digest[:16]}"
    count = sum(len(sample.files) for sample in samples)
    for history in gi.histories.get_histories(name=history_name, deleted=False, keys=["id", "name", "tags"]):
        if tag in history["tags"] and (found := _whole(gi, history["id"], name, collection_type, count)):
            return UploadedReads(history["id"], found, reused=True)
    history_id = gi.histories.create_history(history_name)["id"]
    datasets = iter(_send_files(gi, [path for sample in samples for path in sample.files], history_id, sending))
    files = [[next(datasets) for _ in sample.files] for sample in samples]
    if collection_type == "paired":
        elements = _elements(files[0])
    elif collection_type == "list":
        elements = [{"name": s.name, "src": "hda", "id": ids[0]} for s, ids in zip(samples, files, strict=True)]
    else:
        inner = {"src": "new_collection", "collection_type": collection_type.partition(":")[2]}
        elements = [
            {"name": sample.name, **inner, "element_identifiers": _elements(ids)}
            for sample, ids in zip(samples, files, strict=True)
        ]
    collection = {
        "type": "dataset_collection",
        "collection_type": collection_type,
        "name": name,
        "element_identifiers": elements,
        "copy_elements": False,
        "hide_source_items": True,
    }
    collection_id = str(gi.make_post_request(f"{gi.url}/histories/{history_id}/contents", payload=collection)["id"])
    _wait_for_files(gi, history_id, collection_id, count)
    # Tagged when complete: an interrupted upload is never taken for a whole one.
    gi.histories.update_history(history_id, tags=[tag])
    return UploadedReads(history_id, collection_id, reused=False)


def _whole(gi: GalaxyInstance, history_id: str, name: str, collection_type: str, count: int) -> str | None:
    contents = gi.histories.show_history(history_id, contents=True, deleted=False, types=["dataset_collection"])
    for item in contents:
        if item["name"] == name and item["collection_type"] == collection_type:
            states = [state for _, state, _ in _files(gi, history_id, item["id"])]
            if states == ["ok"] * count:
                return str(item["id"])
    return None


def _elements(datasets: Sequence[str]) -> list[dict[str, Any]]:
    """The elements of one sample's collection, with the names that Galaxy has for them."""
    names = _MATES if len(datasets) == 2 else (_SINGLE,)
    return [{"name": name, "src": "hda", "id": dataset} for name, dataset in zip(names, datasets, strict=True)]


def _send_files(gi: GalaxyInstance, paths: Sequence[Path], history_id: str, sending: Sending | None) -> list[str]:
    """Send files; their datasets' ids in that order. They keep their names: a message about line 7 says of what."""
    payload: dict[str, Any] = {"history_id": history_id, "auto_decompress": False}
    elements = []
    for number, path in enumerate(paths):
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
    return [str(dataset["id"]) for dataset in sent]


def _files(gi: GalaxyInstance, history_id: str, collection_id: str) -> Iterator[tuple[str, str, str]]:
    """Yield (id, state, name) of each file of a collection, of those within it, too."""
    yield from _files_within(gi.histories.show_dataset_collection(history_id, collection_id))


def _files_within(collection: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for element in collection["elements"]:
        content = element["object"]
        if "elements" in content:
            yield from _files_within(content)
        else:
            yield content["id"], content["state"], content["name"]


def _wait_for_files(gi: GalaxyInstance, history_id: str, collection_id: str, count: int) -> None:
    patience = Patience("the upload of the reads")
    while True:
        files = list(_files(gi, history_id, collection_id))
        states = tuple((dataset_id, state) for dataset_id, state, _ in files)
        patience.look(states, running="running" in dict(states).values())
        for dataset_id, state, name in files:
            if state in {"error", "failed_metadata", "discarded"}:
                words = gi.datasets.show_dataset(dataset_id).get("misc_info") or state
                raise MetapipeError("E404", f"the upload of {name} failed: {words.strip().splitlines()[0]}")
        if len(files) == count and all(state == "ok" for _, state, _ in files):
            return
        time.sleep(_POLL_SECONDS)
