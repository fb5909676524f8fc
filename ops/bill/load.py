"""The load that a bill is for, and what follows from it: requests, records, bytes and batches in a month."""

from dataclasses import dataclass

HOURS = 730
SECONDS = HOURS * 3600
GB = 1e9
# A point of `make run`'s feed, as JSON in a request.
BYTES_OF_A_POINT = 160


@dataclass(frozen=True, slots=True)
class Load:
    """A steady load of one region; `clients` are those with a token each, all of which send all the time."""

    points_per_second: float = 0.0
    request_points: int = 100
    groups: int = 0
    queries_per_day: float = 0.0
    clients: int = 10

    @property
    def points(self) -> float:
        """Points in a month."""
        return self.points_per_second * SECONDS

    @property
    def requests(self) -> float:
        """Requests in a month, each of which is a record of the stream."""
        return self.points / self.request_points

    @property
    def record_bytes(self) -> int:
        """The bytes of a record."""
        return self.request_points * BYTES_OF_A_POINT

    @property
    def active(self) -> bool:
        """True if there are points."""
        return self.points_per_second > 0

    def batches(self, lanes: int, window_s: float, most: int, more_requests: float = 0.0) -> float:
        """Batches in a month that a consumer reads over so many lanes, each of which waits for its window to fill.

        `more_requests` are those that come beside the load's.
        """
        if not self.requests + more_requests:
            return 0.0
        per_lane = (self.requests + more_requests) / SECONDS / lanes
        return lanes * SECONDS * max(1 / (window_s + 1 / per_lane), per_lane / most)
