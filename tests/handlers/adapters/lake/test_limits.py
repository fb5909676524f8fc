"""The limits of the lake."""

from dataclasses import replace

from handlers.adapters.lake.limits import lake_limits
from handlers.adapters.timestream.limits import store_limits


def test_points_are_judged_as_timestreams_are() -> None:
    """But for the days they are kept and the names that there may be."""
    limits = lake_limits(90, 250)
    assert (limits.retention_days, limits.dimension_names) == (90, 250)
    assert replace(limits, dimension_names=120) == store_limits(90)
