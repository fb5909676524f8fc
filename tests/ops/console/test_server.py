"""The console's server as a whole: what it answers, and to whom, with no AWS behind it."""

from collections.abc import Iterator

import pytest

from ops.console.pages.frame import PAGES
from ops.console.server import listening
from ops.errors import OperatorError
from tests.support.console_process import ConsoleProcess, closed_port


@pytest.fixture(scope="module")
def console() -> Iterator[ConsoleProcess]:
    """A console at an endpoint where nothing listens."""
    with ConsoleProcess(f"http://127.0.0.1:{closed_port()}", "--port", str(closed_port())) as process:
        yield process


@pytest.mark.parametrize("path", PAGES)
def test_each_page_stands_while_nothing_answers(console: ConsoleProcess, path: str) -> None:
    """A page is served before, or though, the region does not answer; what is wrong follows."""
    status, text = console.answer(path)
    assert status == 200
    assert PAGES[path] in text


@pytest.mark.parametrize("path", ["/", "/explore", "/_nicegui_ws/socket.io/?EIO=4&transport=polling"])
def test_another_host_or_origin_gets_nothing(console: ConsoleProcess, path: str) -> None:
    """The guard stands before pages and the socket's own requests."""
    assert console.status(path, Host="evil.example") == 403
    assert console.status(path, Origin="http://evil.example") == 403
    assert console.status(path, method="POST") == 403
    assert console.status(path, method="POST", Origin="http://evil.example") == 403


def test_the_websocket_is_for_our_pages_alone(console: ConsoleProcess) -> None:
    """The page's origin opens it; no other does, nor another name, nor who hides where he comes from."""
    assert console.websocket_status(Origin=console.url) == 101
    assert console.websocket_status(Origin="http://evil.example") == 403
    assert console.websocket_status(Origin="null") == 403
    assert console.websocket_status() == 403
    assert console.websocket_status(Host="evil.example", Origin="http://evil.example") == 403


def test_an_unknown_environment_is_said_to_be(console: ConsoleProcess) -> None:
    """The page says in words what is wrong with an address."""
    for query in ("env=nope", "env=../dev", "region=mars-1"):
        status, text = console.answer(f"/?{query}")
        assert status == 200
        assert "nope" in text or "expected" in text or "mars-1" in text


def test_a_taken_port_is_named_and_without_one_a_free_port_is_found() -> None:
    """The usual port may be another run's console's."""
    with listening(None, otherwise=0) as taken:
        port = taken.getsockname()[1]
        with listening(None, otherwise=port) as other:
            assert other.getsockname()[0] == "127.0.0.1"
            assert other.getsockname()[1] != port
        with pytest.raises(
            OperatorError, match=f"port {port} of 127.0.0.1: Address already in use; give another --port$"
        ):
            listening(port, otherwise=0)
