"""Posting to the ingest API as a good client does: what may be sent again is, after the time that the API asks for."""

import http.client
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from ops.signing import Sign

_TIMEOUT_S = 30
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the API; its status is 0 if there was none."""

    status: int
    retry_after_s: float
    text: str

    @property
    def accepted(self) -> bool:
        """True if the stream has the request."""
        return self.status == http.HTTPStatus.ACCEPTED

    @property
    def passing(self) -> bool:
        """True if the same request may be accepted later."""
        return self.status in {0, http.HTTPStatus.TOO_MANY_REQUESTS} or self.status >= 500

    def __str__(self) -> str:
        return f"{self.status or 'no reply'}: {' '.join(self.text.split())[:300]}"


def attempts(url: str, body: bytes, sign: Sign, wait: Callable[[float], object]) -> Iterator[Reply]:
    """The replies to the same body, until one is final, five were not, or `wait` (of so many seconds) says to stop.

    Sending again is safe for points that have their times: they are stored once. A request without an answer may
    have been taken nevertheless, and alerts then count its points twice.
    """
    for attempt in range(_TRIES):
        reply = _post(url, body, sign)
        yield reply
        if not reply.passing or attempt == _TRIES - 1 or wait(max(reply.retry_after_s, 0.2 * 2**attempt)):
            return


def _post(url: str, body: bytes, sign: Sign) -> Reply:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "127.0.0.1", parts.port, timeout=_TIMEOUT_S)
    try:
        connection.request("POST", parts.path, body, dict(sign(url, body)))
        reply = connection.getresponse()
        retry_after = reply.getheader("Retry-After") or "0"
        text = reply.read().decode("utf-8", "replace")
        return Reply(reply.status, float(retry_after) if retry_after.isdigit() else 0.0, text)
    except (OSError, http.client.HTTPException) as error:
        return Reply(0, 0.0, str(error))
    finally:
        connection.close()
