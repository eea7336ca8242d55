"""Which session a run gets: the one place that knows all kinds."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from metapipe.errors import MetapipeError
from metapipe.runner.blocks.resources import SessionKind, Slots
from metapipe.runner.sessions.cluster import Cluster, cluster_from
from metapipe.runner.sessions.jvm import java_binary
from metapipe.runner.sessions.local import LocalSession
from metapipe.runner.sessions.on_cluster import ClusterSession
from metapipe.runner.sessions.session import InlineSession, Session
from metapipe.runner.warm.protocol import default_socket
from metapipe.runner.warm.session import WarmOffer, WarmSession, ask_for_session


@dataclass(frozen=True)
class ClusterShare:
    """The cluster of a destination as one stage uses it: with so many cores for each block."""

    cluster: Cluster
    cores_per_block: int

    @property
    def blocks(self) -> int:
        """Blocks that run at once."""
        return self.cluster.slots(self.cores_per_block)

    @property
    def block_mb(self) -> int:
        """Memory of each."""
        return self.cores_per_block * self.cluster.core_memory_mb

    @property
    def slots(self) -> Slots:
        """Cores that blocks keep busy, and the memory that comes with them."""
        count = self.blocks * self.cores_per_block
        return Slots(count, count * self.cluster.core_memory_mb)


def find_cluster(asked: SessionKind | None, *, memory_mb: int, per_node: bool) -> ClusterShare | None:
    """The cluster of this destination; None where there is none, or another session is asked for.

    :param memory_mb: of a block. :param per_node: one block uses every core of a host: only where that is a number.
    :raises MetapipeError: E702 when a cluster is asked for that is not there or not large enough.
    """
    if asked not in (None, SessionKind.CLUSTER):
        return None
    found = cluster_from(os.environ)
    if found is None and asked is SessionKind.CLUSTER:
        raise MetapipeError("E702", "METAPIPE_SPARK_MASTER is not set: there is no cluster for --session cluster")
    if found is None or (asked is None and per_node and found.executor_cores is None):
        return None
    return ClusterShare(found, found.cores_per_block(memory_mb=memory_mb, per_node=per_node))


@dataclass(frozen=True)
class Opening:
    """The session to be opened.

    :param slots: blocks at once, or threads of the one fat block. :param per_node: one block uses every slot of a host.
    :param offer: of the warm session server, for a warm one. :param insist: a lost warm session is E601, even if a cold
        one could still do all of the work. :param cluster: of this destination, for a session on it.
    """

    kind: SessionKind
    slots: int
    per_node: bool
    offer: WarmOffer = field(default_factory=WarmOffer)
    insist: bool = True
    cluster: ClusterShare | None = None


def open_session(
    what: Opening,
    folder: Path,
    *,
    warn: Callable[[str], None] | None = None,
    more: Mapping[str, str] | None = None,
) -> Session:
    """Open a session; the caller stops it.

    :param folder: scratch of this run alone. :param warn: told when the user has to wait.
    :param more: more Spark properties, of a session of this run's own.
    :raises MetapipeError: E302 when Spark does not start, E320 when there is no warm session, E303 or E310 when the
        cluster does not serve us, E702 when there is none.
    """
    match what.kind:
        case SessionKind.INLINE:
            return InlineSession()
        case SessionKind.LOCAL:
            return LocalSession(1 if what.per_node else what.slots, folder, more=more)
        case SessionKind.WARM:
            cold = replace(what, kind=SessionKind.INLINE if java_binary() is None else SessionKind.LOCAL)
            return WarmSession(
                what.offer or ask_for_session(default_socket(), what.slots),
                None if what.insist else lambda: open_session(cold, folder, more=more),
            )
        case SessionKind.CLUSTER:
            if what.cluster is None:
                raise MetapipeError("E702", "METAPIPE_SPARK_MASTER is not set: there is no cluster")
            return ClusterSession(what.cluster.cluster, what.cluster.cores_per_block, folder, warn=warn, more=more)
