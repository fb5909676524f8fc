"""The limits of a table in Amazon Timestream for LiveAnalytics, as far as points are judged by them.

https://docs.aws.amazon.com/timestream/latest/developerguide/ts-limits.html
"""

from handlers.domain.ingest.store import StoreLimits

# Time and value of 8 bytes each, and the names that every point has; metric_name and metric_type are dimensions.
_OVERHEAD_BYTES = 8 + 8 + len("metric") + len("value") + len("metric_name") + len("metric_type")


def store_limits(magnetic_retention_days: int) -> StoreLimits:
    """The limits of a table whose magnetic store keeps points for so many days."""
    return StoreLimits(
        retention_days=magnetic_retention_days,
        future_ms=15 * 60 * 1000,
        point_bytes=2048,
        point_overhead_bytes=_OVERHEAD_BYTES,
        # A table takes 128 for ever; metric_name, metric_type and room for what we may add stay ours.
        dimension_names=120,
    )
