"""The limits by which points are judged before they go to the lake."""

from dataclasses import replace

from handlers.adapters.timestream.limits import store_limits
from handlers.domain.ingest.store import StoreLimits


def lake_limits(retention_days: int, dimension_names: int) -> StoreLimits:
    """The limits of a lake that keeps points for so many days, and so many different names of dimensions.

    Otherwise those of Timestream: S3 takes anything, but a client's points are judged alike by both kinds of store.
    """
    return replace(store_limits(retention_days), dimension_names=dimension_names)
