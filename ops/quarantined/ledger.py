"""The ledger of points that were sent again, in the quarantine's bucket beside them.

A note settles the line of one attempt: what is refused again has a line of the next attempt, and is in quarantine.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import groupby
from typing import Any

from ops.errors import refusals
from ops.quarantined.bucket import newest_entries, object_body

REDRIVEN = "redriven/"

Attempt = tuple[str, int, int]
"""Request, index, and how often the point had been sent again before."""


@dataclass(frozen=True, slots=True)
class Note:
    """A line of the quarantine whose point was sent again, when its record had arrived, and the request that has it."""

    request_id: str
    index: int
    attempt: int
    arrived_s: float
    sent_as: str


def redriven_attempts(s3: Any, bucket: str, *, since_s: float) -> set[Attempt]:
    """The lines that arrived since a time (seconds of the epoch) and whose points were sent again."""
    found: set[Attempt] = set()
    for entry in newest_entries(s3, bucket, REDRIVEN, since_s=since_s):
        for line in object_body(s3, bucket, entry["Key"]).splitlines():
            noted = json.loads(line)
            found.add((str(noted["request_id"]), int(noted["index"]), int(noted.get("attempt", 0))))
    return found


def records_sent_twice(s3: Any, bucket: str) -> set[str]:
    """The records of redrives of whose points each went in a larger record as well: two redrives had the same ones."""
    records: dict[str, set[Attempt]] = {}
    for entry in newest_entries(s3, bucket, REDRIVEN, since_s=0):
        for line in object_body(s3, bucket, entry["Key"]).splitlines():
            noted = json.loads(line)
            attempt = (str(noted["request_id"]), int(noted["index"]), int(noted.get("attempt", 0)))
            records.setdefault(str(noted.get("sent_as", "")), set()).add(attempt)
    found: set[str] = set()
    covered: set[Attempt] = set()
    for sent_as, attempts in sorted(records.items(), key=lambda one: (-len(one[1]), one[0])):
        if attempts <= covered:
            found.add(sent_as)
        covered |= attempts
    return found


def note_redriven(s3: Any, bucket: str, notes: Iterable[Note], *, now_s: float) -> None:
    """Note that these points are on the stream again; the same notes are the same object.

    Raises OperatorError if that could not be written.
    """
    by_hour = sorted((_hour(note.arrived_s), note.request_id, note.index, note) for note in notes)
    moment = datetime.fromtimestamp(now_s, UTC)
    for hour, group in groupby(by_hour, key=lambda item: item[0]):
        lines = "".join(_lines((note for *_, note in group), moment)).encode()
        key = f"{REDRIVEN}{hour}/{moment:%Y%m%dT%H%M%S}-{blake2b(lines, digest_size=6).hexdigest()}.jsonl"
        with refusals("the points were sent again, but that cannot be noted, so they would be offered again"):
            s3.put_object(Bucket=bucket, Key=key, Body=lines, ContentType="application/x-ndjson")


def _hour(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):date=%Y-%m-%d/hour=%H}"


def _lines(notes: Iterable[Note], moment: datetime) -> Iterator[str]:
    for note in notes:
        line = {
            "request_id": note.request_id,
            "index": note.index,
            "attempt": note.attempt,
            "redriven_at": moment.isoformat(),
            "sent_as": note.sent_as,
        }
        yield json.dumps(line) + "\n"
