"""Rows of a local run's store, and lines of its quarantine, by the beginning of the metrics' names."""

import calendar
import json
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ops.errors import OperatorError
from tests.support.local_run import LocalRun


@dataclass(frozen=True)
class Row:
    """A point as it is stored."""

    name: str
    time_ns: int
    value: float
    dimensions: frozenset[tuple[str, str]]

    def __str__(self) -> str:
        return f"{self.name}{dict(sorted(self.dimensions))} {self.value} {self.time_ns}"


def row(name: str, time_ns: int, value: float, **dimensions: str) -> Row:
    """A row that is expected."""
    return Row(name, time_ns, float(value), frozenset(dimensions.items()))


def stored_rows(run: LocalRun, prefix: str) -> list[Row]:
    """The rows of metrics whose names begin with that."""
    store = run.store
    sql = f"SELECT * FROM {store.points} WHERE substr(metric_name, 1, {len(prefix)}) = '{prefix}'"
    try:
        columns, found = store.select(sql)
    except OperatorError as error:
        assert "does not exist" in str(error)  # noqa: PT017 - as before the first write
        return []
    rows = []
    for values in found:
        given = dict(zip(columns, values, strict=True))
        dimensions = {
            name: value
            for name, value in given.items()
            if name not in store.own_columns and value is not None
        }
        rows.append(
            Row(given["metric_name"], _time_ns(given["time"]), given["value"], frozenset(dimensions.items()))
        )
    return rows


def quarantined(run: LocalRun, prefix: str) -> list[dict[str, Any]]:
    """The lines of the quarantine about metrics whose names begin with that."""
    s3, bucket = run.client("s3"), run.environment["TIDEGAUGE_QUARANTINE_BUCKET_NAME"]
    found = s3.list_objects_v2(Bucket=bucket, Prefix="quarantine/").get("Contents", [])
    texts = [s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read().decode() for item in found]
    lines = [json.loads(line) for text in texts for line in text.splitlines()]
    return [line for line in lines if str(_payload(line).get("metric_name", "")).startswith(prefix)]


def expect_rows(run: LocalRun, prefix: str, expected: Collection[Row], *, refused: int = 0) -> list[Row]:
    """Wait until so many rows are stored and points set aside; fail with the difference if they are others."""
    until_s = time.monotonic() + 40
    while time.monotonic() < until_s and (
        len(stored_rows(run, prefix)) < len(expected) or len(quarantined(run, prefix)) < refused
    ):
        time.sleep(0.1)
    rows = stored_rows(run, prefix)
    missing, surplus = set(expected) - set(rows), set(rows) - set(expected)
    difference = [*sorted(f"- {one}" for one in missing), *sorted(f"+ {one}" for one in surplus)]
    assert not difference, "\n".join(difference)
    assert len(rows) == len(expected)
    assert len(quarantined(run, prefix)) == refused
    return rows


def _payload(line: dict[str, Any]) -> dict[str, Any]:
    payload = line["payload"]
    return payload if isinstance(payload, dict) else {}


def _time_ns(text: str) -> int:
    seconds, _, fraction = text.partition(".")
    return calendar.timegm(time.strptime(seconds, "%Y-%m-%d %H:%M:%S")) * 10**9 + int(fraction.ljust(9, "0"))
