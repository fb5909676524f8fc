"""The guard: who may ask the console, and what a browser may do with an answer."""

import asyncio
from typing import Any

import pytest

from ops.console.guard import HEADERS, Guard, Message, Receive, Scope, Send

PORT = 8090
HOST = f"127.0.0.1:{PORT}"
OURS = f"http://{HOST}"


async def _page(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"the page"})


def ask(*headers: tuple[str, str], kind: str = "http", method: str = "GET") -> list[Message]:
    """Messages that the guard sends in answer."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect" if kind == "websocket" else "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: dict[str, Any] = {
        "type": kind,
        "headers": [(name.encode(), value.encode()) for name, value in headers],
        **({"method": method} if kind == "http" else {}),
    }
    asyncio.run(Guard(_page, port=PORT)(scope, receive, send))
    return sent


@pytest.mark.parametrize("host", [HOST, f"localhost:{PORT}", f"LocalHost:{PORT}"])
def test_a_person_who_types_the_address_gets_the_page(host: str) -> None:
    """A request without an origin, by one of the server's two names, is answered."""
    assert ask(("host", host))[0]["status"] == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        f"evil.example:{PORT}",
        f"127.0.0.1.evil.example:{PORT}",
        "127.0.0.1",
        f"127.0.0.1:{PORT + 1}",
        f"[::1]:{PORT}",
        f"0.0.0.0:{PORT}",
        f"127.0.0.1:{PORT}@evil.example",
        "",
    ],
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_another_name_is_refused(host: str, kind: str) -> None:
    """A name that somebody else made resolve to 127.0.0.1 (DNS rebinding) gets nothing."""
    assert _is_refused(ask(("host", host), ("origin", f"http://{host}"), kind=kind))


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_a_request_without_a_host_or_with_two_is_refused(kind: str) -> None:
    """One name, or none that can be relied on."""
    assert _is_refused(ask(("origin", OURS), kind=kind))
    assert _is_refused(ask(("host", HOST), ("host", "evil.example"), ("origin", OURS), kind=kind))


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "",
        f"https://{HOST}",
        "http://127.0.0.1",
        f"http://127.0.0.1:{PORT + 1}",
        f"http://localhost:{PORT}",
        f"http://{HOST}.evil.example",
    ],
)
@pytest.mark.parametrize(("kind", "method"), [("websocket", ""), ("http", "GET"), ("http", "POST")])
def test_a_page_of_another_origin_is_refused(origin: str, kind: str, method: str) -> None:
    """Fetch, form and websocket are refused, whatever the origin resembles."""
    assert _is_refused(ask(("host", HOST), ("origin", origin), kind=kind, method=method))


def test_two_origins_are_refused() -> None:
    """Ours beside another proves nothing."""
    assert _is_refused(ask(("host", HOST), ("origin", OURS), ("origin", "http://evil.example")))


def test_a_websocket_and_a_change_need_an_origin() -> None:
    """A browser sends it with both, so what comes without is no page of ours."""
    assert _is_refused(ask(("host", HOST), kind="websocket"))
    assert _is_refused(ask(("host", HOST), method="POST"))


def test_our_own_page_is_let_through() -> None:
    """The page's websocket, its requests and its assets are answered."""
    assert ask(("host", HOST), ("origin", OURS), kind="websocket")[0]["type"] == "websocket.accept"
    assert ask(("host", HOST), ("origin", OURS), method="POST")[0]["status"] == 200
    assert (
        ask(("host", HOST), ("sec-fetch-site", "same-origin"), ("sec-fetch-dest", "script"))[0]["status"]
        == 200
    )


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("dest", ["script", "image", "iframe", "frame", "object", "embed", "empty", "style"])
def test_another_sites_page_cannot_take_a_part_in(site: str, dest: str) -> None:
    """A part that a browser fetches for another site's page, without an origin, is refused; a link is followed."""
    asked = (("host", HOST), ("sec-fetch-site", site), ("sec-fetch-dest", dest))
    assert _is_refused(ask(*asked))
    assert ask(("host", HOST), ("sec-fetch-site", site), ("sec-fetch-dest", "document"))[0]["status"] == 200


@pytest.mark.parametrize("host", [HOST, "evil.example"])
def test_each_answer_forbids_frames_and_other_origins(host: str) -> None:
    """Refusals, too, carry the headers that keep the page out of frames and other origins' hands."""
    headers = {name.decode(): value.decode() for name, value in ask(("host", host))[0]["headers"]}
    assert set(HEADERS) <= set(headers.items())
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "default-src 'self'" in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"


def _is_refused(sent: list[Message]) -> bool:
    start = sent[0]
    if start["type"] == "websocket.close":
        return len(sent) == 1
    return bool(start["status"] == 403 and b"the page" not in sent[-1]["body"])
