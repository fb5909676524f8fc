"""An answer of the ingest API, and whether the same request may be sent again."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

NO_REPLY = 0
ACCEPTED = 202
TOO_LARGE = 413
# 500 is API Gateway's own trouble; every point has its time, so one that was taken nevertheless is stored once.
_PASSING = frozenset({NO_REPLY, 429, 500, 502, 503, 504})
_MOST_S = 300.0


@dataclass(frozen=True)
class Reply:
    """An answer of the API; its status is 0 if there was none."""

    status: int
    retry_after_s: float
    text: str

    @property
    def accepted(self) -> bool:
        """True if the stream has the request."""
        return self.status == ACCEPTED

    @property
    def passing(self) -> bool:
        """True if the same request may be accepted later."""
        return self.status in _PASSING

    @property
    def request_id(self) -> str:
        """The id by which logs and quarantine know the request; `?` if the answer has none."""
        try:
            return str(json.loads(self.text)["request_id"])
        except (ValueError, KeyError, TypeError, RecursionError):
            return "?"

    def __str__(self) -> str:
        return f"{self.status or 'no reply'}: {' '.join(self.text.split())[:300]}"


def no_reply(error: object) -> Reply:
    """The reply that there was none, and why."""
    return Reply(NO_REPLY, 0.0, str(error) or type(error).__name__)


def retry_after_s(header: str | None) -> float:
    """The seconds that a `Retry-After` header asks for, five minutes at most; 0 if it is absent or says no time."""
    if not header:
        return 0.0
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(header).timestamp() - time.time()
        except (ValueError, TypeError, IndexError, OverflowError):
            return 0.0
    return min(max(seconds, 0.0), _MOST_S) if math.isfinite(seconds) else 0.0
