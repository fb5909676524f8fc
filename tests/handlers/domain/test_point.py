"""Points of one series and time."""

from handlers.domain.point import latest, versions_of
from tests.support.points import point, record


def test_versions_of_a_point_stand_in_the_order_of_their_precedence() -> None:
    """The highest version counts, and of one request the one that stands last in it."""
    early, late = record(version=1), record(version=2)
    first, second, third = (
        point()._replace(record=late, request_index=4),
        point()._replace(record=late, request_index=3),
        point()._replace(record=early, request_index=5),
    )
    other = point(time_ns=2)
    assert versions_of([first, second, other, third]) == [[third, second, first], [other]]


def test_of_a_request_the_last_of_equal_points_counts() -> None:
    """Points that differ in series or time all count, and are not even copied."""
    series = point().series
    points = [point(value=1.0), point("other"), point(time_ns=2), point(value=2.0)]
    points = [made._replace(series=series) if made.series == series else made for made in points]
    assert sorted(latest(points)) == sorted(points[1:])
    rest = points[1:]
    assert latest(rest) is rest
