"""The masters of a standalone cluster: their addresses, whether they answer, and what their silence means."""

from __future__ import annotations

import re
import socket
import threading
import time

from metapipe.errors import MetapipeError
from metapipe.runner.sessions.cluster_variables import PREFIX

#: Host and port of each.
Masters = tuple[tuple[str, int], ...]

#: Seconds in which one of the masters must take a connection: with a JVM's start still within 15 s.
CONNECT_LIMIT = 6.0

#: Seconds without another line after which a log has said all it has to say.
STILL = 1.0

_NO_REASON = "does not talk to us: it is no Spark master, has another version, or uses no secret"
_MASTER = re.compile(r"spark://([A-Za-z0-9_.-]+:[0-9]{1,5}(?:,[A-Za-z0-9_.-]+:[0-9]{1,5})*)")


def masters_in(url: str, what: str) -> Masters:
    """Host and port of each master in ``spark://host:port[,host:port]``.

    :param what: where the text stands, for the message. :raises MetapipeError: E702.
    """
    match = _MASTER.fullmatch(url)
    pairs = (part.rsplit(":", 1) for part in match[1].split(",")) if match else ()
    masters = tuple((host, int(port)) for host, port in pairs)
    if not masters or any(not 0 < port < 65536 for _, port in masters):
        raise MetapipeError("E702", what, expected="spark://host:port[,host:port], k8s://… or yarn", found=url)
    return masters


def shown(masters: Masters) -> str:
    """The addresses as messages name them."""
    return ", ".join(f"{host}:{port}" for host, port in masters)


def check_masters(masters: Masters) -> None:
    """Make sure that one of the masters takes connections; none, as on Kubernetes and YARN, are none to ask.

    :raises MetapipeError: E303 within ``CONNECT_LIMIT`` seconds, saying why each does not.
    """
    if not masters:
        return
    reasons: dict[tuple[str, int], str] = {}
    answered = threading.Event()

    def call(master: tuple[str, int]) -> None:
        try:
            socket.create_connection(master, timeout=CONNECT_LIMIT - 1).close()
            answered.set()
        except socket.gaierror as error:
            reasons[master] = f"the name does not resolve: {error.strerror}"
        except TimeoutError:
            reasons[master] = "no answer"
        except OSError as error:
            reasons[master] = error.strerror or str(error)
        if len(reasons) == len(masters):
            answered.set()

    # In threads that may be left behind, as nothing else bounds the time that resolving a name takes.
    for master in masters:
        threading.Thread(target=call, args=(master,), daemon=True).start()
    answered.wait(CONNECT_LIMIT)
    if len(reasons) == len(masters) or not answered.is_set():
        why = "; ".join(f"{host}:{port} {reasons.get((host, port), 'no answer')}" for host, port in masters)
        raise MetapipeError("E303", f"the Spark master cannot be reached ({why})")


def address_towards(master: tuple[str, int]) -> str:
    """Our own address on the way to a master: the one its workers can reach. Sends nothing.

    :raises MetapipeError: E303 when there is no way.
    """
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(master)
            return str(probe.getsockname()[0])
    except OSError as error:
        raise MetapipeError("E303", f"no way to the Spark master {master[0]} ({error.strerror})") from error


def refusal(log: str) -> str:
    """What the JVM's log says about a master that took the connection but not us; empty while it says nothing."""
    if "Failed to connect to master" not in log:
        return ""
    if re.search(r"[Aa]uth|[Ss]ecret|[Ss]asl|crypto|GeneralSecurity|Unable to create cipher", log):
        return f"refuses our secret ({PREFIX}SECRET_FILE)"
    return _NO_REASON


class Refusals:
    """Reads a JVM's log as it grows. The reason stands below the line that something failed, and comes later."""

    def __init__(self) -> None:
        self._log, self._since = "", time.monotonic()

    def look(self, log: str) -> str:
        """What the log says, as :func:`refusal`; that no reason is given only when nothing more comes."""
        now = time.monotonic()
        if log != self._log:
            self._log, self._since = log, now
        said = refusal(log)
        return "" if said == _NO_REASON and now - self._since < STILL else said
