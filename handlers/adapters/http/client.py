"""Requests over kept connections, as many in flight at once as are started, all from one thread.

Whoever starts requests asks for those that have ended, and the sockets move on only then: no threads, no callbacks.
"""

import selectors
import socket
import time
from functools import cache, partial
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import BotoCoreError, ConnectionClosedError

from handlers.adapters.http.answers import Answer
from handlers.adapters.http.connections import Address, Connection, Timeouts, unreachable
from handlers.adapters.http.origins import Origin

if TYPE_CHECKING:
    import ssl

_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
# For connections that are opened one after the other; names are not asked for once each.
_NAMES_S = 5.0


class Ended(NamedTuple):
    """The end of a request: the answer, or what went wrong on the way; `key` is what it was started with."""

    key: object
    end: Answer | BotoCoreError


class _Request(NamedTuple):
    key: object
    data: bytes
    again: bool  # it has been sent before, over a connection that was closed


class HttpClient:
    """Sends requests; one whose connection is closed before its answer goes once more at once, over a new one.

    A connection that the server closed while nobody looked, as while a function was frozen, shows it only then. So
    nothing may be sent here that must not be done twice.
    """

    def __init__(self, timeouts: Timeouts, certificates: str | None = None) -> None:
        """A client that believes the authorities in the file `certificates`, by default botocore's."""
        self._timeouts = timeouts
        self._tls = cache(partial(_tls_context, certificates))
        self._selector = selectors.DefaultSelector()
        self._idle: dict[Origin, list[Connection]] = {}
        self._flying: set[Connection] = set()
        self._ended: list[Ended] = []
        self._names: dict[tuple[str, int], tuple[float, list[Address]]] = {}

    def __del__(self) -> None:
        self.abandon()
        for kept in self._idle.values():
            for connection in kept:
                connection.socket.close()
        self._selector.close()

    def start(self, origin: Origin, data: bytes, key: object) -> None:
        """Begin to send a request, head and body; `key` names it when it has ended."""
        if not self._flying:
            self._look(0)  # for connections that were closed since
        self._start(origin, _Request(key, data, again=False))

    def ended(self, timeout_s: float) -> list[Ended]:
        """The requests that have ended since the last time; waits for the first of them, but no longer than told."""
        until_s = time.monotonic() + timeout_s
        while self._flying and not self._ended:
            now_s = time.monotonic()
            first_s = min(connection.until_s for connection in self._flying)
            self._look(min(until_s, first_s) - now_s)
            now_s = time.monotonic()
            if now_s >= first_s:
                self._expire(now_s)
            if now_s >= until_s:
                break
        ended, self._ended = self._ended, []
        return ended

    def abandon(self) -> None:
        """Give up all requests in flight, and forget those that have ended."""
        for connection in list(self._flying):
            self._close(connection)
        self._ended = []

    def _start(self, origin: Origin, request: _Request) -> None:
        kept = self._idle.get(origin)
        try:
            connection = kept.pop() if kept and not request.again else self._connect(origin)
        except BotoCoreError as error:
            self._ended.append(Ended(request.key, error))
            return
        connection.request = request
        self._flying.add(connection)
        connection.send(request.data)
        if connection.wants_write:
            self._watch(connection)

    def _connect(self, origin: Origin) -> Connection:
        proxy = origin.proxy
        host, port = (origin.host, origin.port) if proxy is None else (proxy.host, proxy.port)
        known = self._names.get((host, port))
        if known is None or known[0] < time.monotonic():
            try:
                found: list[Address] = list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
            except (OSError, UnicodeError) as error:
                raise unreachable(origin, error) from error
            known = self._names[host, port] = (time.monotonic() + _NAMES_S, found)
        connection = Connection(origin, known[1], self._tls, self._timeouts)
        self._selector.register(connection.descriptor, _READ | _WRITE, connection)
        return connection

    def _look(self, timeout_s: float) -> None:
        for key, _ in self._selector.select(timeout_s):
            connection: Connection = key.data
            if connection.request is not None:
                self._advance(connection)
            elif not connection.is_quiet():
                self._close(connection)

    def _advance(self, connection: Connection) -> None:
        wrote = connection.wants_write
        try:
            answer = connection.advance()
        except BotoCoreError as error:
            self._fail(connection, error)
            return
        if answer is not None:
            self._ended.append(Ended(connection.request.key, answer))
            if not answer.keep:
                self._close(connection)
                return
            connection.request = None
            self._flying.discard(connection)
            self._idle.setdefault(connection.origin, []).append(connection)
        if connection.wants_write != wrote:
            self._watch(connection)

    def _expire(self, now_s: float) -> None:
        for connection in [one for one in self._flying if one.until_s <= now_s]:
            self._fail(connection, connection.late())

    def _fail(self, connection: Connection, error: BotoCoreError) -> None:
        self._selector.unregister(connection.descriptor)
        try:
            if connection.connects_to_next():
                self._selector.register(connection.descriptor, _READ | _WRITE, connection)
                return
        except BotoCoreError as no_more:
            error = no_more
        request: _Request = connection.request
        self._flying.discard(connection)
        connection.socket.close()
        if isinstance(error, ConnectionClosedError) and not request.again:
            self._start(connection.origin, request._replace(again=True))
        else:
            self._ended.append(Ended(request.key, error))

    def _watch(self, connection: Connection) -> None:
        events = _READ | _WRITE if connection.wants_write else _READ
        self._selector.modify(connection.descriptor, events, connection)

    def _close(self, connection: Connection) -> None:
        self._flying.discard(connection)
        kept = self._idle.get(connection.origin, [])
        if connection in kept:
            kept.remove(connection)
        self._selector.unregister(connection.descriptor)
        connection.socket.close()


def _tls_context(certificates: str | None) -> "ssl.SSLContext":
    from handlers.adapters.http.tls import tls_context  # noqa: PLC0415 -- no plain HTTP needs it

    return tls_context(certificates)
