"""Whether a key works, asked of a server that answers what Galaxy answers."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from metapipe.errors import MetapipeError
from metapipe.galaxy.credentials import Account
from metapipe.instance.local.accounts import _user_name, add_user, key_works
from metapipe.instance.local.settings import Settings

ACCOUNT = Account("biologist@metapipe.example", "word", "key")


@pytest.fixture
def answering(request: pytest.FixtureRequest) -> Iterator[str]:
    """Address of a server that gives one status and body to every request."""
    status, body = request.param

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("answering", [(200, b'{"email": "biologist@metapipe.example"}')], indirect=True)
def test_a_known_key_works(answering: str) -> None:
    assert key_works(answering, ACCOUNT)


@pytest.mark.parametrize("answering", [(401, b""), (403, b"")], indirect=True)
def test_a_key_of_another_database_does_not_work(answering: str) -> None:
    assert not key_works(answering, ACCOUNT)


@pytest.mark.parametrize("answering", [(500, b"Internal Server Error")], indirect=True)
def test_an_error_of_galaxy_is_a_database_out_of_reach(answering: str) -> None:
    with pytest.raises(MetapipeError) as refused:
        key_works(answering, ACCOUNT)
    assert refused.value.code == "E308"


@pytest.mark.parametrize("email", ["", "anna", "anna@", "../x@y.example", "a b@c.example", "anna@localhost"])
def test_what_is_no_address_gets_no_account(instance: Settings, email: str) -> None:
    with pytest.raises(MetapipeError, match="METAPIPE-E701 EMAIL, expected an e-mail address"):
        add_user(instance, email)


@pytest.mark.parametrize(
    ("email", "name"), [("Anna.B@x.example", "anna.b"), ("a@x.example", "a--"), ("o+k_x@y.example", "o-k-x-2")]
)
def test_a_public_name_is_made_of_an_address(email: str, name: str) -> None:
    assert _user_name(email, {"o-k-x"}) == name
