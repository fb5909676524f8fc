"""Points that are written to the lake, and strategies that make hostile ones."""

from typing import Any

from hypothesis import strategies as st

from handlers.domain.dimensions import is_printable
from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.point import Point, Series

HOUR_NS = 3_600_000_000_000
START_NS = 1_764_100_800_000_000_000  # 2025-11-25T20:00Z

CPU = Series("cpu", "system", ())


def record(sequence: int = 1, request: str = "R=") -> StreamRecord:
    """A record of one shard."""
    return StreamRecord("json", "-", request, 1_764_100_800_123, sequence, "shardId-000000000007", b"")


def point(series: Series = CPU, **parts: Any) -> Point:
    """A point of the hour that begins at START_NS, unless told otherwise."""
    defaults: dict[str, Any] = {"time_ns": START_NS, "value": 0.5, "request_index": 0, "record": record()}
    return Point(series, **(defaults | parts))


HOSTILE = st.text(min_size=1, max_size=8).filter(is_printable) | st.sampled_from(
    ['"', "\\", "'", "a.b", "Ü😀", "CPU", "cpu", "</script>", "{}", "\\u0000", "%s", "{0}", "null"]
)
SERIES = st.builds(
    lambda name, kind, dims: Series(name, kind, tuple(sorted(dims.items()))),
    HOSTILE,
    st.sampled_from(["system", "application", "business"]),
    st.dictionaries(st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,5}", fullmatch=True), HOSTILE, max_size=3),
)
POINTS = st.lists(
    st.builds(
        Point,
        SERIES,
        st.integers(0, 2**62),
        st.floats(allow_nan=False, allow_infinity=False),
        st.integers(0, 999),
        st.builds(record, st.integers(1, 9), st.sampled_from(["R=", "Q/+=", 'x"y\\'])),
    ),
    min_size=1,
    max_size=20,
)
