"""The choice of the adapter, by what the stack says of its store."""

from collections.abc import Callable, Mapping
from typing import Any

from handlers.vocabulary import LAKE
from ops.store.athena import AthenaStore
from ops.store.port import Meter, Store
from ops.store.timestream import TimestreamStore


def store_of(outputs: Mapping[str, str], client: Callable[[str], Any], meter: Meter | None = None) -> Store:
    """The store of the stack with these outputs; one without `StoreKind` is older than the choice, and Timestream's."""
    if outputs.get("StoreKind") == LAKE:
        return AthenaStore(
            client("athena"),
            client("glue"),
            outputs["ExportDatabaseName"],
            outputs["ExportWorkGroupName"],
            meter or Meter(),
        )
    return TimestreamStore(
        client("timestream-query"), outputs["DatabaseName"], outputs["TableName"], meter or Meter()
    )
