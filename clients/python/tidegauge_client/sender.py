"""The one thread that sends: batches by number, bytes and time, and sends again what may be."""

from __future__ import annotations

import gzip
import logging
import random
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue

from tidegauge_client.buffer import Buffer
from tidegauge_client.reply import TOO_LARGE as STATUS_TOO_LARGE
from tidegauge_client.reply import Reply
from tidegauge_client.settings import NOT, Settings
from tidegauge_client.stats import CLOSED, FAILED, GIVEN_UP, REFUSED, TOO_LARGE, Settled

_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 30.0
_LONGEST_PAUSE_S = 3_600.0  # no lock waits for ever if it is given a time
_FOREVER = float("inf")
_LOGGED_EVERY_S = 60.0

logger = logging.getLogger("tidegauge_client")


class Sender:
    """Empties a buffer until it is closed; `post` gives the answer to a body."""

    def __init__(self, settings: Settings, buffer: Buffer, post: Callable[[bytes], Reply]) -> None:
        self._settings, self._buffer, self._post = settings, buffer, post
        # A buffer that holds less than two batches is emptied when it is half full.
        self._full_points = min(settings.batch_points, max(1, settings.max_points // 2))
        self._full_bytes = min(settings.batch_bytes, settings.max_bytes // 2)
        # Its `put` may be called in a signal handler, even in the midst of another one.
        self._wake: SimpleQueue[None] = SimpleQueue()
        self._waiters: list[SimpleQueue[None]] = []
        self._flush_until = 0
        self._closed = self._ended = self._idle = False
        self._deadline_s = _FOREVER
        self._logged_s = -_FOREVER

    @property
    def closed(self) -> bool:
        """True from the moment on at which nothing more is taken."""
        return self._closed

    def wake_if_full(self) -> None:
        """Let the thread look if a batch is full; called after each point, and quick."""
        if self._idle and self._is_full():
            self._idle = False
            self._wake.put(None)

    def flush(self, timeout_s: float) -> bool:
        """Send what was recorded by now; True once the last of it was accepted or dropped, False if time ran out."""
        until_s = time.monotonic() + timeout_s
        target = self._buffer.came
        self._flush_until = max(self._flush_until, target)
        waiter: SimpleQueue[None] = SimpleQueue()
        self._waiters.append(waiter)
        self._wake.put(None)
        try:
            while self._buffer.done_until < target:
                left_s = until_s - time.monotonic()
                if left_s <= 0:
                    return False
                try:
                    waiter.get(timeout=min(left_s, 0.5))
                except Empty:
                    continue
            return True
        finally:
            self._waiters.remove(waiter)

    def close(self, timeout_s: float) -> None:
        """Take nothing more, and let `run` end within so many seconds; what is left then is dropped and counted."""
        self._buffer.leave_to_others()
        self._deadline_s = min(self._deadline_s, time.monotonic() + timeout_s)
        self._closed = True
        self._wake.put(None)

    def drop_rest(self) -> None:
        """Drop what came after the last look, once `run` has ended; while it has not, it knows best."""
        if self._ended:
            while rest := self._buffer.take(self._settings.batch_points, self._settings.batch_bytes):
                self._settle(rest, CLOSED, "the client is closed")

    def run(self) -> None:
        """Send until closed; nothing that goes wrong ends it."""
        due_s = time.monotonic() + self._settings.interval_s
        while True:
            flushing = self._closed or self._buffer.done_until < self._flush_until
            self._idle = True
            if not (flushing or self._is_full() or time.monotonic() >= due_s):
                self._pause(due_s)
                continue
            self._idle = False
            batch = self._buffer.take(self._settings.batch_points, self._settings.batch_bytes)
            if batch:
                self._deliver_safely(batch)
            elif self._closed:
                self._ended = True
                return
            if not self._is_full():
                due_s = time.monotonic() + self._settings.interval_s

    def _is_full(self) -> bool:
        points, size = self._buffer.waiting
        return points >= self._full_points or (points > 0 and size >= self._full_bytes)

    def _pause(self, until_s: float) -> None:
        """Wait for somebody who wakes the thread, or until the time of the monotonic clock."""
        try:
            self._wake.get(timeout=min(max(0.0, until_s - time.monotonic()), _LONGEST_PAUSE_S))
        except Empty:
            return

    def _deliver_safely(self, batch: list[bytes]) -> None:
        try:
            self._deliver(batch)
        except Exception as error:  # noqa: BLE001 - the thread goes on, and the points are accounted for
            # Halves are settled from the first on, so what is left is the end.
            if left := self._buffer.on_their_way:
                self._settle(batch[-left:], FAILED, f"{type(error).__name__}: {error}")

    def _deliver(self, batch: list[bytes]) -> None:
        """Send a batch until that is final, in halves if it is too large."""
        body = b""
        give_up_s = time.monotonic() + self._settings.give_up_s
        attempt = 0
        while True:
            if time.monotonic() >= self._deadline_s:
                self._settle(batch, CLOSED, "the client is closed")
                return
            body = body or self._body(batch)
            reply = self._post(body)
            if reply.accepted:
                self._settle(batch, request_id=reply.request_id)
            elif reply.status == STATUS_TOO_LARGE and len(batch) > 1:
                half = len(batch) // 2
                self._deliver(batch[:half])
                self._deliver(batch[half:])
            elif not reply.passing:
                self._settle(batch, TOO_LARGE if reply.status == STATUS_TOO_LARGE else REFUSED, str(reply))
            else:
                wait_s = max(reply.retry_after_s, _wait_s(attempt))
                attempt += 1
                if time.monotonic() + wait_s >= give_up_s:
                    self._settle(batch, GIVEN_UP, str(reply))
                elif self._sleep(wait_s):
                    self._buffer.note_retry(str(reply))
                    continue
                else:
                    self._settle(batch, CLOSED, str(reply))
            return

    def _body(self, batch: list[bytes]) -> bytes:
        body = b'{"metrics":[' + b",".join(batch) + b"]}"
        return body if self._settings.compression == NOT else gzip.compress(body, 6)

    def _sleep(self, seconds: float) -> bool:
        """Wait so long, unless the sender has to end before: then False, at once."""
        until_s = time.monotonic() + seconds
        while (now_s := time.monotonic()) < until_s:
            if until_s >= self._deadline_s:
                return False
            self._pause(min(until_s, now_s + 1.0))
        return True

    def _settle(self, batch: list[bytes], cause: str = "", error: str = "", *, request_id: str = "") -> None:
        # Who waits for the points must find that everybody else has heard of them.
        self._tell(Settled(len(batch), request_id, cause, error))
        self._buffer.settle(batch, cause, error)
        for waiter in list(self._waiters):
            waiter.put(None)

    def _tell(self, end: Settled) -> None:
        """Call others' code: a handler of log lines, and who wants to know. The batch is settled whatever they do."""
        try:
            if end.cause:
                self._log(f"{end.points} points were dropped ({end.cause}): {end.error}")
            if self._settings.on_settled is not None:
                self._settings.on_settled(end)
        except Exception:  # noqa: BLE001 - see above
            return

    def _log(self, text: str) -> None:
        """Warn, once a minute at most."""
        now_s = time.monotonic()
        if now_s - self._logged_s >= _LOGGED_EVERY_S:
            self._logged_s = now_s
            logger.warning("%s", text)


def _wait_s(attempt: int) -> float:
    """The seconds before the next attempt: longer and longer, with some chance in it, as all clients meet an outage."""
    longest_s = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0 ** min(attempt, 10))
    return longest_s * random.uniform(0.5, 1.0)  # noqa: S311
