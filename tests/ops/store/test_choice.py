"""The choice of the adapter."""

import pytest

from ops.store.athena import AthenaStore
from ops.store.choice import store_of
from ops.store.timestream import TimestreamStore

TIMESTREAM = {"DatabaseName": "metrics_dev", "TableName": "metrics"}
LAKE = {"StoreKind": "lake", "ExportDatabaseName": "metrics_lake", "ExportWorkGroupName": "metrics-lake"}


@pytest.mark.parametrize(
    ("outputs", "kind", "points", "services"),
    [
        (TIMESTREAM, TimestreamStore, '"metrics_dev"."metrics"', ["timestream-query"]),
        (
            {**TIMESTREAM, "StoreKind": "timestream"},
            TimestreamStore,
            '"metrics_dev"."metrics"',
            ["timestream-query"],
        ),
        (LAKE, AthenaStore, '"metrics_lake"."points"', ["athena", "glue"]),
    ],
)
def test_the_stack_says_which_store_it_has(
    outputs: dict[str, str], kind: type, points: str, services: list[str]
) -> None:
    """One that says nothing is older than the choice; no client of the other kind is made."""
    made: list[str] = []
    store = store_of(outputs, made.append)
    assert isinstance(store, kind)
    assert store.points == points
    assert made == services
