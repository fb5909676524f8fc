"""The points of a body, whatever its format."""

import pytest

from ops.points.counter import PointCounter


@pytest.mark.parametrize(
    ("format_", "body", "points"),
    [
        ("json", b'{"metric_name": "a", "value": 1}', 1),
        ("heartbeat", b"{}", 0),
        ("json", b'{"metrics": [{"metric_name": "a", "value": 1}, 7, {"metric_name": "a"}]}', 3),
        ("influx-ns", b"cpu a=1,b=2\nno line\n", 3),
        ("json", b"{", 1),
        ("of another version", b"", 1),
        ("", b"", 1),
    ],
)
def test_every_place_of_a_body_is_a_point_good_or_bad(format_: str, body: bytes, points: int) -> None:
    """And a body that nobody can read is one, as the quarantine has it."""
    assert PointCounter().points_in(format_, body) == points
