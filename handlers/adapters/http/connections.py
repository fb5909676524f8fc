"""A connection that never waits: each step goes as far as the socket lets it.

    connect -> (tunnel through a proxy) -> (TLS) -> send a request -> receive its answer -> send the next ...

What fails raises the errors that botocore's HTTP session raises there.
"""

import errno
import socket
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore import exceptions
from botocore.exceptions import BotoCoreError

from handlers.adapters.http.answers import Answer, AnswerReader, BadAnswerError, whole_answer
from handlers.adapters.http.origins import Origin

if TYPE_CHECKING:
    import ssl

Address = tuple[Any, ...]  # as `socket.getaddrinfo` gives it
_AT_ONCE_BYTES = 64 * 1024
_UNDER_WAY = frozenset({0, errno.EINPROGRESS, errno.EWOULDBLOCK})


class Timeouts(NamedTuple):
    """The seconds that each step of opening a connection may take, and an answer from its request to its end."""

    connect_s: float
    read_s: float


class Connection:
    """One connection to an origin, for one request after the other; it begins to open at once."""

    def __init__(
        self,
        origin: Origin,
        addresses: Sequence[Address],
        tls: "Callable[[], ssl.SSLContext]",
        timeouts: Timeouts,
    ) -> None:
        self.origin = origin
        self.request: Any = None  # the client's, while its answer is waited for
        self.wants_write = True
        self.until_s = 0.0  # on the monotonic clock: the end of the step's time
        self._addresses = list(addresses)
        self._tls = tls
        self._timeouts = timeouts
        self._step: Callable[[], bool] | None = self._connect
        self._out = memoryview(b"")
        self._harmed = False  # it may give the answer yet, and no other
        self._reader: AnswerReader | None = None  # once an answer has come in part
        self._waits: tuple[type[OSError], ...] = (BlockingIOError,)
        self._connect_to_next()

    def send(self, data: bytes) -> None:
        """Begin to send a request, once the connection is open; the answer to the one before has come."""
        self._out = memoryview(data)
        self._reader = None
        if self._step is None:
            self._allow(self._timeouts.read_s)
            self._send()

    def advance(self) -> Answer | None:
        """The answer, if it is there now; to be called when the socket is ready. Raises botocore's errors."""
        while self._step is not None:
            if not self._step():
                return None
        if self._out:
            self._send()
        answer = self._receive()
        if answer is not None and (self._out or self._harmed):
            return answer._replace(keep=False)
        return answer

    def late(self) -> BotoCoreError:
        """The error of a connection whose step has taken too long."""
        kind = exceptions.ReadTimeoutError if self._step is None else exceptions.ConnectTimeoutError
        return kind(endpoint_url=self.origin.url)

    def connects_to_next(self) -> bool:
        """True if it could not connect but has another address, to which it now begins to connect."""
        if self._step != self._connect or not self._addresses:
            return False
        self.socket.close()
        self._connect_to_next()
        return True

    def is_quiet(self) -> bool:
        """True if it is open, and nothing has come that nobody asked for."""
        try:
            self.socket.recv(1)
        except self._waits:
            return True
        except OSError:
            return False
        return False

    def _allow(self, seconds: float) -> None:
        self.until_s = time.monotonic() + seconds

    def _connect_to_next(self) -> None:
        """Begin to connect to the first address that can be tried. Raises botocore's errors if there is none."""
        family, kind, protocol, _, address = self._addresses.pop(0)
        try:
            self.socket = socket.socket(family, kind, protocol)
        except OSError as error:  # no such family here, or no descriptor left
            if not self._addresses:
                raise unreachable(self.origin, error) from error
            self._connect_to_next()
            return
        self.descriptor = self.socket.fileno()  # stays the same while TLS begins
        self.socket.setblocking(False)
        # A request goes out at once, however small its last packet.
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._code = self.socket.connect_ex(address)
        self._allow(self._timeouts.connect_s)

    def _connect(self) -> bool:
        code = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code or self._code not in _UNDER_WAY:
            raise unreachable(self.origin, OSError(code or self._code, "no connection"))
        self._allow(self._timeouts.connect_s)
        if self.origin.secure and self.origin.proxy is not None:
            name = f"[{self.origin.host}]" if ":" in self.origin.host else self.origin.host
            name = f"{name}:{self.origin.port}"
            head = f"CONNECT {name} HTTP/1.1\r\nHost: {name}\r\n{self.origin.proxy.authorization}\r\n"
            request, self._out = self._out, memoryview(head.encode())
            self._step = lambda: self._tunnel(request)
            self._reader = AnswerReader(to_connect=True)
        else:
            self._secure()
        return True

    def _tunnel(self, request: memoryview) -> bool:
        try:
            if self._out:
                self._send()
            answer = self._read()
        except (OSError, BadAnswerError) as error:
            raise unreachable(self.origin, error) from error
        if answer is None:
            return False
        if answer.status != 200 or (self._reader is not None and self._reader.has_more):
            raise unreachable(self.origin, OSError(f"the proxy answered {answer.status}"))
        self._out, self._reader = request, None
        self._secure()
        return True

    def _secure(self) -> None:
        if not self.origin.secure:
            self._open()
            return
        import ssl  # noqa: PLC0415 -- much to import, and nothing that plain HTTP needs

        self._waits = (ssl.SSLWantReadError, ssl.SSLWantWriteError)
        try:
            self.socket = self._tls().wrap_socket(
                self.socket,
                server_hostname=self.origin.host,
                do_handshake_on_connect=False,
                suppress_ragged_eofs=False,
            )
        except (OSError, ValueError) as error:
            raise exceptions.SSLError(endpoint_url=self.origin.url, error=error) from error
        self._step = self._shake_hands
        self._allow(self._timeouts.connect_s)

    def _shake_hands(self) -> bool:
        try:
            self.socket.do_handshake()  # type: ignore[attr-defined]
        except self._waits as error:
            self.wants_write = isinstance(error, self._waits[-1])
            return False
        except ConnectionError as error:
            raise self._closed(error) from error
        except OSError as error:
            raise exceptions.SSLError(endpoint_url=self.origin.url, error=error) from error
        self._open()
        return True

    def _open(self) -> None:
        self._step = None
        self._allow(self._timeouts.read_s)

    def _send(self) -> None:
        try:
            self._out = self._out[self.socket.send(self._out) :]
        except self._waits:
            pass
        except OSError:
            # The server may have answered all the same before it stopped to listen.
            self._out, self._harmed = memoryview(b""), True
        self.wants_write = bool(self._out)

    def _receive(self) -> Answer | None:
        try:
            return self._read()
        except (OSError, BadAnswerError) as error:
            raise self._closed(error) from error

    def _read(self) -> Answer | None:
        while True:
            try:
                data = self.socket.recv(_AT_ONCE_BYTES)
            except self._waits:
                return None
            if self._reader is None:
                if data and (answer := whole_answer(data)) is not None:
                    return answer
                self._reader = AnswerReader()
            answer = self._reader.feed(data) if data else self._reader.end()
            if answer is not None:
                return answer

    def _closed(self, error: Exception) -> exceptions.ConnectionClosedError:
        return exceptions.ConnectionClosedError(endpoint_url=self.origin.url, error=error)


def unreachable(origin: Origin, error: Exception) -> exceptions.ConnectionError:
    """The error of an origin, or the proxy before it, that no connection can be made to."""
    if origin.proxy is not None:
        return exceptions.ProxyConnectionError(proxy_url=origin.proxy.shown, error=error)
    return exceptions.EndpointConnectionError(endpoint_url=origin.url, error=error)
