"""Throttling of requests by a token bucket.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests a second in the long run, and how many at once."""

    rate: float
    burst: float


class TokenBucket:
    """Lets requests pass within the limits; safe to use from many threads."""

    def __init__(self, limits: Limits, now: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._now = now
        self._tokens = limits.burst
        self._filled = now()
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Take one token; False when there is none."""
        with self._lock:
            now = self._now()
            earned = (now - self._filled) * self._limits.rate
            self._tokens = min(self._limits.burst, self._tokens + earned)
            self._filled = now
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True
