"""A kept connection to the ingest API: by the environment's proxies, TLS verified, redirects never followed."""

from __future__ import annotations

import base64
import encodings.idna  # noqa: F401 - a fork during its import by `getaddrinfo` would lock the child out of it
import http.client
import io
import socket
import ssl
import time
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from tidegauge_client.reply import Reply, no_reply, retry_after_s
from tidegauge_client.settings import is_loopback

_MOST_TEXT = 64 * 1024
# Never closed, nor collected: one for each fork of a process that was sending.
_abandoned: list[http.client.HTTPConnection] = []


class Connection:
    """Posts to one address; for one thread at a time."""

    def __init__(
        self, url: str, *, timeout_s: float = 30.0, ssl_context: ssl.SSLContext | None = None
    ) -> None:
        """`timeout_s` is for each request as a whole, however slowly its answer comes."""
        self._url, self._parts = url, urlsplit(url)
        self._timeout_s, self._ssl_context = timeout_s, ssl_context
        self._open: http.client.HTTPConnection | None = None
        self._target = ""
        self._headers: dict[str, str] = {}

    def post(self, body: bytes, headers: Mapping[str, str]) -> Reply:
        """The answer to a body; one with the status 0 and the error's text if there is none."""
        kept = self._open is not None
        try:
            return self._post(body, headers)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            if not kept or isinstance(error, socket.timeout):
                return no_reply(error)
        # A kept connection may have been ended by the other side meanwhile: that says nothing about the API.
        return self.post(body, headers)

    def close(self) -> None:
        """End the connection, if there is one; the next request makes another."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def abandon(self) -> None:
        """Let go of a connection with which another process goes on.

        A thread that is not here any more may have stopped in the midst of reading, and hold what closing waits for.
        """
        if self._open is not None:
            if self._open.sock is not None:
                self._open.sock.close()
            _abandoned.append(self._open)
            self._open = None

    def _post(self, body: bytes, headers: Mapping[str, str]) -> Reply:
        deadline_s = time.monotonic() + self._timeout_s
        if self._open is None:
            self._open = self._connect()
        connection = self._open
        connection.response_class = partial(_TimedResponse, deadline_s=deadline_s)  # type: ignore[assignment]
        if connection.sock is not None:
            connection.sock.settimeout(self._timeout_s)
        try:
            connection.request("POST", self._target, body, {**self._headers, **headers})
        except ConnectionError:
            # A body that is refused before it was read: the answer may be there nevertheless.
            if connection.sock is None:
                raise
        with connection.getresponse() as response:
            status, after_s = response.status, retry_after_s(response.getheader("Retry-After"))
            if 300 <= status < 400:
                # Whoever is named there was not given to us, and does not get the credentials.
                return self._ended(Reply(status, 0.0, f"redirected to {response.getheader('Location')}"))
            try:
                text = response.read(_MOST_TEXT).decode("utf-8", "replace")
            except (OSError, http.client.HTTPException, ValueError) as error:
                # The status has been said; no more is needed of the rest.
                return self._ended(Reply(status, after_s, str(error)))
            if not response.isclosed() or response.will_close:
                self.close()
            return Reply(status, after_s, text)

    def _ended(self, reply: Reply) -> Reply:
        self.close()
        return reply

    def _connect(self) -> http.client.HTTPConnection:
        parts, proxy = self._parts, _proxy_of(self._parts)
        self._target, self._headers = parts.path, {}
        host, port = parts.hostname or "", parts.port
        at = (host, port) if proxy is None else (proxy.hostname or "", proxy.port or 80)
        if parts.scheme == "http":
            if proxy is not None:
                self._target, self._headers = self._url, _proxy_authorization(proxy)
                self._headers["Host"] = parts.netloc
            return http.client.HTTPConnection(*at, timeout=self._timeout_s)
        context = self._ssl_context or ssl.create_default_context()
        secure = http.client.HTTPSConnection(*at, timeout=self._timeout_s, context=context)
        if proxy is not None:
            secure.set_tunnel(host, port or 443, _proxy_authorization(proxy))
        return secure


def _proxy_of(parts: SplitResult) -> SplitResult | None:
    """The proxy that the environment names for an address, if there is one; this machine is always reached directly."""
    host = parts.hostname or ""
    if is_loopback(host) or proxy_bypass(parts.netloc):
        return None
    found = getproxies().get(parts.scheme)
    if not found:
        return None
    proxy = urlsplit(found if "://" in found else f"http://{found}")
    if proxy.scheme != "http":
        raise ValueError(f"a proxy is an http:// address, which {proxy.scheme}:// is not")
    return proxy


def _proxy_authorization(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


class _TimedResponse(http.client.HTTPResponse):
    """A response that is read until a moment of the monotonic clock at most, however slowly its bytes come."""

    def __init__(self, sock: socket.socket, *arguments: Any, deadline_s: float, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self.fp.close()
        self.fp = io.BufferedReader(_TimedReader(sock, deadline_s))


class _TimedReader(io.RawIOBase):
    def __init__(self, sock: socket.socket, deadline_s: float) -> None:
        super().__init__()
        self._sock, self._deadline_s = sock, deadline_s

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left_s = self._deadline_s - time.monotonic()
        if left_s <= 0:
            raise socket.timeout("timed out")
        self._sock.settimeout(left_s)
        return self._sock.recv_into(buffer)
