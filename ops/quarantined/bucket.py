"""The quarantine's bucket: objects by day and hour, the newest first."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any


def newest_entries(
    s3: Any, bucket: str, prefix: str, *, since_s: float, span_s: float
) -> Iterator[dict[str, Any]]:
    """Listed objects below `<prefix>date=…/hour=…/` that may hold what arrived since then, the newest hour first.

    An hour's object holds what arrived up to `span_s` seconds after the hour's end. Only days and hours that there
    are cost a call.
    """
    first = datetime.fromtimestamp(max(since_s - span_s, 0), UTC)
    first_day = f"{prefix}date={first:%Y-%m-%d}/"
    first_hour = f"{first_day}hour={first:%H}/"
    for day in reversed(folders(s3, bucket, prefix)):
        if day < first_day:
            return
        for hour in reversed(folders(s3, bucket, day)):
            if hour < first_hour:
                return
            pages = listing(s3, bucket, Prefix=hour)
            # An object is written after everything in it has arrived; S3 says when, to the second.
            recent = [
                entry
                for page in pages
                for entry in page.get("Contents", [])
                if entry["LastModified"].timestamp() + 1 >= since_s
            ]
            yield from sorted(recent, key=lambda entry: entry["LastModified"], reverse=True)


def listing(s3: Any, bucket: str, **arguments: str) -> Iterator[dict[str, Any]]:
    """The pages of a listing."""
    yield from s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, **arguments)


def object_body(s3: Any, bucket: str, key: str) -> bytes:
    """An object's content; empty if it was forgotten since it was listed."""
    try:
        body: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except s3.exceptions.NoSuchKey:
        return b""
    return body


def folders(s3: Any, bucket: str, prefix: str) -> list[str]:
    """The prefixes below a prefix up to the next slash, in their order."""
    pages = listing(s3, bucket, Prefix=prefix, Delimiter="/")
    return sorted(entry["Prefix"] for page in pages for entry in page.get("CommonPrefixes", []))
