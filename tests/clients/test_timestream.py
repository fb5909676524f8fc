"""awswrangler's Timestream functions, unmodified; and the queries that Grafana's data source makes of its macros."""

import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from emulator import Cloud
from tests.support.athena_lake import REGION, UNLOADS, lake
from tests.support.local_run import ROOT

PYTHON = ROOT / ".venv-clients" / "bin" / "python"
SCRIPT = ROOT / "tests" / "support" / "timestream_clients.py"
ROWS = [["a", 1.5], ["b", -2.25], ["a", 1e300]]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A bare emulator with a bucket."""
    with lake(tmp_path_factory.mktemp("data")) as started:
        yield started


@pytest.fixture(scope="module")
def answers(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """The answers of awswrangler's functions, by their names in the script."""
    environment = {
        "AWS_ENDPOINT_URL": cloud.endpoint_url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": REGION,
        "TZ": "UTC",
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path_factory.mktemp("home")),
    }
    done = subprocess.run(
        [str(PYTHON), str(SCRIPT)],
        env=environment,
        input=json.dumps({"folder": UNLOADS, "now_ms": int(time.time()) * 1000}),
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(json.loads(line) for line in done.stdout.splitlines())


def test_awswrangler_makes_and_lists_tables(answers: Mapping[str, Any]) -> None:
    """Databases and tables are there once they are made, and gone once they are deleted."""
    assert answers["databases"] == ["wrangled"]
    assert answers["tables"] == ["multi", "points"]
    assert answers["left"] == []


def test_awswrangler_writes_and_reads_frames(answers: Mapping[str, Any]) -> None:
    """Frames of one measure and of several are written whole, and read back with their types, also in chunks."""
    assert answers["rejected"] == answers["rejected of several"] == []
    assert answers["frame"] == answers["chunks"] == ROWS
    kinds = {"host": "string", "load": "float64", "n": "int64", "measure_name": "string"}
    assert {name: answers["types"][name] for name in kinds} == kinds
    assert answers["moments"] == answers["wanted moments"]
    assert "1" in answers["arrays"][0][0]


def test_awswrangler_unloads(answers: Mapping[str, Any]) -> None:
    """UNLOAD makes frames, of time series too, and files by partitions."""
    assert answers["unloaded"] == [[*row, number] for number, row in enumerate(ROWS, 1)]
    assert answers["unloaded series"] == {"a": [1.5, 1e300], "b": [-2.25]}
    assert answers["files"] == 3


_GRAFANA = {
    "$__timeFilter": "time BETWEEN from_milliseconds({0}) AND from_milliseconds({1})",
    "$__timeFrom": "{0}",
    "$__timeTo": "{1}",
    "$__now_ms": "{1}",
    "$__interval_ms": "10000ms",
    "$__interval_raw_ms": "10000",
    "$__database": '"grafana"',
    "$__table": '"points"',
    "$__measure": "cpu",
}


_SERIES = (
    "SELECT CREATE_TIME_SERIES(time, measure_value::double) AS cpu FROM $__database.$__table"
    " WHERE $__timeFilter AND measure_name = '$__measure' GROUP BY host"
)
_INTERPOLATED = (
    "WITH binned AS (SELECT host, BIN(time, $__interval_ms) AS t, AVG(measure_value::double) AS v"
    " FROM $__database.$__table WHERE $__timeFilter GROUP BY host, BIN(time, $__interval_ms))"
    " SELECT host, INTERPOLATE_LINEAR(CREATE_TIME_SERIES(t, v), SEQUENCE(min(t), max(t), $__interval_ms))"
    " FROM binned GROUP BY host"
)


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT measure_value::double FROM $__database.$__table WHERE $__timeFilter ORDER BY time", 6),
        ("SELECT * FROM $__database.$__table WHERE time >= from_milliseconds($__timeFrom)", 6),
        ("SELECT * FROM $__database.$__table WHERE time > from_milliseconds($__timeTo)", 0),
        (_SERIES, 2),
        (_INTERPOLATED, 2),
        (
            "SELECT DISTINCT host FROM $__database.$__table WHERE time > from_milliseconds($__now_ms - 600000)",
            2,
        ),
        ("SELECT from_milliseconds($__interval_raw_ms)", 1),
        ("SHOW MEASURES FROM $__database.$__table", 1),
        ("SHOW TABLES FROM $__database", 1),
    ],
)
def test_grafanas_macros(cloud: Cloud, query: str, rows: int) -> None:
    """Each macro of the data source, as it is put into a query, is read and answered."""
    now_ms = int(time.time()) * 1000
    writer, reader = cloud.client("timestream-write", REGION), cloud.client("timestream-query", REGION)
    names = {"DatabaseName": "grafana", "TableName": "points"}
    if "grafana" not in [found["DatabaseName"] for found in writer.list_databases()["Databases"]]:
        writer.create_database(DatabaseName="grafana")
        writer.create_table(**names)
        points = [
            {
                "Dimensions": [{"Name": "host", "Value": host}],
                "MeasureName": "cpu",
                "MeasureValue": str(10.0 + number),
                "Time": str(now_ms - 60_000 + number * 10_000),
            }
            for number in range(3)
            for host in ("a", "b")
        ]
        writer.write_records(**names, Records=points)
    for macro, replacement in _GRAFANA.items():
        query = query.replace(macro, replacement.format(now_ms - 300_000, now_ms))
    assert len(reader.query(QueryString=query)["Rows"]) == rows
