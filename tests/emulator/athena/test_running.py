"""Queries under way, with the engine behind them: over a lake in S3, called by boto3."""

from collections.abc import Iterator
from typing import Any

import pytest

from emulator import Cloud
from emulator.client import local_client
from tests.support.athena_lake import BUCKET, DATABASE, GROUP, HOT, HOUR, REGION, STORED, UNLOADS, lake
from tests.support.athena_service import ended


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """An emulator with a lake."""
    with lake(tmp_path_factory.mktemp("data")) as started:
        yield started


@pytest.fixture(scope="module")
def athena(cloud: Cloud) -> Iterator[Any]:
    """Athena's client."""
    client = local_client("athena", endpoint_url=cloud.endpoint_url, region=REGION)
    yield client
    client.close()


def ask(athena: Any, sql: str, **arguments: Any) -> dict[str, Any]:
    """The QueryExecution of a query that has ended."""
    context = {"Database": DATABASE}
    started = athena.start_query_execution(
        QueryString=sql, WorkGroup=GROUP, QueryExecutionContext=context, **arguments
    )
    return ended(athena, started["QueryExecutionId"])


def rows(athena: Any, execution: dict[str, Any]) -> list[list[str | None]]:
    """The texts of a query's rows, without the names of its columns."""
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
    answer = athena.get_query_results(QueryExecutionId=execution["QueryExecutionId"])
    return [[value.get("VarCharValue") for value in row["Data"]] for row in answer["ResultSet"]["Rows"]][1:]


def test_a_view_is_read_over_lines_and_parquet(athena: Any) -> None:
    """Both halves, hour by hour; the bytes of what was read are counted, of what was passed over not."""
    execution = ask(athena, f"SELECT name, value FROM points WHERE event_hour = '{HOUR}' ORDER BY value")
    told = [(name, float(value or "")) for name, value in rows(athena, execution)]
    assert told == sorted((*HOT, *STORED), key=lambda point: point[1])
    assert execution["Statistics"]["DataScannedInBytes"] > 0
    empty = ask(athena, "SELECT count(*) FROM points WHERE event_hour = '2026-11-25-19'")
    assert rows(athena, empty) == [["0"]]
    assert empty["Statistics"]["DataScannedInBytes"] == 0


def test_parameters_stand_for_values(athena: Any) -> None:
    """A value that is no expression is a text; one that is, is that."""
    sql = "SELECT count(*) FROM points WHERE name = ? AND value > ?"
    assert rows(athena, ask(athena, sql, ExecutionParameters=['it\'s "é"', "-1 + 0.5"])) == [["1"]]


def test_unload_writes_files_once(athena: Any, cloud: Cloud) -> None:
    """The manifest names them; into a folder that has objects nothing is unloaded."""
    sql = f"UNLOAD (SELECT name, value FROM points) TO '{UNLOADS}once/' WITH (format = 'PARQUET')"
    execution = ask(athena, sql)
    assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
    s3 = cloud.client("s3", REGION)
    manifest = execution["Statistics"]["DataManifestLocation"].removeprefix(f"s3://{BUCKET}/")
    files = s3.get_object(Bucket=BUCKET, Key=manifest)["Body"].read().decode().splitlines()
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix="unloads/once/")["Contents"]
    s3.close()
    assert files == [f"s3://{BUCKET}/{one['Key']}" for one in listed]
    answer = athena.get_query_results(QueryExecutionId=execution["QueryExecutionId"])
    assert answer["UpdateCount"] == len(HOT) + len(STORED)
    assert "HIVE_PATH_ALREADY_EXISTS" in ask(athena, sql)["Status"]["StateChangeReason"]
