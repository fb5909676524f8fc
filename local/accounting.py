"""Counts where every accepted point ended: by SQL on the store and by listing the quarantine, never by the sender."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Account:
    """Where the points of a run are. `accepted` counts points of requests answered 202."""

    accepted: int
    stored: int
    superseded: int
    quarantined: int

    @property
    def unaccounted(self) -> int:
        """Accepted points that are nowhere (negative: points that nobody accepted)."""
        return self.accepted - self.stored - self.superseded - self.quarantined

    def __sub__(self, other: "Account") -> "Account":
        """What came since `other` was taken."""
        return Account(
            self.accepted - other.accepted,
            self.stored - other.stored,
            self.superseded - other.superseded,
            self.quarantined - other.quarantined,
        )


def stored_points(timestream_query: Any, database: str, table: str) -> int:
    """Rows of the metrics table."""
    (row,) = _rows(timestream_query, f'SELECT count(*) FROM "{database}"."{table}"')  # noqa: S608 - names of our own
    return int(row[0]["ScalarValue"])


def newest_point_ms(timestream_query: Any, database: str, table: str, since: str = "1m") -> int | None:
    """Time of the newest queryable point in epoch milliseconds, of those within `since`; None when there is none."""
    sql = f'SELECT to_milliseconds(max(time)) FROM "{database}"."{table}" WHERE time > ago({since})'  # noqa: S608
    (row,) = _rows(timestream_query, sql)
    return None if row[0].get("NullValue") else int(row[0]["ScalarValue"])


def quarantined_points(s3: Any, bucket: str) -> int:
    """Distinct points in the quarantine: a batch that was tried again in parts may name one twice."""
    seen: set[tuple[str, Any]] = set()
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="quarantine/")
    for page in pages:
        for entry in page.get("Contents", []):
            body = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
            for line in body.splitlines():
                record = json.loads(line)
                seen.add((record["request_id"], record["index"]))
    return len(seen)


def _rows(timestream_query: Any, sql: str) -> list[list[dict[str, Any]]]:
    rows: list[list[dict[str, Any]]] = []
    token: dict[str, str] = {}
    while True:
        page = timestream_query.query(QueryString=sql, **token)
        rows.extend(row["Data"] for row in page["Rows"])
        if "NextToken" not in page:
            return rows
        token = {"NextToken": page["NextToken"]}
