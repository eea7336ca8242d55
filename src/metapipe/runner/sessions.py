"""Which session a run gets: the one place that knows all kinds."""

from __future__ import annotations

from pathlib import Path

from metapipe.runner.session import InlineSession, Session, SparkSession


def open_session(name: str, *, slots: int, per_node: bool, folder: Path) -> Session:
    """Open a session; the caller stops it.

    :param name: ``inline``, ``local`` or ``cluster``. :param slots: blocks at once, or threads of the one fat block.
    :param per_node: one block uses every slot of a host. :param folder: scratch of this run alone.
    :raises MetapipeError: E302 when Spark does not start.
    """
    match name:
        case "inline":
            return InlineSession()
        case "local":
            return SparkSession(1 if per_node else slots, folder)
        case other:
            raise ValueError(f"no such session: {other}")
