"""The catalogue over a Timestream with real points in it."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from emulator.timestream import Server
from ops.catalogue import Catalogue
from ops.store.port import Meter
from ops.store.timestream import TimestreamStore

HOSTILE = """it's "ours"; DROP"""
KEYS = {"aws_access_key_id": "any", "aws_secret_access_key": "any", "region_name": "us-east-1"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Timestream with an empty table and one with points, two of them in one series."""
    with Server(Path(tmp_path_factory.mktemp("data"))) as server:
        client = boto3.client("timestream-write", endpoint_url=server.url, **KEYS)
        client.create_database(DatabaseName="metrics")
        for table in ("points", "empty"):
            client.create_table(DatabaseName="metrics", TableName=table)
        now_ms = time.time_ns() // 1_000_000
        points = [
            ("cpu", {"host": "a", "the-core": "0"}, 1.0, now_ms - 1000),
            ("cpu", {"host": "a", "the-core": "0"}, 2.0, now_ms),
            ("cpu", {"host": "b"}, 3.0, now_ms),
            (HOSTILE, {}, 4.0, now_ms),
        ]
        records = [
            {
                "Dimensions": [
                    {"Name": "metric_name", "Value": name},
                    {"Name": "metric_type", "Value": "system"},
                    *({"Name": key, "Value": text} for key, text in dimensions.items()),
                ],
                "MeasureName": "metric",
                "MeasureValueType": "MULTI",
                "MeasureValues": [{"Name": "value", "Value": str(value), "Type": "DOUBLE"}],
                "Time": str(time_ms),
            }
            for name, dimensions, value, time_ms in points
        ]
        client.write_records(DatabaseName="metrics", TableName="points", Records=records)
        yield server


def catalogue(server: Server, table: str) -> Catalogue:
    """The catalogue of a table."""
    client: Any = boto3.client("timestream-query", endpoint_url=server.url, **KEYS)
    return Catalogue(TimestreamStore(client, "metrics", table, Meter()))


def test_metrics_have_their_dimensions_and_newest_value(server: Server) -> None:
    """A dimension that a metric does not have is not among its own; names are listed whatever is in them."""
    of = catalogue(server, "points")
    dimensions = of.dimensions()
    assert dimensions == ["host", "the-core"]
    found = of.metrics(dimensions)
    assert [(one.name, one.dimensions, one.last.points, one.last.value) for one in found] == [
        ("cpu", {"host": 2, "the-core": 1}, 3, found[0].last.value),
        (HOSTILE, {}, 1, 4.0),
    ]
    assert found[0].last.value in {2.0, 3.0}
    assert [one.name for one in of.metrics(dimensions, limit=1)] == ["cpu"]


def test_series_of_a_metric_have_their_own_last_value(server: Server) -> None:
    """Each combination of dimensions is a series; one of a metric that is not there is none."""
    of = catalogue(server, "points")
    found = {tuple(one.dimensions.items()): one.last for one in of.series("cpu", ["host", "the-core"])}
    assert {key: (last.points, last.value) for key, last in found.items()} == {
        (("host", "a"), ("the-core", "0")): (2, 2.0),
        (("host", "b"),): (1, 3.0),
    }
    [alone] = of.series(HOSTILE, [])
    assert alone.last.points == 1
    assert of.series("nothing", []) == []


def test_a_table_without_points_has_no_dimensions_to_ask_for(server: Server) -> None:
    """Before the first point there is no column, and None says so."""
    assert catalogue(server, "empty").dimensions() is None
