"""Requests as the pipeline and others send them."""

from typing import Any

import boto3
import orjson
from botocore.config import Config

from emulator.timestream import Store, create_database, create_table

DATABASE, TABLE = "metrics_dev", "metrics"
NOW_NS = 1_795_000_000_000_000_000


class ManualClock:
    """A clock that moves when told."""

    def __init__(self, now_ns: int = NOW_NS) -> None:
        self.now_ns = now_ns

    def __call__(self) -> int:
        """Nanoseconds since the epoch."""
        return self.now_ns


def record(value: float | str = 1.5, **members: Any) -> dict[str, Any]:
    """A multi-measure record of the host `a` at NOW_NS; members replace its own, None removes one."""
    base: dict[str, Any] = {
        "Dimensions": [{"Name": "metric_name", "Value": "cpu.load"}, {"Name": "host", "Value": "a"}],
        "MeasureName": "metric",
        "MeasureValueType": "MULTI",
        "MeasureValues": [{"Name": "value", "Value": str(value), "Type": "DOUBLE"}],
        "Time": str(NOW_NS),
        "TimeUnit": "NANOSECONDS",
        **members,
    }
    return {name: member for name, member in base.items() if member is not None}


def single(value: str, kind: str | None = "DOUBLE", **members: Any) -> dict[str, Any]:
    """A single-measure record of the host `a` at NOW_NS."""
    measure = {"MeasureName": "load", "MeasureValues": None, "MeasureValue": value, "MeasureValueType": kind}
    return record(**{**measure, **members})


def dimensions(**pairs: str) -> list[dict[str, str]]:
    """Dimensions as a record has them."""
    return [{"Name": name, "Value": value} for name, value in pairs.items()]


def write(store: Store, *records: dict[str, Any], common: dict[str, Any] | None = None) -> dict[str, Any]:
    """Write records to the one table and return how many were ingested, by store."""
    request: dict[str, Any] = {"DatabaseName": DATABASE, "TableName": TABLE, "Records": list(records)}
    if common is not None:
        request["CommonAttributes"] = common
    ingested: dict[str, Any] = store.write(request, orjson.dumps(request), {})["RecordsIngested"]
    return ingested


def create(store: Store, **members: Any) -> None:
    """Create the one database and table."""
    create_database(store, {"DatabaseName": DATABASE})
    create_table(store, {"DatabaseName": DATABASE, "TableName": TABLE, **members})


def select(store: Store, columns: str = "*", then: str = "") -> list[tuple[Any, ...]]:
    """Rows of the one table, by columns of its relation."""
    with store.reader() as (catalog, cursor):
        relation = catalog.table(DATABASE, TABLE).relation
        return cursor.execute(f"SELECT {columns} FROM {relation} {then}").fetchall()


def client(service: str, endpoint: str, region: str = "us-east-1", *, validate: bool = True) -> Any:
    """A boto3 client that tries each call once; without `validate` it sends what a shape forbids, too."""
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, parameter_validation=validate),
    )
