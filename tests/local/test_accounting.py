"""Where every accepted point ended."""

import json
from base64 import b64encode
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from local.accounting import (
    PointCounts,
    newest_point_ms,
    quarantined_points,
    settled_requests,
    stored_points,
    superseded_when_written,
)
from ops.store.port import Meter
from ops.store.timestream import TimestreamStore


class Store:
    """A store whose first page is empty, and the value on the second."""

    def __init__(self, value: dict[str, Any], kind: str = "BIGINT") -> None:
        columns = [{"Name": "_col0", "Type": {"ScalarType": kind}}]
        self._pages: list[dict[str, Any]] = [
            {"ColumnInfo": columns, "Rows": [], "NextToken": "next"},
            {"ColumnInfo": columns, "Rows": [{"Data": [value]}]},
        ]

    def query(self, **_: Any) -> dict[str, Any]:
        """The next page."""
        return self._pages.pop(0)


def asked(client: Store) -> TimestreamStore:
    """The port of a store."""
    return TimestreamStore(client, "d", "t", Meter())


class Bucket:
    """A quarantine of objects of lines."""

    def __init__(self, *objects: list[tuple[str, int]], **also: object) -> None:
        self._objects, self._also = objects, also

    def get_paginator(self, _name: str) -> "Bucket":
        """Itself, listing an object a page."""
        return self

    def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
        """A page without objects, then one of each."""
        yield {}
        yield from ({"Contents": [{"Key": str(number)}]} for number in range(len(self._objects)))

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - the SDK's own names
        """The lines of an object."""
        lines = [
            json.dumps({"request_id": request, "index": index, **self._also})
            for request, index in self._objects[int(Key)]
        ]
        return {"Body": BytesIO("\n".join(lines).encode())}


@pytest.mark.parametrize("quarantined", [1, 2, 4])
def test_a_point_that_is_nowhere_is_unaccounted(quarantined: int) -> None:
    """Accepted points less those that are somewhere; fewer than none if one is counted that was never accepted."""
    assert PointCounts(10, 5, 3, quarantined).unaccounted == 2 - quarantined


def test_points_of_batches_that_were_given_up_are_accounted_for() -> None:
    """They lie whole in S3, so they are not lost."""
    assert PointCounts(10, 5, 3, 1, given_up=1).unaccounted == 0


def test_what_was_there_before_the_run_is_not_its_own() -> None:
    """With kept data the counts at the start are taken off."""
    assert PointCounts(9, 8, 7, 6) - PointCounts(1, 2, 3, 4) == PointCounts(8, 6, 4, 2)


def test_the_store_is_asked_until_it_answers() -> None:
    """The first page of an answer may be empty."""
    assert stored_points(asked(Store({"ScalarValue": "17"}))) == 17
    newest = {"ScalarValue": "2025-11-22 00:00:00.123456789"}
    assert newest_point_ms(asked(Store(newest, "TIMESTAMP"))) == 1_763_769_600_123


def test_an_empty_store_has_no_newest_point() -> None:
    """The greatest time of no rows is NULL."""
    assert newest_point_ms(asked(Store({"NullValue": True}))) is None


def test_a_request_that_is_settled_twice_counts_as_when_most_of_it_was_stored(tmp_path: Path) -> None:
    """What lost at once counts once, and what was corrected after it was stored not at all: the store counts that."""
    log = tmp_path / "writer.log"
    lines: list[dict[str, Any]] = [
        {"PointsReceived": 5, "requests": {"lost": [5, 3, 2, 0], "corrected": [4, 4, 0, 0]}},
        {
            "PointsReceived": 5,
            "requests": {"lost": [5, 3, 2, 0], "corrected": [4, 0, 4, 0], "edge": [1, 0, 1, 0, "c"]},
        },
        {"clients": {"edge": [9, 0, 9, 0]}},
    ]
    text = [json.dumps(line, separators=(",", ":")) for line in lines]
    log.write_text("\n".join(["START RequestId: 1", *text, '[ERROR] "requests":{', ""]), encoding="utf-8")
    assert superseded_when_written(log) == 3


def test_the_requests_that_the_log_accounts_for_are_settled(tmp_path: Path) -> None:
    """None without a log, and none of a line that is being written."""
    log = tmp_path / "writer.log"
    assert settled_requests(log) == set()
    log.write_text(
        'REPORT x\n{"requests":{"a":[1,1,0,0]}}\n{"requests":{"b":[2,1,0,1,"c"]}}\n{"requests":{"d"',
        encoding="utf-8",
    )
    assert settled_requests(log) == {"a", "b"}


def test_what_two_redrives_sent_lost_once(tmp_path: Path) -> None:
    """In the larger of their records."""
    log = tmp_path / "writer.log"
    log.write_text('{"requests":{"redrive-1":[6,4,2,0],"redrive-2":[3,2,1,0]}}\n', encoding="utf-8")
    assert superseded_when_written(log, {"redrive-2"}) == 2


def test_a_point_that_is_named_twice_in_the_quarantine_is_one() -> None:
    """A batch that was tried again in parts writes some of its points into two objects."""
    bucket = Bucket([("a", 0), ("a", 1)], [("a", 1), ("b", 1)])
    assert quarantined_points(bucket, "bucket") == 3


def test_a_request_that_lies_there_whole_counts_with_all_of_its_points() -> None:
    """The writer's process ended at it, unread, and its client was told that all of them are taken; garbage is one."""
    body = b64encode(b'{"metrics":[{"metric_name":"a","value":1},{"metric_name":"b","value":2}]}').decode()
    failed = {"reason": "processing_failed", "format": "json", "payload": {"base64": body}}
    assert quarantined_points(Bucket([("a", 0)], [("a", 0)], [("b", 0)], **failed), "bucket") == 4
    garbage = {**failed, "payload": {"base64": b64encode(b"{").decode()}}
    assert quarantined_points(Bucket([("a", 0)], **garbage), "bucket") == 1


def test_what_was_sent_again_is_in_the_quarantine_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until it is refused once more, which its line of the next attempt says."""
    bucket = Bucket([("a", 0), ("a", 1)])
    monkeypatch.setattr("local.accounting.redriven_attempts", lambda *_, **__: {("a", 1, 0)})
    assert quarantined_points(bucket, "bucket") == 1
