"""The guard before the console's application: who may ask, and what a browser may do with an answer.

A page of another site can have a browser send requests to 127.0.0.1, and by its own name too, once that resolves there
(DNS rebinding). So each request and each websocket has to name this server as its Host, and one that a page of another
origin sends is refused: https://fetch.spec.whatwg.org/#origin-header, https://www.w3.org/TR/fetch-metadata/.
"""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_READING = frozenset({"GET", "HEAD"})
# A person who types the address comes from none; a link on another page leads here, but nothing else of it does.
_OURS = frozenset({"same-origin", "none"})
_REFUSED = 4403  # a websocket's own range: https://www.rfc-editor.org/rfc/rfc6455#section-7.4.2

# The library builds its components from strings, hence 'unsafe-eval'; nothing leaves for, or comes from, elsewhere.
_CONTENT_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = (
    ("content-security-policy", _CONTENT_POLICY),
    ("x-frame-options", "DENY"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
)


class Guard:
    """Lets through what this server's own pages ask, and what a person types; adds the headers above."""

    def __init__(self, app: Application, *, port: int) -> None:
        self.app = app
        self._hosts = frozenset({f"127.0.0.1:{port}", f"localhost:{port}"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request or a websocket of ASGI; the application's own start and end pass."""
        kind = scope["type"]
        if kind == "lifespan":
            await self.app(scope, receive, send)
            return
        refusal = self.refusal(kind, scope.get("method", "GET"), _headers(scope["headers"]))
        if refusal is None:
            await self.app(scope, receive, _with_headers(send) if kind == "http" else send)
        elif kind == "http":
            await _refuse(send, refusal)
        else:
            await receive()
            await send({"type": "websocket.close", "code": _REFUSED, "reason": refusal})

    def refusal(self, kind: str, method: str, headers: dict[str, list[str]]) -> str | None:
        """The reason to refuse a request, None if there is none. `kind` is http or websocket."""
        hosts, origins = headers.get("host", []), headers.get("origin", [])
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return "this server goes by the names 127.0.0.1 and localhost only"
        ours = [f"http://{hosts[0].lower()}"]
        reading = kind == "http" and method in _READING
        if origins != ours and (origins or not reading):
            return "only this server's own pages may ask"
        site = headers.get("sec-fetch-site", ["none"])
        if site[0] not in _OURS and not (reading and headers.get("sec-fetch-dest") == ["document"]):
            return "another site's pages may link here, and nothing more"
        return None


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in raw:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return found


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            ours = [(name.encode(), value.encode()) for name, value in HEADERS]
            message["headers"] = [*message.get("headers", ()), *ours]
        await send(message)

    return sending


async def _refuse(send: Send, refusal: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await _with_headers(send)({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": f"Refused: {refusal}.\n".encode()})
