"""`ops quarantine query`: the points of a time as a table of DuckDB on this machine."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import pyarrow as pa

from ops.local_tables import LocalTables
from ops.quarantined.points import QuarantinedPoint

_TABLE = "quarantine"
_TIME = pa.timestamp("ms")
_COLUMNS = pa.schema(
    [
        ("arrived_at", _TIME), ("reason", pa.string()), ("metric", pa.string()), ("client", pa.string()),
        ("format", pa.string()), ("field", pa.string()), ("message", pa.string()), ("request_id", pa.string()),
        ("point_index", pa.int64()), ("attempt", pa.int64()), ("first_arrived_at", _TIME),
        ("redriven", pa.bool_()), ("dropped", pa.bool_()), ("payload", pa.string()),
    ]
)  # fmt: skip


class QuarantineTable(LocalTables):
    """The table `quarantine`, with a row for each point; `payload` is what the client sent, as JSON."""

    def __init__(self, points: Iterable[Sequence[QuarantinedPoint]]) -> None:
        super().__init__((_TABLE,))
        self._database.register("chunk", pa.Table.from_pylist([], _COLUMNS))
        # What is no JSON for DuckDB, as a text within may have half of a surrogate pair, is none here, too.
        shown = "* REPLACE (TRY_CAST(payload AS JSON) AS payload)"
        self._database.execute(f"CREATE TABLE {_TABLE} AS SELECT {shown} FROM chunk")  # noqa: S608 -- our own names
        for some in points:
            self._database.register("chunk", pa.Table.from_pylist(list(map(_row, some)), _COLUMNS))
            self._database.execute(f"INSERT INTO {_TABLE} SELECT {shown} FROM chunk")  # noqa: S608 -- our own names
        self._database.unregister("chunk")
        self.seal()


def _row(point: QuarantinedPoint) -> dict[str, object]:
    texts = {
        "reason": point.reason,
        "metric": point.metric,
        "client": point.client,
        "format": point.format,
        "field": point.field,
        "message": point.message,
        "request_id": point.request_id,
        "payload": json.dumps(point.payload, ensure_ascii=False),
    }
    return {
        **{name: text.encode(errors="replace").decode() for name, text in texts.items()},
        "arrived_at": datetime.fromtimestamp(point.arrived_s, UTC).replace(tzinfo=None),
        "first_arrived_at": datetime.fromtimestamp(point.first_arrived_s, UTC).replace(tzinfo=None),
        "point_index": point.index,
        "attempt": point.attempt,
        "redriven": point.redriven,
        "dropped": point.dropped,
    }
