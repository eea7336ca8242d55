"""What the job handler looks through only where somebody wrote to the database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from database_changes import LONGEST, Changes, only_after_changes


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture(params=["WAL", "DELETE"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "its ? 100%.sqlite")) as connection:
        connection.execute(f"PRAGMA journal_mode={request.param}")
        connection.execute("CREATE TABLE job (state TEXT)")
        connection.commit()
        yield connection


def file_of(database: sqlite3.Connection) -> str:
    return str(database.execute("PRAGMA database_list").fetchone()[2])


def test_what_others_commit_is_seen_once_and_nothing_else(database: sqlite3.Connection) -> None:
    changes = Changes(file_of(database), Clock())
    assert changes.any(), "the first time everything is new"
    assert not changes.any()
    database.execute("INSERT INTO job VALUES ('new')")
    assert not changes.any(), "not committed yet"
    database.commit()
    assert changes.any()
    assert not changes.any()
    database.execute("UPDATE job SET state = 'new' WHERE state = 'waiting'")
    database.commit()
    assert not changes.any(), "no row was written"


def test_after_a_while_it_is_looked_anyway(database: sqlite3.Connection) -> None:
    clock = Clock()
    changes = Changes(file_of(database), clock)
    assert changes.any()
    clock.seconds = LONGEST - 0.1
    assert not changes.any()
    clock.seconds = LONGEST
    assert changes.any()
    assert not changes.any()


class Queue:
    def __init__(self) -> None:
        self.seen: list[tuple[str, ...]] = []

    def look(self, *words: str) -> None:
        self.seen.append(words)


def test_a_method_is_called_through_after_a_change_alone(database: sqlite3.Connection) -> None:
    queue, other = Queue(), Queue()
    only_after_changes(queue, "look", file_of(database))
    queue.look("core", "scheduler")
    queue.look("core", "scheduler")
    other.look()
    database.execute("INSERT INTO job VALUES ('new')")
    database.commit()
    queue.look("core", "again")
    assert queue.seen == [("core", "scheduler"), ("core", "again")]
    assert other.seen == [()]
