"""The ledger of points that were sent again, in the quarantine's bucket beside them."""

import json
import secrets
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from ops.errors import refusals
from ops.quarantined.bucket import newest_entries, object_body

REDRIVEN = "redriven/"

PointId = tuple[str, int]
"""Request and index."""


def redriven_points(s3: Any, bucket: str, *, since_s: float) -> set[PointId]:
    """The points that arrived since a time (seconds of the epoch) and were sent again."""
    found: set[PointId] = set()
    for entry in newest_entries(s3, bucket, REDRIVEN, since_s=since_s, span_s=0):
        for line in object_body(s3, bucket, entry["Key"]).splitlines():
            noted = json.loads(line)
            found.add((str(noted["request_id"]), int(noted["index"])))
    return found


def note_redriven(
    s3: Any, bucket: str, points: Iterable[tuple[PointId, float]], *, sent_as: str, now_s: float
) -> None:
    """Note that points, each with the time of its arrival, were accepted again by the request `sent_as`.

    Raises OperatorError if that could not be written.
    """
    by_hour = sorted((_hour(arrived_s), point) for point, arrived_s in points)
    moment = datetime.fromtimestamp(now_s, UTC)
    for hour, group in groupby(by_hour, key=lambda pair: pair[0]):
        lines = _lines([point for _, point in group], sent_as, moment)
        key = f"{REDRIVEN}{hour}/{moment:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}.jsonl"
        with refusals("the points were sent again, but that cannot be noted, so they would be offered again"):
            s3.put_object(Bucket=bucket, Key=key, Body=lines, ContentType="application/x-ndjson")


def _hour(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):date=%Y-%m-%d/hour=%H}"


def _lines(points: Sequence[PointId], sent_as: str, moment: datetime) -> bytes:
    noted = (
        {"request_id": request, "index": index, "redriven_at": moment.isoformat(), "sent_as": sent_as}
        for request, index in points
    )
    return "".join(json.dumps(line) + "\n" for line in noted).encode()
