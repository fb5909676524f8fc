"""The console's web server: NiceGUI's application behind the guard, on a socket of the loopback interface."""

import os
import socket

import uvicorn
from fastapi import FastAPI
from nicegui import app as pages_app
from nicegui import ui

from ops.console.guard import Guard
from ops.console.pages import routes
from ops.console.place import Places
from ops.errors import OperatorError

_LOOPBACK = "127.0.0.1"
_RECONNECT_S = 10.0


def listening(port: int | None, *, otherwise: int) -> socket.socket:
    """A listening socket: at the port, or without one at `otherwise` if that is free, else at any free port.

    Raises OperatorError if the port that was asked for is taken.
    """
    for candidate in (port,) if port is not None else (otherwise, 0):
        try:
            return socket.create_server((_LOOPBACK, candidate))
        except OSError as error:
            # `strerror` says the address once more.
            reason = os.strerror(error.errno or 0)
    raise OperatorError(f"cannot listen on port {port} of {_LOOPBACK}: {reason}; give another --port")


def serve(listener: socket.socket, *, environment: str, region: str) -> None:
    """Serve the pages until a signal ends the process."""
    application(Places(environment, region))
    guarded = Guard(_mounted(), port=listener.getsockname()[1])
    # A page keeps its websocket open: the server does not wait for it when it ends.
    settings = uvicorn.Config(
        guarded, log_level="warning", access_log=False, timeout_graceful_shutdown=1, server_header=False
    )
    uvicorn.Server(settings).run(sockets=[listener])


def application(places: Places) -> None:
    """Register the pages, each at its path."""
    # One transport, whose opening request carries an origin for the guard to look at.
    pages_app.config.socket_io_js_transports = ["websocket"]
    routes.add(places)


def _mounted() -> FastAPI:
    outer = FastAPI(openapi_url=None)
    ui.run_with(
        outer,
        title="Tidegauge",
        dark=None,  # as the browser's own setting
        language="en-US",
        tailwind=False,
        binding_refresh_interval=None,  # nothing is bound, so nothing is polled
        reconnect_timeout=_RECONNECT_S,
        gzip_middleware_factory=None,  # nothing crosses a network
        show_welcome_message=False,
    )
    return outer
