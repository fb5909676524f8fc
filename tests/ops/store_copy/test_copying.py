"""An hour's copy, with a Timestream that writes what the test wants."""

import gzip
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import orjson
import pytest
from moto import mock_aws

from handlers.adapters.dynamodb.export_hours.ledger import ExportHoursLedger
from handlers.adapters.lake.lines import objects_of
from handlers.adapters.s3.export_bucket import S3ExportBucket
from handlers.domain.exports.hour import Hour
from ops.errors import OperatorError
from ops.store_copy import copying
from ops.store_copy.copying import HourCopier
from ops.store_copy.state import CopyState, HourState
from tests.support.memory_dynamodb import MemoryDynamoDB
from tests.support.scripted_client import refusal

HOUR = Hour.parse("2026-11-22T02")
ROWS = [f"cpu,system,{host},{HOUR.start_s}000000001,0.5\n" for host in ("a", "b", "c")]
NOW_S = HOUR.end_s + 86_400.0


class Timestream:
    """A table whose UNLOAD writes two files; `more` is added to what it says, `listed` to what its manifest does."""

    points = '"d"."t"'

    def __init__(self, s3: Any) -> None:
        self._s3 = s3
        self.more = self.listed = 0
        self.rows = ROWS

    def select(self, sql: str) -> tuple[list[str], Iterator[list[Any]]]:
        """The UNLOAD's one row."""
        folder = sql.partition("TO 's3://bucket/")[2].partition("'")[0]
        files: list[dict[str, Any]] = []
        for number, rows in enumerate((self.rows[:2], self.rows[2:])):
            key, body = f"{folder}/results/{number}.gz", gzip.compress("".join(rows).encode())
            self._s3.put_object(Bucket="bucket", Key=key, Body=body)
            sizes = {"content_length_in_bytes": len(body), "row_count": len((ROWS[:2], ROWS[2:])[number])}
            files.append({"url": f"s3://bucket/{key}", "file_metadata": sizes})
        files[0]["file_metadata"]["row_count"] += self.listed
        manifest = {"result_files": files, "query_metadata": {"total_row_count": len(ROWS) + self.listed}}
        self._s3.put_object(Bucket="bucket", Key=f"{folder}/manifest.json", Body=json.dumps(manifest))
        return [], iter([[len(ROWS) + self.more, "", f"s3://bucket/{folder}/manifest.json"]])


class World:
    """Both ends, in memory."""

    request, database = "copy/d", "d"

    def __init__(self) -> None:
        self.s3 = boto3.client("s3")
        self.s3.create_bucket(Bucket="bucket")
        self.bucket = S3ExportBucket(self.s3, "bucket")
        self.source_store = Timestream(self.s3)
        self.state = CopyState(self.bucket, "d")
        self.dynamodb = MemoryDynamoDB("hours")
        self.ledger = ExportHoursLedger(self.dynamodb, "hours")
        self.lake = SimpleNamespace(
            client=lambda service: self.s3 if service == "s3" else self.dynamodb,
            output={"ExportHoursTableName": "hours", "KeyArn": "key"}.__getitem__,
            config=SimpleNamespace(export=SimpleNamespace(lag_minutes=20)),
        )

    def copy(self, points: int = len(ROWS)) -> HourState:
        """Copy the hour once."""
        ends: Any = self
        return HourCopier(ends, ["host"], lambda: NOW_S).copy(HOUR, points)

    def lines(self) -> list[dict[str, Any]]:
        """The lines of all objects that are in the lake."""
        bodies = (self.bucket.read(key) for key, _ in self.bucket.listing("hot/"))
        return [orjson.loads(line) for body in bodies for line in gzip.decompress(body or b"").splitlines()]


@pytest.fixture
def world() -> Iterator[World]:
    """Both ends, in memory."""
    with mock_aws():
        yield World()


def test_a_copied_hour_has_its_points_and_is_due(world: World) -> None:
    """In the hour's own folder, as lines whose versions lose to those of all clients; nothing else is left."""
    assert world.copy() == HourState(1, 3, 2, NOW_S)
    lines = sorted(world.lines(), key=lambda line: str(line["dims"]))
    assert [(line["dims"], line["request"], line["version"], line["index"]) for line in lines] == [
        ({"host": host}, "copy/d", 1, 0) for host in ("a", "b", "c")
    ]
    assert {line["time_ns"] for line in lines} == {HOUR.start_s * 10**9 + 1}
    keys = [key for key, _ in world.bucket.listing("")]
    assert keys[0] == f"copy/d/{HOUR}.json"
    assert len(keys) == 3
    assert all(key.startswith("hot/event_hour=2026-11-22-02/copy-d-1-1-") for key in keys[1:])
    record = world.ledger.read([HOUR])[HOUR]
    assert record.due_at_s == record.settled_at_s == NOW_S + 20 * 60


def test_an_hour_is_noted_before_it_has_points(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An export in between would take it for empty otherwise."""
    noted = []

    def look(points: Any) -> Any:
        noted.append(not world.ledger.has_no_points(HOUR, 0.0))
        return objects_of(points)

    monkeypatch.setattr(copying, "objects_of", look)
    world.copy()
    assert noted == [True, True]


def test_an_object_has_no_more_points_than_it_may(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of many points becomes several."""
    monkeypatch.setattr(copying, "POINTS_OF_AN_OBJECT", 1)
    assert world.copy().objects == len(ROWS)
    assert len(world.lines()) == len(ROWS)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"more": 1}, "3 points were counted, and Timestream unloaded 4; if points still come"),
        ({"more": -1}, "3 points were counted, and Timestream unloaded 2"),
        ({"listed": -1}, "Timestream unloaded 3 points, and its manifest has 2"),
        ({"rows": ROWS[:2]}, "3 points were unloaded, and 2 were in the files"),
        ({"rows": ["x\n"]}, "cannot be read: a row has 1 cells, not 5"),
    ],
)
def test_an_hour_whose_counts_differ_is_not_finished_and_copied_by_the_next_run(
    world: World, fault: dict[str, Any], words: str
) -> None:
    """Wherever a number is not the one that was counted; the next attempt is of a higher version."""
    vars(world.source_store).update(fault)
    with pytest.raises(OperatorError, match=words):
        world.copy()
    assert world.state.read(HOUR) == HourState(attempt=1)
    assert world.ledger.read([HOUR]) == {}
    vars(world.source_store).update(more=0, listed=0, rows=ROWS)
    assert world.copy() == HourState(2, 3, 2, NOW_S)
    assert [line["version"] for line in world.lines()].count(2) == len(ROWS)
    assert [key for key, _ in world.bucket.listing("copy/")] == [f"copy/d/{HOUR}.json"]


def test_a_refusal_of_aws_is_the_hours_reason(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator reads which call was refused, and why."""

    def refuse(**_: Any) -> None:
        raise refusal("AccessDenied", "no key for you")

    monkeypatch.setattr(world.s3, "get_object", refuse)
    with pytest.raises(OperatorError, match="cannot copy it: Call: AccessDenied"):
        world.copy()
