"""History out of Timestream into the lake beside it, with both deployed in one local AWS."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from handlers.adapters.dynamodb.export_hours.ledger import ExportHoursLedger
from handlers.domain.exports.hour import Hour
from handlers.vocabulary import LAKE, TIMESTREAM
from ops.__main__ import main
from ops.stack import find
from ops.store_copy.copying import HourCopier
from tests.support.both_stores import REGION, BothStores, both_stores
from tests.support.events import kinesis_record

pytestmark = pytest.mark.pipeline

COPY = ["store", "copy", "--from", "dev", "--to", "lake", "--region", REGION, "--yes", "--format", "json"]
LABELS = ("a", "it's", 'quo"te', "ümlaut, with 表", "back\\slash", '\\"', "")
VALUES = (1e-300, -0.1, 1.7976931348623157e308, 3.0, 5e-324, 12345678901234567.0)
POINTS = {
    TIMESTREAM: 'SELECT metric_name, metric_type, host, "the.zone", to_nanoseconds(time), value FROM {points}',
    LAKE: "SELECT metric_name, metric_type, host, the__zone, time_ns, value FROM {points}",
}


@dataclass(frozen=True)
class History:
    """Three hours of points in Timestream that no other test has, whatever is in them, and a lake beside it."""

    both: BothStores
    hours: list[Hour]

    @property
    def options(self) -> list[str]:
        """The options of a copy of these hours alone."""
        return [*COPY, "--since", str(self.hours[0]), "--until", str(self.hours[-1])]

    def send(self, kind: str, metrics: list[dict[str, Any]]) -> None:
        """Have the writer of one store write a request."""
        record = kinesis_record({"metrics": metrics}, 1, request_id="r1=", arrival_ms=self.both.now_ms())
        assert self.both.writers[kind].write({"Records": [record]}, 60.0) == {"batchItemFailures": []}
        assert self.both.quarantined(kind) == 0

    def rows(self, kind: str) -> list[list[Any]]:
        """All points of the hours."""
        first_ns, end_ns = self.hours[0].start_s * 10**9, self.hours[-1].end_s * 10**9
        found = (row for row in self.both.rows(kind, POINTS[kind]) if first_ns <= row[4] < end_ns)
        return sorted(found, key=repr)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BothStores]:
    """Both stores, empty."""
    with pytest.MonkeyPatch.context() as patch, both_stores(tmp_path_factory.mktemp("data"), patch) as both:
        yield both


@pytest.fixture(scope="module")
def ages() -> Iterator[int]:
    """Ages in hours, ten from each other."""
    return itertools.count(10, 10)


@pytest.fixture
def history(both: BothStores, ages: Iterator[int]) -> History:
    """Points with all labels and values in two hours that follow each other and a third one."""
    first = Hour.containing(both.now_ms() / 1000).plus(-next(ages))
    made = History(both, [first, first.plus(1), first.plus(5)])
    metrics = [
        {
            "metric_name": f"disk,{number}",
            "metric_type": "system",
            "value": value,
            "timestamp": moment(hour, second=10 * number + place),
            "dimensions": {"the.zone": "z"} | ({"host": label} if label else {}),
        }
        for hour in made.hours
        for place, label in enumerate(LABELS)
        for number, value in enumerate(VALUES)
    ]
    metrics[0]["dimensions"] = {}
    made.send(TIMESTREAM, metrics)
    return made


def moment(hour: Hour, *, second: int) -> str:
    """A time in an hour, to the nanosecond."""
    return f"{hour}:{second // 60:02}:{second % 60:02}.123456789Z"


def copy(
    history: History, capsys: pytest.CaptureFixture[str], *options: str, status: int = 0
) -> tuple[list[dict[str, Any]], str]:
    """The rows that a copy shows, and what it says besides."""
    capsys.readouterr()
    assert main([*history.options, *options]) == status
    said = capsys.readouterr()
    return json.loads(said.out), said.err


def left(history: History) -> list[str]:
    """The keys of what the copies of these hours left besides their points."""
    s3, bucket = history.both.cloud.client("s3", REGION), find("lake", REGION).output("ExportBucketName")
    listings = (
        s3.list_objects_v2(Bucket=bucket, Prefix=f"copy/metrics_dev/{hour}") for hour in history.hours
    )
    return [one["Key"] for listing in listings for one in listing.get("Contents", [])]


def test_history_is_copied_to_the_digit_and_once(
    history: History, capsys: pytest.CaptureFixture[str]
) -> None:
    """All points are in the lake, their hours are due, nothing is left of the copy; a second one copies nothing."""
    shown, said = copy(history, capsys)
    number = len(LABELS) * len(VALUES)
    assert [row["hour"] for row in shown] == [str(hour) for hour in history.hours]
    assert [(row["source"], row["lake"], row["state"]) for row in shown] == [(number, number, "whole")] * 3
    assert f"0 hours copied before, 3 hours with {3 * number} points to copy" in said
    assert history.rows(LAKE) == history.rows(TIMESTREAM)
    lake = find("lake", REGION)
    ledger = ExportHoursLedger(lake.client("dynamodb"), lake.output("ExportHoursTableName"))
    assert all(record.due_at_s for record in ledger.read(history.hours).values())
    assert len(ledger.read(history.hours)) == len(history.hours)
    assert not any(ledger.has_no_points(hour, 0.0) for hour in history.hours)
    assert left(history) == [f"copy/metrics_dev/{hour}.json" for hour in history.hours]

    _, said = copy(history, capsys)
    assert "3 hours copied before, 0 hours with 0 points to copy" in said
    hours = ", ".join(f"'{hour.date}-{hour.of_day}'" for hour in history.hours)
    assert not history.both.rows(LAKE, f"SELECT * FROM superseded WHERE event_hour IN ({hours})")


def test_points_that_were_sent_to_the_lake_win(history: History, capsys: pytest.CaptureFixture[str]) -> None:
    """A point that a client sent there, before or after, is not replaced, and the copy is whole all the same."""
    metric = {
        "metric_name": "disk,0",
        "metric_type": "system",
        "dimensions": {"the.zone": "z", "host": "ümlaut, with 表"},
    }
    for hour, value in ((history.hours[2], 7.0), (history.hours[1], 8.0)):
        history.send(LAKE, [{**metric, "timestamp": moment(hour, second=3), "value": value}])
        shown, _ = copy(history, capsys)
        assert {row["state"] for row in shown} == {"whole"}
    assert {7.0, 8.0} < {row[5] for row in history.rows(LAKE)}
    assert len(history.rows(LAKE)) == len(history.rows(TIMESTREAM))


def test_an_hour_that_grew_is_copied_again_and_its_correction_counts(
    history: History, capsys: pytest.CaptureFixture[str]
) -> None:
    """Points that came late to the source come with the next copy; until then the counts differ, and it is said."""
    copy(history, capsys)
    metric = {"metric_name": "disk,1", "metric_type": "system", "dimensions": {"the.zone": "z", "host": "a"}}
    history.send(
        TIMESTREAM,
        [
            {**metric, "timestamp": moment(history.hours[2], second=second), "value": 4.5}
            for second in (10, 3000)
        ],
    )
    shown, said = copy(history, capsys, "--verify", status=1)
    assert [row["state"] for row in shown] == ["whole", "whole", "differs"]
    assert "the lake lacks 1 point of 1 hour" in said
    copy(history, capsys)
    assert history.rows(LAKE) == history.rows(TIMESTREAM)


@pytest.mark.parametrize("step", ["_unload", "_write", "_mark"])
def test_a_copy_that_was_cut_off_goes_on(
    history: History, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Wherever Ctrl-C came, the next copy does the rest, and nothing is left of the one before."""
    done = getattr(HourCopier, step)
    whole = [1]

    def interrupted(self: HourCopier, *arguments: Any) -> Any:
        result = done(self, *arguments)
        if not whole:
            raise KeyboardInterrupt
        whole.pop()
        return result

    with monkeypatch.context() as patch:
        patch.setattr(HourCopier, step, interrupted)
        assert main(history.options) == 130
    _, said = copy(history, capsys)
    assert "1 hour copied before, 2 hours with 84 points to copy" in said
    assert history.rows(LAKE) == history.rows(TIMESTREAM)
    assert left(history) == [f"copy/metrics_dev/{hour}.json" for hour in history.hours]
