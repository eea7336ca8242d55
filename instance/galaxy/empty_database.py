"""Make the tables of a new Galaxy, before its first start.

Runs in Galaxy's environment. ``python empty_database.py FILE`` makes the SQLite file that new instances start with a
copy of (at installation: making 150 tables is no part of a start then); ``python empty_database.py postgresql://…``
makes the tables there, or brings them up to date, so that web server and Celery worker may start side by side.
"""

import os
import sys
from pathlib import Path

from galaxy.model.migrations import verify_databases
from sqlalchemy import create_engine


def make_tables(url: str) -> None:
    engine = create_engine(url)
    verify_databases(engine, None, None, engine, None, None, True)
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            # Readers and the one writer do not wait for each other; SQLite keeps the mode in the file.
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    engine.dispose()


def main() -> None:
    target = sys.argv[1]
    if "://" in target:
        make_tables(target)
        return
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    fresh = target + ".new"
    Path(fresh).unlink(missing_ok=True)
    make_tables(f"sqlite:///{fresh}")
    os.replace(fresh, target)


main()
