"""Free the disk of what users deleted a while ago, and of uploads that nobody went on with.

Runs in Galaxy's environment, by a timer: ``python purge_deleted.py DAYS UPLOADS``. Galaxy's own script for it is in no
package; its Celery worker does the work, by the same task as for *Delete permanently*, so quotas are kept right.
"""

import datetime
import os
import sys
import time
from pathlib import Path

import yaml
from sqlalchemy import create_engine, text

# What is deleted with its history is listed as deleted by none of the datasets.
_DELETED = """
SELECT hda.id FROM history_dataset_association hda JOIN history ON history.id = hda.history_id
WHERE NOT hda.purged AND (
    (hda.deleted AND hda.update_time < :before) OR (history.deleted AND history.update_time < :before)
)
ORDER BY hda.id
"""


def deleted(url: str, before: datetime.datetime) -> list[int]:
    """Return the numbers of datasets that were deleted before a time (UTC) and still lie on the disk.

    :param url: SQLAlchemy address of Galaxy's database.
    """
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return list(connection.scalars(text(_DELETED), {"before": before}))
    finally:
        engine.dispose()


def remove_old(folder: Path, seconds: float) -> int:
    """Remove the files of a folder that nobody wrote to for so long; return how many there were."""
    end = time.time() - seconds
    old = [file for file in folder.glob("*") if file.is_file() and file.stat().st_mtime < end]
    for file in old:
        file.unlink(missing_ok=True)
    return len(old)


def main() -> None:
    days, uploads = int(sys.argv[1]), Path(sys.argv[2])
    settings = yaml.safe_load(Path(os.environ["GALAXY_CONFIG_FILE"]).read_text())["galaxy"]
    before = datetime.datetime.now(datetime.UTC).replace(tzinfo=None) - datetime.timedelta(days=days)
    numbers = deleted(settings["database_connection"], before)
    if numbers:
        from galaxy.celery.tasks import purge_hda

        for number in numbers:
            purge_hda.delay(hda_id=number)
    left = remove_old(uploads, days * 86400)
    sys.stdout.write(f"{len(numbers)} datasets deleted {days} days ago or earlier are purged, {left} uploads removed\n")


if __name__ == "__main__":
    main()
