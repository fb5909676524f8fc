"""A Timestream of one's own: its service behind an HTTP server on 127.0.0.1."""

import threading
from pathlib import Path
from typing import Self

import duckdb

from emulator.timestream.clock import Clock
from emulator.timestream.http_server import HttpServer
from emulator.timestream.service import Service

_DRAIN_S = 5.0


class DataFolderError(Exception):
    """A data folder that cannot be used; the text says why."""


class Server:
    """Answers from `start` until `close`, or for the length of a with statement.

    Arguments: `data` is the folder for everything that is stored, one folder per region inside; `port` 0 takes any
    free one; `clock` tells the time and may be moved forward; `s3_endpoint` is the URL of the S3 that UNLOAD writes to;
    with `fsync` a write waits for the disk; `memory_limit_mb` is what the SQL engine may take per region.

    DataFolderError when the folder cannot be used, OSError when the port cannot.
    """

    def __init__(
        self,
        data: Path,
        *,
        port: int = 0,
        clock: Clock | None = None,
        s3_endpoint: str | None = None,
        fsync: bool = False,
        memory_limit_mb: int = 400,
    ) -> None:
        try:
            self._service = Service(
                data, clock or Clock(), s3_endpoint=s3_endpoint, fsync=fsync, memory_limit_mb=memory_limit_mb
            )
        except (OSError, duckdb.Error) as error:
            raise DataFolderError(str(getattr(error, "strerror", None) or error)) from error
        try:
            self._http = HttpServer(port, self._service.handle)
        except OSError:
            self._service.close()
            raise
        self.port = self._http.port
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._http.serve, daemon=True)

    def start(self) -> None:
        """Answer requests, on threads of the server's own."""
        self._thread.start()

    def close(self) -> None:
        """Finish the requests under way, put everything into the files and give them back."""
        self._http.stop()
        self._http.drain(_DRAIN_S)
        self._service.close()

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """Close."""
        self.close()
