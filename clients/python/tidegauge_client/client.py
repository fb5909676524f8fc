"""The client: `record` from any thread, and the rest happens behind it."""

from __future__ import annotations

import contextlib
import logging
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from tidegauge_client import processes
from tidegauge_client.buffer import Buffer
from tidegauge_client.connection import Connection
from tidegauge_client.point import Encoder, InvalidPointError
from tidegauge_client.reply import Reply, no_reply
from tidegauge_client.sender import Sender
from tidegauge_client.settings import GATEWAY, Settings, authorization, metrics_url
from tidegauge_client.signing import Sign
from tidegauge_client.stats import CLOSED, Settled, Stats

# Longer than what an answer takes that is on its way.
_GRACE_S = 0.5

logger = logging.getLogger("tidegauge_client")


class Client:
    """Sends points in the background; nothing that it does later blocks the caller or raises.

    Points wait in memory until the stream has them: at most `max_points` of them and `max_bytes` of their JSON. When it
    is full the oldest that are not on their way give way, and are counted. The child of a fork starts with nothing.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        sign: Sign | None = None,
        dimensions: Mapping[str, Any] | None = None,
        metric_type: str = "application",
        compression: str = GATEWAY,
        interval_s: float = 10.0,
        batch_points: int = 500,
        batch_bytes: int = 512 * 1024,
        max_points: int = 100_000,
        max_bytes: int = 32 * 1024 * 1024,
        timeout_s: float = 30.0,
        give_up_s: float = 3_600.0,
        exit_s: float = 5.0,
        ssl_context: ssl.SSLContext | None = None,
        clock_ns: Callable[[], int] = time.time_ns,
        on_settled: Callable[[Settled], object] | None = None,
    ) -> None:
        """A client of the API at `url`, its base URL or that of its `/metrics`; ValueError names a wrong argument.

        `token` and `sign` say who sends; `dimensions` and `metric_type` are what all points have. A batch goes after
        `interval_s`, or when it has `batch_points` or `batch_bytes`. A request has `timeout_s`; a batch is sent again
        for `give_up_s`. When the process ends, what is left has `exit_s` to go. `on_settled` is called from the
        sending thread with the end of each batch, before `flush` returns for it.
        """
        address = metrics_url(url)
        self._settings = Settings(
            address,
            authorization(address, token, sign),
            compression,
            interval_s,
            batch_points,
            batch_bytes,
            max_points,
            max_bytes,
            timeout_s,
            give_up_s,
            exit_s,
            on_settled,
        )
        self._ssl_context = ssl_context
        self._new_encoder = partial(Encoder, {} if dimensions is None else dimensions, metric_type, clock_ns)
        self._start()
        processes.watch(self)

    def record(
        self,
        name: str,
        value: float,
        dimensions: Mapping[str, Any] | None = None,
        timestamp: Any = None,
        *,
        metric_type: str | None = None,
    ) -> None:
        """Keep a point to be sent; one that no request may hold is counted by its cause, and logged once.

        `timestamp` is epoch milliseconds (an int), RFC 3339, or a datetime with its zone. Without it the point gets the
        time of now, which no other point has. Dimensions that are numbers or booleans become text; those that are None
        or empty are left out.
        """
        try:
            if self._sender.closed:
                self._refuse(CLOSED, "the client is closed")
                return
            self._buffer.put(self._encoder.encode(name, value, dimensions, timestamp, metric_type))
            self._sender.wake_if_full()
            if self._thread is None:
                self._start_thread()
        except InvalidPointError as error:
            self._refuse(error.cause, str(error))
        except Exception as error:  # noqa: BLE001 - a measurement must not harm what it measures
            self._refuse("invalid", type(error).__name__)

    def flush(self, timeout_s: float = 10.0) -> bool:
        """Send what was recorded by now; True once it was all accepted or dropped, False if time ran out before."""
        self._start_thread()
        return self._sender.flush(timeout_s)

    def close(self, timeout_s: float | None = None) -> None:
        """Send what is left for so many seconds, `exit_s` if not given, and end; what is left then is dropped."""
        until_s = time.monotonic() + self.begin_close(timeout_s)
        thread = self._thread
        if thread is threading.current_thread():
            return
        if thread is None:
            # There was nothing to send, or no thread to be had: at the end of the interpreter there is none.
            self._run()
        else:
            # A request that is under way has its own time.
            thread.join(min(max(0.0, until_s - time.monotonic()) + _GRACE_S, threading.TIMEOUT_MAX))
        self._sender.drop_rest()

    def begin_close(self, timeout_s: float | None = None) -> float:
        """Close without waiting for the end; the seconds that it may take."""
        seconds = self._settings.exit_s if timeout_s is None else timeout_s
        self._sender.close(seconds)
        return seconds

    def stats(self) -> Stats:
        """The counts of this process."""
        return self._buffer.stats()

    def start_afresh(self) -> None:
        """Forget everything, as the child of a fork must: points, counts, connection and thread are its parent's."""
        self._connection.abandon()
        self._start()

    def _start(self) -> None:
        settings = self._settings
        self._encoder = self._new_encoder()
        self._connection = Connection(
            settings.url, timeout_s=settings.timeout_s, ssl_context=self._ssl_context
        )
        self._buffer = Buffer(settings.max_points, settings.max_bytes)
        self._sender = Sender(settings, self._buffer, self._post)
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._logged: set[str] = set()

    def _start_thread(self) -> None:
        if self._thread is not None or not self._starting.acquire(blocking=False):
            return
        try:
            if self._thread is None and not self._sender.closed:
                thread = threading.Thread(target=self._run, name="tidegauge-client", daemon=True)
                thread.start()
                self._thread = thread
                processes.end_with_multiprocessing()
        except RuntimeError as error:  # no thread is to be had: the next point tries again
            self._log("thread", str(error))
        finally:
            self._starting.release()

    def _run(self) -> None:
        try:
            self._sender.run()
        finally:
            self._connection.close()
            if not self._sender.closed:
                self._thread = None  # out of memory: the next point starts another

    def _post(self, body: bytes) -> Reply:
        settings = self._settings
        try:
            headers = settings.sign(settings.url, body, settings.headers)
        except Exception as error:  # noqa: BLE001 - others' code; credentials may be there the next time
            return no_reply(f"not signed: {error}")
        return self._connection.post(body, headers)

    def _refuse(self, cause: str, why: str) -> None:
        self._buffer.put(cause)
        self._log(cause, why)

    def _log(self, cause: str, why: str) -> None:
        """Warn, once for each cause."""
        if cause not in self._logged:
            self._logged.add(cause)
            with contextlib.suppress(
                Exception
            ):  # a handler of log lines that fails is not the caller's trouble
                logger.warning("a point was not sent (%s, counted from now on): %s", cause, why)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
