"""What the gateway answered, counted."""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ACCEPTED = 202


@dataclass(frozen=True, slots=True)
class GatewayStats:
    """Requests by status, and the points of those that were accepted (answered 202)."""

    requests: Mapping[int, int]
    accepted_points: int
    accepted_by_request: Mapping[str, int]

    @property
    def accepted_requests(self) -> int:
        """Return how many requests were answered 202."""
        return self.requests.get(ACCEPTED, 0)


class StatsCounter:
    """Counts answers; safe to use from every thread of the server."""

    def __init__(self, *, remember_requests: bool) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[int] = Counter()
        self._points = 0
        self._by_request: dict[str, int] | None = {} if remember_requests else None

    def add(self, status: int, *, request_id: str, points: int) -> None:
        """Count one answer; `points` counts only when the request was accepted."""
        with self._lock:
            self._requests[status] += 1
            if status != ACCEPTED:
                return
            self._points += points
            if self._by_request is not None:
                self._by_request[request_id] = points

    def snapshot(self) -> GatewayStats:
        """The counts so far."""
        with self._lock:
            return GatewayStats(dict(self._requests), self._points, dict(self._by_request or {}))


def points_in(body: Any) -> int:
    """Return how many points a parsed request body holds: its `metrics`, or itself."""
    if not isinstance(body, dict):
        return 0
    metrics = body.get("metrics")
    return len(metrics) if isinstance(metrics, list) else 1
