"""Points that were set aside, the newest first, and how many batches were given up whole."""

from ops.console.place import Place
from ops.quarantined.batches import writer_batches
from ops.quarantined.points import Bounds, Reading, read_points

BATCHES_MOST = 1_000
# A page is read again and again, so it reads less than a command does.
_BOUNDS = Bounds(objects=300, bytes=16 * 2**20)


def read_quarantine(place: Place, *, since_s: float) -> Reading:
    """The points that arrived in the last `since_s` seconds, newest first, as far as the bounds let them be read."""
    return read_points(
        place.client("s3"),
        place.output("QuarantineBucketName"),
        since_s=place.now_s() - since_s,
        span_s=place.target.config.writer.maximum_age_seconds,
        bounds=_BOUNDS,
    )


def count_given_up(place: Place) -> int:
    """The number of batches that the metric writer gave up, at most BATCHES_MOST."""
    bucket, writer = place.output("QuarantineBucketName"), place.output("MetricWriterName")
    return len(writer_batches(place.client("s3"), bucket, writer, most=BATCHES_MOST))
