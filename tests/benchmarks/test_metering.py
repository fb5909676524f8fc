"""The metering that packing is measured by."""

from benchmarks.metering import call_bytes
from tests.support.points import point


def test_size_counts_shared_parts_once() -> None:
    """Names and values in bytes, 8 for time and value, and what is shared once."""
    one = point("ü", (("host", "a"),))
    single = len("metric_nameü".encode()) + len("metric_typesystem") + len("hosta") + len("metricvalue") + 16
    assert call_bytes([one]) == single
    assert call_bytes([one, one._replace(time_ns=2)]) == single + 8 + 8 + len("value")
    assert call_bytes([one, point("ü", (("host", "b"),))]) == single + len("hostb") + 8 + len("value")
