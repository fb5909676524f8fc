"""Quarantined points of the last day, and what is to be done about each reason."""

from ops.console.place import Place
from ops.quarantined.points import Reading, read_points


def read_quarantine(place: Place, *, since_s: float) -> Reading:
    """The points that arrived in the last `since_s` seconds, newest first, as far as the reader's bounds let it."""
    return read_points(
        place.client("s3"),
        place.output("QuarantineBucketName"),
        since_s=place.now_s() - since_s,
        span_s=place.target.config.writer.maximum_age_seconds,
    )
