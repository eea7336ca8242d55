"""Private means private: nobody reads what another user did, by whatever way, until that one shares it."""

from __future__ import annotations

import subprocess
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest
from bioblend.galaxy import GalaxyInstance
from pasted import pasted

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.galaxy

READS = (
    "/api/datasets/{dataset}",
    "/api/datasets/{dataset}/display",
    "/api/datasets/{dataset}/display?preview=true",
    "/api/datasets/{dataset}/get_content_as_text",
    "/api/datasets/{dataset}/storage",
    "/api/datasets/{dataset}/inheritance_chain",
    "/api/datasets/{dataset}/parameters_display",
    "/api/datasets/{dataset}/converted",
    "/api/datasets/{dataset}?data_type=raw_data&provider=base",
    "/api/datasets/{dataset}?data_type=raw_data&provider=column",
    "/datasets/{dataset}/display",
    "/datasets/{dataset}/display/?preview=True",
    "/datasets/{dataset}/display?to_ext=txt",
    "/dataset/display?dataset_id={dataset}",
    "/api/histories/{history}",
    "/api/histories/{history}/contents",
    "/api/histories/{history}/contents?v=dev&view=detailed",
    "/api/histories/{history}/contents/{dataset}",
    "/api/histories/{history}/contents/datasets/{dataset}",
    "/api/histories/{history}/contents/{dataset}/display",
    "/api/histories/{history}/contents/{dataset}/provenance",
    "/api/histories/{history}/contents/dataset_collections/{collection}",
    "/api/histories/{history}/contents/dataset_collections/{collection}/download",
    "/api/histories/{history}/contents/archive",
    "/api/histories/{history}/jobs_summary",
    "/api/dataset_collections/{collection}",
    "/api/dataset_collections/{collection}/download",
    "/api/dataset_collections/{collection}/contents/{inner}",
    "/api/jobs/{job}",
    "/api/jobs/{job}?full=true",
    "/api/jobs/{job}/inputs",
    "/api/jobs/{job}/outputs",
    "/api/jobs/{job}/metrics",
    "/api/jobs/{job}/parameters_display",
    "/api/jobs/{job}/common_problems",
    "/api/jobs?history_id={history}",
    "/api/datasets?history_id={history}",
    "/api/histories/published",
    "/api/histories/shared_with_me",
    "/histories/view?id={history}",
)


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes


@dataclass(frozen=True)
class Hidden:
    """What a user made: ids, and words that nobody else may read."""

    ids: dict[str, str]
    words: tuple[str, ...]


@pytest.fixture(scope="module")
def hidden(gi: GalaxyInstance) -> Hidden:
    words = tuple(f"hidden{uuid.uuid4().hex}" for _ in range(3))
    history = gi.histories.create_history(words[0])["id"]
    uploaded = pasted(gi, history, f"{words[1]}\tx\n", "tabular", words[2])
    gi.datasets.wait_for_dataset(uploaded, interval=0.2)
    inputs = {"lineNum": 1, "input": {"src": "hda", "id": uploaded}}
    ran = gi.tools.run_tool(history, "Show beginning1", inputs)
    made = ran["outputs"][0]["id"]
    gi.datasets.wait_for_dataset(made, interval=0.2)
    elements = [{"name": words[2], "src": "hda", "id": made}]
    description = {"collection_type": "list", "name": words[2], "element_identifiers": elements}
    collection = gi.histories.create_dataset_collection(history, description)
    ids = {"dataset": made, "history": history, "collection": collection["id"], "job": ran["jobs"][0]["id"]}
    return Hidden(ids | {"inner": collection["collection_id"]}, words)


@pytest.fixture(scope="module")
def colleague(state: Path) -> GalaxyInstance:
    """Another ordinary user, made as docs/operating.md says; logs in with the password of the file."""
    email = f"colleague-{uuid.uuid4().hex[:8]}@metapipe.example"
    made = subprocess.run(
        [ROOT / "scripts" / "galaxy", "add-user", "--state", state, email], capture_output=True, text=True, check=True
    )
    file = Path(made.stdout.rsplit(" ", 1)[1].strip())
    assert file.stat().st_mode & 0o777 == 0o600
    url = made.stdout.split(" at ")[1].split(";")[0]
    again = subprocess.run(
        [ROOT / "scripts" / "galaxy", "add-user", "--state", state, email], capture_output=True, text=True, check=False
    )
    assert (again.returncode, again.stderr.split()[0]) == (78, "METAPIPE-E701")
    return GalaxyInstance(url, email=email, password=file.read_text().strip())


def get(base: str, path: str, key: str | None) -> Reply:
    request = urllib.request.Request(f"{base}{path}", headers={} if key is None else {"x-api-key": key})
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return Reply(reply.status, reply.read())
    except urllib.error.HTTPError as error:
        with error:
            return Reply(error.code, error.read())


def told(reply: Reply, hidden: Hidden) -> list[str]:
    return [word for word in (*hidden.words, "head -n", "/objects/", "job_work") if word.encode() in reply.body]


def test_the_user_reads_what_is_tried_below(gi: GalaxyInstance, hidden: Hidden) -> None:
    replies = {path: get(gi.base_url, path.format(**hidden.ids), gi.key) for path in READS}
    readable = [path for path, reply in replies.items() if reply.status == 200 and told(reply, hidden)]
    assert len(readable) >= 20, {path: reply.status for path, reply in replies.items() if path not in readable}


def test_nobody_reads_it_without_a_key(gi: GalaxyInstance, hidden: Hidden) -> None:
    replies = {path: get(gi.base_url, path.format(**hidden.ids), None) for path in READS}
    assert {path: (reply.status, words) for path, reply in replies.items() if (words := told(reply, hidden))} == {}


def test_no_colleague_reads_it(gi: GalaxyInstance, colleague: GalaxyInstance, hidden: Hidden) -> None:
    replies = {path: get(gi.base_url, path.format(**hidden.ids), colleague.key) for path in READS}
    assert {path: (reply.status, words) for path, reply in replies.items() if (words := told(reply, hidden))} == {}


def test_no_colleague_copies_it_or_runs_a_tool_on_it(colleague: GalaxyInstance, hidden: Hidden) -> None:
    own = colleague.histories.create_history("own")["id"]
    inputs = {"lineNum": 1, "input": {"src": "hda", "id": hidden.ids["dataset"]}}
    payload = {"source": "hda", "content": hidden.ids["dataset"], "type": "dataset"}
    whole = {"history_id": hidden.ids["history"]}
    for attempt in (
        lambda: colleague.tools.run_tool(own, "Show beginning1", inputs),
        lambda: colleague.make_post_request(f"{colleague.url}/histories/{own}/contents", payload=payload),
        lambda: colleague.make_post_request(f"{colleague.url}/histories", payload=whole),
    ):
        with pytest.raises(Exception, match=r"40[034]|not accessible|not allowed|permission|access"):
            attempt()
    assert colleague.histories.show_history(own, contents=True) == []


def test_what_is_shared_on_purpose_is_read(gi: GalaxyInstance, colleague: GalaxyInstance) -> None:
    history = gi.histories.create_history("shared")["id"]
    dataset = pasted(gi, history, "shared word\n", "txt", "shared")
    gi.datasets.wait_for_dataset(dataset, interval=0.2)
    assert get(gi.base_url, f"/api/datasets/{dataset}/display", colleague.key).status == 403
    sharing = {"user_ids": [colleague.users.get_current_user()["email"]], "share_option": "make_accessible_to_shared"}
    gi.make_put_request(f"{gi.url}/histories/{history}/share_with_users", payload=sharing)
    assert get(gi.base_url, f"/api/datasets/{dataset}/display", colleague.key).body == b"shared word\n"
    assert get(gi.base_url, f"/api/datasets/{dataset}/display", None).status in (401, 403)
