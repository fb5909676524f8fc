"""Posting one body to the ingest API, and again where that may help, for those who wait for the answer."""

from collections.abc import Callable, Iterator

from tidegauge_client import Connection, Reply, Sign

_TRIES = 5
_HEADERS = {"Content-Type": "application/json"}


def attempts(url: str, body: bytes, sign: Sign, wait: Callable[[float], object]) -> Iterator[Reply]:
    """The replies to the same body, until one is final, five were not, or `wait` (of so many seconds) says to stop.

    Sending again is safe for points that have their times: they are stored once. A request without an answer may
    have been taken nevertheless, and alerts then count its points twice.
    """
    connection = Connection(url)
    try:
        for attempt in range(_TRIES):
            reply = connection.post(body, sign(url, body, _HEADERS))
            yield reply
            if not reply.passing or attempt == _TRIES - 1 or wait(max(reply.retry_after_s, 0.2 * 2**attempt)):
                return
    finally:
        connection.close()
