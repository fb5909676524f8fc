"""Athena's answers to SQL about a lake: started, waited for, and read page after page."""

import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from handlers.domain.exports.columns import column_name
from handlers.domain.timestamp import NS_PER_S
from handlers.lake import EVENT_HOUR, EVENT_HOUR_FORMAT, HOT, POINTS, SUPERSEDED, points_columns
from ops.bill.prices import LEAST_SCANNED_BYTES
from ops.errors import OperatorError, one_line, refusals
from ops.store.hours import reads_every_hour
from ops.store.port import Answer, Meter
from ops.store.quoted import quoted_name

# Relations of which a query without an hour lists and reads every object.
_BY_HOUR = (POINTS, SUPERSEDED, HOT)
# Trino's code, with which the reason begins.
_OBJECT_GONE = "HIVE_CANNOT_OPEN_SPLIT"
_FIRST_POLL_S, _LAST_POLL_S = 0.05, 1.0
_UNITS = {"s": "SECOND", "m": "MINUTE", "h": "HOUR", "d": "DAY"}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class _ObjectGoneError(OperatorError):
    """An object that a query listed was deleted before it was read."""


class AthenaStore:
    """The view of a lake's points; the clients are those of athena and glue."""

    service = "Athena"
    own_columns: Sequence[str] = tuple(name for name, _ in points_columns({}))
    time_ns = "time_ns"

    def __init__(self, athena: Any, glue: Any, database: str, work_group: str, meter: Meter) -> None:
        self._athena, self._glue, self._meter = athena, glue, meter
        self._database, self._work_group = database, work_group
        self.points, self.superseded = (
            f"{quoted_name(database)}.{quoted_name(view)}" for view in (POINTS, SUPERSEDED)
        )

    def select(self, sql: str) -> Answer:
        """The answer to a statement; an array, map or row is text, as Athena has it.

        One that lists an object in the moment in which a compaction takes it away is asked once more. Whoever is
        interrupted while it runs has it stopped. Raises OperatorError with Athena's reason.
        """
        try:
            query = self._run(sql)
        except _ObjectGoneError:
            query = self._run(sql)
        pages = self._pages(query)
        first = next(pages)
        columns = first["ResultSetMetadata"]["ColumnInfo"]
        names = [column["Name"] for column in columns]
        kinds = [column["Type"] for column in columns]
        # The answer to a SELECT begins with a row of its columns' names, that to SHOW does not.
        headed = (
            bool(first["Rows"]) and [cell.get("VarCharValue") for cell in first["Rows"][0]["Data"]] == names
        )
        every = itertools.chain([first["Rows"][headed:]], (page["Rows"] for page in pages))
        return names, (list(map(_value, _cells(row, names), kinds)) for rows in every for row in rows)

    def _run(self, sql: str) -> str:
        """Run a statement to its end; the query's id."""
        self._meter.asked()
        with refusals("cannot query Athena"):
            query = self._athena.start_query_execution(
                QueryString=sql,
                QueryExecutionContext={"Database": self._database},
                WorkGroup=self._work_group,
            )["QueryExecutionId"]
        try:
            self._wait(query)
        except KeyboardInterrupt:
            with refusals("cannot stop the query in Athena"):
                self._athena.stop_query_execution(QueryExecutionId=query)
            raise
        return str(query)

    def expect_bounded(self, sql: str) -> None:
        """Refuse what reads points and names no hour: it would list and read every hour that is kept."""
        if reads_every_hour(sql, _BY_HOUR, EVENT_HOUR):
            raise OperatorError(
                f"this reads every hour that the lake keeps; name the hours: WHERE {_hours_of('1h')}; or, to read "
                f"them all, {EVENT_HOUR} > ''"
            )

    def dimensions(self) -> list[str]:
        """The columns of all dimensions of clients, as the catalog has them; no query is asked."""
        with refusals("cannot read the catalog"):
            view = self._glue.get_table(DatabaseName=self._database, Name=POINTS)["Table"]
        columns = (column["Name"] for column in view["StorageDescriptor"]["Columns"])
        return sorted(name for name in columns if name not in self.own_columns)

    def since(self, interval: str) -> str:
        """The condition on the hour, by which Athena chooses what to read, and on the time."""
        return f"{_hours_of(interval)} AND time > {_ago(interval)}"

    def within(self, start_s: int, end_s: int) -> str:
        """The condition on the hours, by which Athena chooses what to read, and on the time."""
        first, last = (
            f"{datetime.fromtimestamp(time_s, UTC):{EVENT_HOUR_FORMAT}}" for time_s in (start_s, end_s - 1)
        )
        hours = f"{EVENT_HOUR} >= '{first}' AND {EVENT_HOUR} <= '{last}'"
        return f"{hours} AND time_ns >= {start_s * NS_PER_S} AND time_ns < {end_s * NS_PER_S}"

    def column(self, dimension: str) -> str:
        """The column of the view."""
        return column_name(POINTS, dimension)

    def bins(self, interval: str) -> str:
        """The expression by seconds of the epoch."""
        width_s = int(interval[:-1]) * _SECONDS[interval[-1]]
        return f"CAST(from_unixtime(floor(to_unixtime(time) / {width_s}) * {width_s}) AS timestamp(3))"

    def _wait(self, query: str) -> None:
        pause_s = _FIRST_POLL_S
        while True:
            with refusals("cannot ask Athena how the query is"):
                found = self._athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
            state, status = found["Status"]["State"], found["Status"]
            if state == "SUCCEEDED":
                scanned = found.get("Statistics", {}).get("DataScannedInBytes", 0)
                self._meter.billed("athena_scanned_gb", max(scanned, LEAST_SCANNED_BYTES) / 1e9)
                return
            if state not in {"QUEUED", "RUNNING"}:
                reason = status.get("StateChangeReason") or f"the query is {state.lower()}"
                kind = _ObjectGoneError if reason.startswith(_OBJECT_GONE) else OperatorError
                raise kind(f"cannot query Athena: {one_line(reason)}")
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.5, _LAST_POLL_S)

    def _pages(self, query: str) -> Iterator[dict[str, Any]]:
        arguments = {"QueryExecutionId": query}
        while True:
            with refusals("cannot read Athena's answer"):
                page = self._athena.get_query_results(**arguments)
            yield page["ResultSet"]
            if not page.get("NextToken"):
                return
            arguments = {"QueryExecutionId": query, "NextToken": page["NextToken"]}


def _cells(row: Mapping[str, Any], names: Sequence[str]) -> Sequence[Mapping[str, str]]:
    """The cells of a row; the answer to DESCRIBE has its columns in one text, with tabs between them."""
    cells: Sequence[Mapping[str, str]] = row["Data"]
    if len(cells) == 1 < len(names):
        texts = cells[0].get("VarCharValue", "").split("\t")
        cells = [{"VarCharValue": text.strip()} for text in (*texts, *[""] * len(names))]
    return cells[: len(names)]


def _ago(interval: str) -> str:
    return f"current_timestamp - INTERVAL '{int(interval[:-1])}' {_UNITS[interval[-1]]}"


def _hours_of(interval: str) -> str:
    return f"{EVENT_HOUR} >= date_format({_ago(interval)}, '%Y-%m-%d-%H')"


def _value(cell: Mapping[str, str], kind: str) -> Any:
    """A cell as its column's type has it; https://docs.aws.amazon.com/athena/latest/ug/data-types.html"""
    text = cell.get("VarCharValue")
    return None if text is None else _SCALARS.get(kind, str)(text)


def _number(text: str) -> int | float:
    """A decimal: a whole number is one, as sums and counts are."""
    value = Decimal(text)
    return int(value) if value == value.to_integral_value() else float(value)


def _moment(text: str) -> str:
    """A time with nine digits of a second, and without the zone if that is UTC."""
    time_of_day, zone = text.removesuffix(" UTC"), ""
    if time_of_day.count(" ") > 1:  # a date, a time of day, another zone
        time_of_day, _, zone = time_of_day.rpartition(" ")
        zone = f" {zone}"
    whole, _, fraction = time_of_day.partition(".")
    return f"{whole}.{fraction:0<9}{zone}"


_SCALARS: Mapping[str, Callable[[str], object]] = {
    **dict.fromkeys(("tinyint", "smallint", "integer", "bigint"), int),
    **dict.fromkeys(("float", "real", "double"), float),
    **dict.fromkeys(("timestamp", "timestamp with time zone", "time"), _moment),
    "decimal": _number,
    "boolean": lambda text: text == "true",
}
