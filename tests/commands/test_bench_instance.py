"""The report on instances: a target that is missed says so, and clients are counted one by one."""

import http.server
import threading
from collections.abc import Iterator

import pytest

from metapipe.commands.bench_instance import Report, markdown
from metapipe.galaxy import clients


class Listing(http.server.BaseHTTPRequestHandler):
    """Answers every second client with an error."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        known = self.headers["x-api-key"] == "good"
        self.send_response(200 if known else 500)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"[]")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_every_answer_of_every_client_is_counted(url: str) -> None:
    seen = clients.put_load_on(url, {0: "good", 1: "good"}, "abc", 0.3)
    assert (seen.clients, seen.errors, seen.first_error) == (2, 0, "")
    assert seen.requests >= 2
    assert 0 < seen.median <= seen.p95


def test_an_answer_that_is_an_error_is_one(url: str) -> None:
    seen = clients.put_load_on(url, {0: "bad"}, "abc", 0.2)
    assert seen.errors == seen.requests > 0
    assert "500" in seen.first_error


def test_what_was_missed_says_so() -> None:
    load = clients.Load(50, 120.0, 1000, 1, 0.1, 1.5, "500")
    page = markdown({"here": Report(1, 2, 0.1, 200.0, 260.0, 50.0, False, [1.0, 1.2, 1.4], load)})
    assert "| nothing to a login | 200.0 s | ≤ 240 s |" in page
    assert "| `up` with nothing to change | 50.0 s | ≤ 45 s, missed |" in page
    assert "| nothing to verified | 260.0 s |  |" in page
    assert "| a trivial job, median | 1.2 s | ≤ 2 s |" in page
    assert "| 50 clients list a history, 95 % | 1.5 s | ≤ 1 s, missed |" in page
    assert "| their errors | 1 of 1,000 | 0, missed |" in page
