"""A threaded HTTP server on the loopback interface that keeps connections alive and ends with nothing left behind.

Werkzeug's own server closes the connection after each answer; a client would pay for a new one with every call.
"""

import contextlib
import errno
import io
import logging
import socket
import socketserver
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler

from emulator.errors import PortInUseError
from emulator.request import Request, Response

_LOG = logging.getLogger(__name__)
_BODY_LIMIT_BYTES = 1024 * 1024 * 1024


class _Handler(MotoRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body leave in one piece: in two, the second would wait for the first one's acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: "HttpServer"

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError, TimeoutError):
            BaseHTTPRequestHandler.handle(self)

    def handle_one_request(self) -> None:
        BaseHTTPRequestHandler.handle_one_request(self)

    def run_wsgi(self) -> None:
        environ = self.make_environ()
        body = self._read_body(environ)
        if body is None:
            self._write(
                Response(413, [("Content-Type", "text/plain")], b"the body is too large\n"), close=True
            )
            return
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        path, _, query = self.path.partition("?")
        request = Request(
            method=self.command,
            path=path,
            query=query,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
            environ=environ,
        )
        try:
            response = self.server.answer(request)
        except Exception:  # noqa: BLE001 - one bad request must not end its connection's thread unanswered
            _LOG.exception("%s %s failed", self.command, path)
            response = Response(500, [("Content-Type", "text/plain")], b"internal error, see the log\n")
        self._write(response)

    def handle_expect_100(self) -> bool:
        proceed: bool = BaseHTTPRequestHandler.handle_expect_100(self)
        self.wfile.flush()
        return proceed

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is http.server's
        _LOG.debug(format, *args)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write nothing: a line for each request would hide what matters."""

    def _read_body(self, environ: dict[str, Any]) -> bytes | None:
        if environ.get("wsgi.input_terminated"):
            return bytes(environ["wsgi.input"].read())
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > _BODY_LIMIT_BYTES:
            return None
        return self.rfile.read(int(length))

    def _write(self, response: Response, *, close: bool = False) -> None:
        self.send_response(response.status)
        names = set()
        for name, value in response.headers:
            if name.lower() not in {"connection", "transfer-encoding"}:
                names.add(name.lower())
                self.send_header(name, value)
        if "content-length" not in names and response.status not in {204, 304}:
            self.send_header("Content-Length", str(len(response.body)))
        if close:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)


class HttpServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Answers requests with a function, each connection in a thread, until closed."""

    allow_reuse_address = True
    # A caller that ends without closing must not hang; one that closes waits for the threads below.
    daemon_threads = True
    request_queue_size = 256
    # What the environ of moto's handler is made of.
    ssl_context = None
    multithread = True
    multiprocess = False
    _server_version = "Tidegauge"

    def __init__(self, port: int) -> None:
        self.answer: Callable[[Request], Response] = _not_yet
        self._open: set[socket.socket] = set()
        self._serving: list[threading.Thread] = []
        self._open_lock = threading.Lock()
        try:
            super().__init__(("127.0.0.1", port), _Handler)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortInUseError(port) from error
            raise
        self._thread = threading.Thread(
            target=self.serve_forever, args=(0.05,), name="aws-endpoint", daemon=True
        )

    @property
    def port(self) -> int:
        """The port it listens on."""
        port: int = self.server_address[1]
        return port

    def start(self, answer: Callable[[Request], Response]) -> None:
        """Answer requests with this function from now on."""
        self.answer = answer
        self._thread.start()

    def close(self) -> None:
        """Stop listening, end every connection, and return when the last thread is gone."""
        if self._thread.is_alive():
            self.shutdown()
            self._thread.join()
        with self._open_lock:
            threads = list(self._serving)
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread of its own."""
        thread = threading.Thread(
            target=self.process_request_thread,
            args=(request, client_address),
            name="aws-connection",
            daemon=True,
        )
        with self._open_lock:
            self._open.add(request)
            self._serving = [each for each in self._serving if each.is_alive()]
            self._serving.append(thread)
            thread.start()

    def shutdown_request(self, request: Any) -> None:
        """Close a connection that is done."""
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Note a connection that broke; the client knows already."""
        _LOG.debug("the connection %s of %s broke", request, client_address, exc_info=True)


def _not_yet(request: Request) -> Response:
    raise RuntimeError(f"{request.path} was asked for before the server was started")
