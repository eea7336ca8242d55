import os
import socket

from metapipe.instance.local import ports


def test_a_held_port_is_not_free_and_its_holder_is_named() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        assert not ports.is_free("127.0.0.1", port)
        assert ports.holders(port) == [os.getpid()]
        assert f"process {os.getpid()} (" in ports.holder_words(port)
    assert ports.is_free("127.0.0.1", port)
