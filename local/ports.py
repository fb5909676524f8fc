"""The ports of a run: free ones, or who has those that were asked for."""

import contextlib
import socket
from collections.abc import Iterable

import psutil

from local.errors import LocalError


def expect_free(ports: Iterable[tuple[int, str]]) -> None:
    """Raise LocalError for the first port that something has, naming it and the variable of `make` that moves it.

    Port 0, of which the system makes a free one, always is. No two may be the same.
    """
    taken: dict[int, str] = {}
    for port, variable in ports:
        if port and port in taken:
            both = f"{taken[port]} and {variable}" if taken[port] != variable else f"two of {variable}"
            raise LocalError(f"port {port} is asked for twice, by {both}: take another for one of them")
        taken[port] = variable
        try:
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise in_use(port, variable) from error


def in_use(port: int, variable: str) -> LocalError:
    """The refusal of a port that somebody has."""
    return LocalError(
        f"port {port} on 127.0.0.1 is in use{_holder(port)}: stop that, or take another: "
        f"make run {variable}=… ({variable}=auto takes a free one)"
    )


def _holder(port: int) -> str:
    """The process that listens on a port, as far as this user may see it."""
    with contextlib.suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
                if connection.pid is None:
                    return " by a process of another user"
                words = psutil.Process(connection.pid).cmdline()
                return f" by process {connection.pid} ({' '.join(words)[:60]})"
    return ""
