"""Let a finished example show its pages: Galaxy shows those of imported jobs as plain text, as anybody can write them.

Runs in Galaxy's environment: ``python own_example.py HISTORY``, with Galaxy's id of a history; says how many jobs there
were. The content of an example is part of this project, so its jobs count as run here; the list of tools whose pages
are shown goes on to hold.
"""

import os
import sys
from pathlib import Path

import yaml
from galaxy.security.idencoding import IdEncodingHelper
from sqlalchemy import create_engine, text

_OWN = "UPDATE job SET imported = :no WHERE history_id = :history AND imported = :yes"


def take_over(url: str, history: int) -> int:
    """Mark all jobs of one history as run here, and no others; return how many were not.

    :param url: SQLAlchemy address of Galaxy's database. :param history: number of the history there.
    """
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            return connection.execute(text(_OWN), {"history": history, "yes": True, "no": False}).rowcount
    finally:
        engine.dispose()


def main() -> None:
    settings = yaml.safe_load(Path(os.environ["GALAXY_CONFIG_FILE"]).read_text())["galaxy"]
    history = IdEncodingHelper(id_secret=settings["id_secret"]).decode_id(sys.argv[1])
    sys.stdout.write(f"{take_over(settings['database_connection'], history)}\n")


if __name__ == "__main__":
    main()
