"""Sends a request until it is told yes, as a client does that must not lose anything."""

import http.client
import random
import threading
from collections.abc import Callable, Mapping

from tests.support.soak.ledger import Ledger
from tests.support.soak.protocols import Protocol

_TIMEOUT_S = 60.0
_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 3.0


class AbandonedError(Exception):
    """A request was given up of which nobody knows if it was taken."""


class Sender:
    """One connection to each address of a run, which `environment` has; for one thread."""

    def __init__(
        self,
        environment: Mapping[str, str],
        ledger: Ledger,
        chance: random.Random,
        stopped: threading.Event,
    ) -> None:
        self._ledger, self._chance, self._stopped = ledger, chance, stopped
        self._environment = environment
        self._connections: dict[str, http.client.HTTPConnection] = {}

    def send(
        self,
        protocol: Protocol,
        body: bytes,
        unsure: Callable[[], None] = lambda: None,
        *,
        gives_up: float = 0.0,
    ) -> bytes:
        """The body of the answer that says yes; nothing when stopped before. AssertionError for an answer of no.

        `unsure` is called after each attempt of which nobody knows if the request was taken; by the chance
        `gives_up` none follows it, and AbandonedError is raised.
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
                if self._chance.random() < gives_up:
                    raise AbandonedError
            self._stopped.wait(pause_s * self._chance.uniform(0.5, 1))
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        return b""

    def attempt(self, protocol: Protocol, body: bytes) -> tuple[int, bytes]:
        """Status and body of the answer; 0 when there was none."""
        host, path = protocol.address(self._environment)
        connection = self._connections.get(host)
        if connection is None:
            connection = self._connections[host] = http.client.HTTPConnection(host, timeout=_TIMEOUT_S)
        try:
            connection.request("POST", path, body, protocol.headers)
            answer = connection.getresponse()
            status, reply = answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            status, reply = 0, b""
        self._ledger.note_answer(str(status or "none"))
        return status, reply

    def close(self) -> None:
        """Close the connections."""
        for connection in self._connections.values():
            connection.close()
