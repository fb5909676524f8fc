"""Makes points and the records they come from, where a test cares for some of their parts only."""

from handlers.adapters.timestream.limits import store_limits
from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.point import Point, Series

LIMITS = store_limits(30)


def record(data: bytes = b"", *, format_: str = "json", version: int = 1) -> StreamRecord:
    """A record whose points have this version."""
    return StreamRecord(format_, "-", "request", 0, version, "shardId-000000000000", data)


def point(
    metric_name: str = "cpu",
    dimensions: tuple[tuple[str, str], ...] = (),
    *,
    metric_type: str = "system",
    time_ns: int = 1,
    value: float = 0.5,
    version: int = 1,
) -> Point:
    """A point with these parts."""
    return Point(Series(metric_name, metric_type, dimensions), time_ns, value, 0, record(version=version))
