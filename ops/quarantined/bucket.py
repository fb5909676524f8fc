"""The quarantine's bucket: objects by day and hour, the newest first."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

_LATEST_S = 253_402_300_799.0  # the last second of the year 9999


def newest_entries(
    s3: Any, bucket: str, prefix: str, *, since_s: float, until_s: float = math.inf
) -> Iterator[dict[str, Any]]:
    """Listed objects below `<prefix>date=…/hour=…/` of the hours between two times, the newest hour first.

    An object lies in the hour of the last arrival in it. Only days and hours that there are cost a call.
    """
    first_day, first_hour = _folders_of(prefix, since_s)
    last_day, last_hour = _folders_of(prefix, until_s)
    for day in reversed(folders(s3, bucket, prefix)):
        if day < first_day:
            return
        if day > last_day:
            continue
        for hour in reversed(folders(s3, bucket, day)):
            if hour < first_hour:
                return
            if hour > last_hour:
                continue
            pages = listing(s3, bucket, Prefix=hour)
            # An object is written after everything in it has arrived; S3 says when, to the second.
            recent = [
                entry
                for page in pages
                for entry in page.get("Contents", [])
                if entry["LastModified"].timestamp() + 1 >= since_s
            ]
            yield from sorted(recent, key=lambda entry: entry["LastModified"], reverse=True)


def _folders_of(prefix: str, time_s: float) -> tuple[str, str]:
    """The folders of a time's day and hour."""
    moment = datetime.fromtimestamp(min(max(time_s, 0), _LATEST_S), UTC)
    day = f"{prefix}date={moment:%Y-%m-%d}/"
    return day, f"{day}hour={moment:%H}/"


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


def forget(s3: Any, bucket: str, key: str, *, but_the_latest: bool = False) -> None:
    """Delete an object in every version that the bucket has, or in every one but the latest."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key):
        for version in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
            if version["Key"] == key and not (but_the_latest and version["IsLatest"]):
                s3.delete_object(Bucket=bucket, Key=key, VersionId=version["VersionId"])


def folders(s3: Any, bucket: str, prefix: str) -> list[str]:
    """The prefixes below a prefix up to the next slash, in their order."""
    pages = listing(s3, bucket, Prefix=prefix, Delimiter="/")
    return sorted(entry["Prefix"] for page in pages for entry in page.get("CommonPrefixes", []))
