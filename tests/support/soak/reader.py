"""Reads what a run has of the soak's points: from the store hour by hour, from the quarantine, and from the exports."""

import io
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from handlers.domain.exports.hour import HOUR_S
from handlers.domain.timestamp import NS_PER_S
from ops.quarantined.ledger import redriven_attempts
from tests.support.local_run import LocalRun
from tests.support.soak.ledger import Abandoned, Place, Sums
from tests.support.soak.points import WEIGHTS

_SOAK = "metric_name LIKE 'soak%'"
_DAYS_BEFORE, _DAYS_AFTER = 29, 2
_DAY_S = 86_400


@dataclass
class Reader:
    """The soak's points in a run, as clients of AWS can ask for them; each call reads anew."""

    run: LocalRun

    def sums(
        self, hours: Collection[int], abandoned: Sequence[Abandoned]
    ) -> dict[tuple[str, int, int | None], Sums]:
        """The sums of all stored points by series, hour, and the number of the abandoned request they are of, if any.

        One statement over all hours would be too long for Timestream's minute, and for the memory of a small machine.
        """
        first_s, end_s = min(hours) * HOUR_S, (max(hours) + 1) * HOUR_S
        spans = [
            (first_s - _DAYS_BEFORE * _DAY_S, first_s),
            *((hour * HOUR_S, (hour + 1) * HOUR_S) for hour in range(min(hours), max(hours) + 1)),
            (end_s, end_s + _DAYS_AFTER * _DAY_S),
        ]
        found: dict[tuple[str, int, int | None], Sums] = {}
        for start_s, stop_s in spans:
            sql = (
                f"SELECT metric_name, {self._seconds} / {HOUR_S}, {self._number(abandoned, start_s, stop_s)}, "
                f"count(*), sum(value), sum(value * ({self._seconds} % {WEIGHTS})) FROM {{table}} "
                f"WHERE {_SOAK} AND {self.run.store.within(start_s, stop_s)} GROUP BY 1, 2, 3"
            )
            for name, hour, number, *sums in self.run.select(sql):
                place = name, int(hour), None if int(number) < 0 else int(number)
                found[place] = Sums(*(int(float(one)) for one in sums))
        return found

    def _number(self, abandoned: Sequence[Abandoned], start_s: int, stop_s: int) -> str:
        """The expression for the number of the abandoned request that a point of this span is of; -1 for none."""
        cases = []
        for number, one in enumerate(abandoned):
            series = one.block.series[0]
            first_s, end_s = series.time_s(one.block.first), series.time_s(one.block.stop)
            if first_s < stop_s and end_s > start_s:
                client = series.name.rpartition("_")[0]
                cases.append(
                    f"WHEN metric_name LIKE '{client}_%' AND {self._seconds} >= {first_s} "
                    f"AND {self._seconds} < {end_s} THEN {number}"
                )
        return f"CASE {' '.join(cases)} ELSE -1 END" if cases else "-1"

    def values(self, places: Collection[Place]) -> dict[Place, dict[int, list[float]]]:
        """The values of every stored point of some series in some hours, by its time in epoch seconds."""
        found: dict[Place, dict[int, list[float]]] = {place: {} for place in places}
        names = ", ".join(f"'{name}'" for name in sorted({name for name, _ in places}))
        hours = [hour for _, hour in places]
        sql = (
            f"SELECT metric_name, {self._seconds}, value FROM {{table}} WHERE metric_name IN ({names}) "
            f"AND {self.run.store.within(min(hours) * HOUR_S, (max(hours) + 1) * HOUR_S)}"
        )
        for name, second, value in self.run.select(sql):
            place = name, int(second) // HOUR_S
            if place in found:
                found[place].setdefault(int(second), []).append(float(value))
        return found

    def quarantined(self) -> Iterator[dict[str, Any]]:
        """The lines of the quarantine that are the soak's, but for those that were sent again."""
        s3, bucket = self.run.client("s3"), self.run.environment["TIDEGAUGE_QUARANTINE_BUCKET_NAME"]
        again = redriven_attempts(s3, bucket, since_s=0)
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="quarantine/"):
            for entry in page.get("Contents", []):
                for text in s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read().splitlines():
                    line: dict[str, Any] = orjson.loads(text)
                    attempt = line["request_id"], line["index"], line.get("attempt", 0)
                    if name_in(line).startswith("soak") and attempt not in again:
                        yield line

    def exporting(self) -> bool:
        """True while a run of the hourly export is under way."""
        machine = self.run.environment["TIDEGAUGE_METRIC_EXPORT_ARN"]
        listed = self.run.client("stepfunctions").list_executions(
            stateMachineArn=machine, statusFilter="RUNNING", maxResults=1
        )
        return bool(listed["executions"])

    def published(self) -> dict[str, str]:
        """The location of each exported hour's files, by the hour (`2026-11-25-20`), as the catalog has them."""
        pages = (
            self.run.client("glue")
            .get_paginator("get_partitions")
            .paginate(
                DatabaseName=self.run.environment["TIDEGAUGE_EXPORT_DATABASE_NAME"], TableName="metrics"
            )
        )
        return {
            "-".join(partition["Values"]): partition["StorageDescriptor"]["Location"]
            for page in pages
            for partition in page["Partitions"]
        }

    def exported(self, location: str) -> dict[Place, Sums]:
        """The sums of the points in an exported hour's files, by series and hour."""
        s3 = self.run.client("s3")
        bucket, _, prefix = location.removeprefix("s3://").partition("/")
        tables = []
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for entry in page.get("Contents", []):
                body = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
                tables.append(pq.read_table(io.BytesIO(body), columns=["metric_name", "time", "value"]))
        return _sums_of(pa.concat_tables(tables)) if tables else {}

    @property
    def _seconds(self) -> str:
        return f"({self.run.store.time_ns} / {NS_PER_S})"


def name_in(line: dict[str, Any]) -> str:
    """The metric name in a line of the quarantine, or the beginning of what it has instead."""
    payload = line.get("payload")
    try:
        found: Any = orjson.loads(payload) if isinstance(payload, str) else payload
        return str(found["metric_name"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return str(payload)[:100]


def _sums_of(table: Any) -> dict[Place, Sums]:
    names = np.asarray(table["metric_name"])
    seconds = np.asarray(table["time"].cast(pa.timestamp("ns"))).astype(np.int64) // NS_PER_S
    values = np.asarray(table["value"]).astype(np.int64)
    found: dict[Place, Sums] = {}
    unique, numbers = np.unique(names, return_inverse=True)
    for number, name in enumerate(unique):
        if not str(name).startswith("soak"):
            continue
        of_name = numbers == number
        for hour in np.unique(seconds[of_name] // HOUR_S):
            chosen = of_name & (seconds // HOUR_S == hour)
            found[str(name), int(hour)] = Sums.of(seconds[chosen], values[chosen])
    return found
