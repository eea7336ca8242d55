"""Many API clients at the same time, as a course of users makes them: each lists a history again and again."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

import requests

_ANSWER_SECONDS = 60.0


@dataclass(frozen=True)
class Load:
    """What clients saw: requests, those that failed, and seconds of an answer: median and 95th percentile."""

    clients: int
    seconds: float
    requests: int
    errors: int
    median: float
    p95: float
    first_error: str


def put_load_on(url: str, keys: Mapping[int, str], history: str, seconds: float) -> Load:
    """Let clients list a history until the time is over; each keeps its connection, as a browser does.

    :param keys: number of the client → API key.
    """
    ends = time.monotonic() + seconds
    taken: list[float] = []
    errors: list[str] = []
    lock = threading.Lock()

    def client(key: str) -> None:
        address = f"{url}/api/histories/{history}/contents?v=dev&limit=100&order=hid"
        with requests.Session() as session:
            session.headers["x-api-key"] = key
            while time.monotonic() < ends:
                began = time.monotonic()
                try:
                    session.get(address, timeout=_ANSWER_SECONDS).raise_for_status()
                    problem = ""
                except requests.RequestException as error:
                    problem = " ".join(str(error).split())[:200]
                with lock:
                    taken.append(time.monotonic() - began)
                    if problem:
                        errors.append(problem)

    threads = [threading.Thread(target=client, args=(key,)) for key in keys.values()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    p95 = statistics.quantiles(taken, n=20)[-1] if len(taken) > 1 else taken[0]
    return Load(len(keys), seconds, len(taken), len(errors), statistics.median(taken), p95, errors[0] if errors else "")
