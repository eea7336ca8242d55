"""Which session a run gets: the one place that knows all kinds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.runner.sessions.cluster import Cluster
from metapipe.runner.sessions.jvm import java_binary
from metapipe.runner.sessions.local import LocalSession
from metapipe.runner.sessions.on_cluster import ClusterSession
from metapipe.runner.sessions.session import InlineSession, Session
from metapipe.runner.warm.protocol import default_socket
from metapipe.runner.warm.session import WarmOffer, WarmSession, ask_for_session


def open_session(
    name: str,
    *,
    slots: int,
    per_node: bool,
    folder: Path,
    offer: WarmOffer | None = None,
    insist: bool = True,
    cluster: Cluster | None = None,
    cores_per_block: int = 1,
    warn: Callable[[str], None] | None = None,
    more: Mapping[str, str] | None = None,
) -> Session:
    """Open a session; the caller stops it.

    :param name: ``inline``, ``local``, ``cluster`` or ``warm``.
    :param slots: blocks at once, or threads of the one fat block.
    :param per_node: one block uses every slot of a host. :param folder: scratch of this run alone.
    :param offer: of the warm session server, for ``warm``. :param insist: a lost warm session is E601, even if a cold
        one could still do all of the work.
    :param cluster: of this destination, for ``cluster``. :param cores_per_block: cores that a block of it keeps.
    :param warn: told when the user has to wait. :param more: more Spark properties, of a session of this run's own.
    :raises MetapipeError: E302 when Spark does not start, E320 when there is no warm session, E303 or E310 when the
        cluster does not serve us, E702 when there is none.
    """
    match name:
        case "inline":
            return InlineSession()
        case "local":
            return LocalSession(1 if per_node else slots, folder, more=more)
        case "warm":
            cold = "local" if java_binary() is not None else "inline"
            return WarmSession(
                offer or ask_for_session(default_socket(), slots),
                None
                if insist
                else lambda: open_session(cold, slots=slots, per_node=per_node, folder=folder, more=more),
            )
        case "cluster":
            if cluster is None:
                raise MetapipeError("E702", "METAPIPE_SPARK_MASTER is not set: there is no cluster")
            return ClusterSession(cluster, cores_per_block, folder, warn=warn, more=more)
        case other:
            raise ValueError(f"no such session: {other}")
