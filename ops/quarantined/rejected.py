"""Timestream's reports on late points that it took and rejected afterwards, as what is there is no older than they.

All other rejections are in the answer to the write, and the points in the quarantine:
https://docs.aws.amazon.com/timestream/latest/developerguide/troubleshoot-rejectedrecords.html
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from handlers.vocabulary import REJECTED_REPORTS
from ops.errors import refusals
from ops.quarantined.bucket import listing, object_body

_REASON = "reason"
_BYTES = 8 * 2**20


@dataclass(frozen=True, slots=True)
class Report:
    """A report: when it was written (seconds of the epoch), and its content, which may quote what clients wrote.

    AWS documents that it tells the reasons, not in which form: `reasons` has the texts by that name, `text` all of it.
    """

    key: str
    written_s: float
    size: int
    reasons: tuple[str, ...]
    text: str


def reports(s3: Any, bucket: str, *, since_s: float, until_s: float) -> Iterator[Report]:
    """The reports that were written between two times; OperatorError if the bucket cannot be read."""
    with refusals("cannot read the quarantine"):
        for page in listing(s3, bucket, Prefix=REJECTED_REPORTS):
            for entry in page.get("Contents", []):
                written_s = entry["LastModified"].timestamp()
                if since_s <= written_s + 1 and written_s <= until_s:
                    body = object_body(s3, bucket, entry["Key"]) if entry["Size"] <= _BYTES else b""
                    text = body.decode(errors="replace")
                    reasons = tuple(dict.fromkeys(_reasons(text)))
                    yield Report(entry["Key"], written_s, entry["Size"], reasons, text)


def _reasons(text: str) -> Iterator[str]:
    """The texts called reason, in whatever case and however deep, of a document or of lines of documents."""
    try:
        found = [json.loads(text)]
    except (ValueError, RecursionError):
        found = list(filter(None, map(_document, text.splitlines())))
    while found:
        value = found.pop(0)
        if isinstance(value, dict):
            yield from (str(one) for name, one in value.items() if name.lower() == _REASON)
            found += value.values()
        elif isinstance(value, list):
            found += value


def _document(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
