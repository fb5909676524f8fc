"""Sends a request until it is told yes, as a client does that must not lose anything."""

import http.client
import random
import threading
from collections.abc import Callable
from urllib.parse import urlsplit

from tests.support.soak.ledger import Ledger
from tests.support.soak.protocols import Protocol

_TIMEOUT_S = 60.0
_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 3.0


class Sender:
    """One connection to the API; for one thread."""

    def __init__(
        self, base_url: str, ledger: Ledger, chance: random.Random, stopped: threading.Event
    ) -> None:
        self._ledger, self._chance, self._stopped = ledger, chance, stopped
        url = urlsplit(base_url)
        self._path = url.path.rstrip("/")
        self._connection = http.client.HTTPConnection(url.hostname or "", url.port or 80, timeout=_TIMEOUT_S)

    def send(self, protocol: Protocol, body: bytes, unsure: Callable[[], None] = lambda: None) -> bytes:
        """The body of the answer that says yes; nothing when stopped before. AssertionError for an answer of no.

        `unsure` is called after each attempt of which nobody knows if the request was taken.
        """
        pause_s = _PAUSE_S
        while not self._stopped.is_set():
            status, reply = self.attempt(protocol, body)
            if 200 <= status < 300:
                return reply
            if 400 <= status < 500 and status != 429:
                raise AssertionError(f"{status}: {reply[:300]!r}")
            if status != 429:
                unsure()
            self._stopped.wait(pause_s * self._chance.uniform(0.5, 1))
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        return b""

    def attempt(self, protocol: Protocol, body: bytes) -> tuple[int, bytes]:
        """Status and body of the answer; 0 when there was none."""
        headers = {"Content-Type": protocol.content_type}
        try:
            self._connection.request("POST", self._path + protocol.path, body, headers)
            answer = self._connection.getresponse()
            status, reply = answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            status, reply = 0, b""
        self._ledger.note_answer(str(status or "none"))
        return status, reply

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
