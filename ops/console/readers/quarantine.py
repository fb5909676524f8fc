"""Points that were set aside, the newest first, and the batches that were given up whole."""

from ops.console.place import Place
from ops.quarantined.given_up import GivenUp, read_given_up
from ops.quarantined.points import Bounds, Reading, read_points

# A page is read again and again, so it reads less than a command does.
_BOUNDS = Bounds(objects=300, bytes=16 * 2**20)
_BATCHES = 10


def read_quarantine(place: Place, *, since_s: float) -> Reading:
    """The points that arrived in the last `since_s` seconds, newest first, as far as the bounds let them be read."""
    return read_points(
        place.client("s3"),
        place.output("QuarantineBucketName"),
        since_s=place.now_s() - since_s,
        span_s=place.target.config.writer.maximum_age_seconds,
        bounds=_BOUNDS,
    )


def given_up_batches(place: Place) -> GivenUp:
    """The batches that were given up, the first ten of the metric writer's with their points."""
    bucket, writer = place.output("QuarantineBucketName"), place.output("MetricWriterName")
    return read_given_up(place.client("s3"), bucket, writer, most=_BATCHES)
