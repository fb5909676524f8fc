"""PyAthena, awswrangler and Debian's AWS CLI, unmodified, query Athena: in a bare emulator, and in a local run."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.athena_lake import DATABASE, GROUP, HOT, HOUR, REGION, STORED, UNLOADS, lake
from tests.support.foreign_clients import DEBIANS_AWS
from tests.support.local_run import ROOT, LocalRun, wait_for

PYTHON = ROOT / ".venv-clients" / "bin" / "python"
SCRIPT = ROOT / "tests" / "support" / "athena_clients.py"
POINTS = [*HOT, *STORED]
# Name, how many, the largest value: what each client is asked for.
EXPECTED = [
    [name, len(values), max(values)]
    for name in sorted({name for name, _ in POINTS})
    for values in [[value for other, value in POINTS if other == name]]
]

Aws = Callable[..., Any]


@dataclass(frozen=True)
class Lake:
    """A place with the points in it: a client's environment, and what it is told to use."""

    variables: Mapping[str, str]
    database: str
    group: str
    unloading: str
    folder: str
    hour: str


@contextmanager
def bare(data_dir: Path) -> Iterator[Lake]:
    """An emulator that has lines of JSON and Parquet."""
    with lake(data_dir) as cloud:
        variables = {
            "AWS_ENDPOINT_URL": cloud.endpoint_url,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": REGION,
        }
        yield Lake(variables, DATABASE, GROUP, GROUP, UNLOADS, HOUR)


@contextmanager
def local_run(_: Path) -> Iterator[Lake]:
    """A local run of the lake that the points were posted to."""
    run = LocalRun("--environment", "lake", "--no-feed")
    try:
        second_ms = int(time.time()) * 1000
        metrics = [
            {
                "metric_name": "m",
                "value": value,
                "timestamp": second_ms + number,
                "dimensions": {"name": name},
            }
            for number, (name, value) in enumerate(POINTS)
        ]
        assert run.post({"metrics": metrics}).status == 202
        hour = datetime.fromtimestamp(second_ms / 1000, UTC).strftime("%Y-%m-%d-%H")
        run.control("clock", {"advance_seconds": 60})  # the writer's batch does not fill
        hot = {"Bucket": run.environment["TIDEGAUGE_EXPORT_BUCKET_NAME"], "Prefix": f"hot/event_hour={hour}/"}
        s3 = run.client("s3")
        wait_for(lambda: s3.list_objects_v2(**hot)["KeyCount"] > 0, "an object of the hour", seconds=60)
        group, bucket = run.environment["TIDEGAUGE_EXPORT_WORK_GROUP_NAME"], hot["Bucket"]
        database = run.environment["TIDEGAUGE_EXPORT_DATABASE_NAME"]
        yield Lake(run.environment, database, group, "primary", f"s3://{bucket}/athena/clients/", hour)
    finally:
        run.kill()


@pytest.fixture(scope="module", params=[bare, local_run], ids=["bare emulator", "local run"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """A lake, and the environment of a client that knows its address and no more."""
    with request.param(tmp_path_factory.mktemp("data")) as found:
        home = {"PATH": os.environ["PATH"], "HOME": str(tmp_path_factory.mktemp("home"))}
        yield replace(found, variables={**found.variables, **home})


@pytest.fixture(scope="module")
def answers(place: Lake) -> Mapping[str, Any]:
    """The answers of PyAthena and awswrangler, by their names in the script."""
    sql = (
        "SELECT name, count(*) AS n, max(value) AS most FROM points "
        f"WHERE event_hour = '{place.hour}' GROUP BY name ORDER BY name"
    )
    given = {
        "sql": sql,
        "group": place.group,
        "unloading": place.unloading,
        "database": place.database,
        "folder": place.folder,
    }
    done = subprocess.run(
        [str(PYTHON), str(SCRIPT)],
        env=place.variables,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(json.loads(line) for line in done.stdout.splitlines())


def test_pyathena_reads_rows_with_their_types(answers: Mapping[str, Any]) -> None:
    """From a view over lines and Parquet: texts, whole numbers, doubles."""
    assert answers["cursor"] == EXPECTED
    assert answers["columns"] == [["name", "varchar"], ["n", "bigint"], ["most", "double"]]


def test_pyathena_asks_with_parameters(answers: Mapping[str, Any]) -> None:
    """A text with quotes in it comes through whole."""
    assert answers["parameters"] == [row for row in EXPECTED if row[0] == HOT[-1][0]]


def test_pyathena_lists_tables_and_names_errors(answers: Mapping[str, Any]) -> None:
    """SHOW TABLES has the view, and a table that there is not is an error that says so."""
    assert {"hot", "points"} <= set(answers["tables"])
    assert "TABLE_NOT_FOUND" in answers["error"]


def test_pyathena_reads_what_was_unloaded(answers: Mapping[str, Any]) -> None:
    """The cursor for pandas wraps the query in UNLOAD, and reads the manifest's files."""
    assert answers["unload"] == EXPECTED


@pytest.mark.parametrize("how", ["created frame", "frame", "unloaded frame"])
def test_awswrangler_makes_a_frame(answers: Mapping[str, Any], how: str) -> None:
    """From a table created for it, as it does by itself; from the result's CSV; and from UNLOAD's Parquet."""
    assert answers[how] == EXPECTED


def test_awswrangler_reads_in_chunks_and_lists_tables(answers: Mapping[str, Any]) -> None:
    """Row by row if it is asked to; its catalog is Glue's."""
    assert [row for chunk in answers["chunks"] for row in chunk] == EXPECTED
    assert answers["catalog"] == answers["tables"]


@pytest.fixture(scope="module")
def aws(place: Lake) -> Aws:
    """A function that runs one of the AWS CLI's commands for Athena."""

    def run(*arguments: str) -> Any:
        command = [
            str(DEBIANS_AWS),
            "--endpoint-url",
            place.variables["AWS_ENDPOINT_URL"],
            "--output",
            "json",
            "athena",
        ]
        done = subprocess.run(
            [*command, *arguments],
            env=place.variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return json.loads(done.stdout) if done.returncode == 0 and done.stdout else done.stderr.strip()

    return run


def test_debians_cli_asks_and_reads(aws: Aws, place: Lake) -> None:
    """Start, wait, read: the steps of a script."""
    sql = f"SELECT name, value FROM points WHERE event_hour = '{place.hour}' ORDER BY value"
    asked = [
        "--query-string",
        sql,
        "--work-group",
        place.group,
        "--query-execution-context",
        f"Database={place.database}",
    ]
    id_ = ["--query-execution-id", aws("start-query-execution", *asked)["QueryExecutionId"]]

    def state() -> str:
        return str(aws("get-query-execution", *id_)["QueryExecution"]["Status"]["State"])

    wait_for(lambda: state() not in {"QUEUED", "RUNNING"}, "the query's end", seconds=60)
    assert state() == "SUCCEEDED"
    rows = aws("get-query-results", *id_)["ResultSet"]["Rows"]
    told = [[value.get("VarCharValue") for value in row["Data"]] for row in rows]
    expected = sorted(POINTS, key=lambda point: point[1])
    assert told[0] == ["name", "value"]
    assert [(name, float(value)) for name, value in told[1:]] == expected


def test_debians_cli_sees_the_catalog_and_errors(aws: Aws, place: Lake) -> None:
    """Tables by their metadata, work groups, and refusals by name."""
    names = ["--catalog-name", "AwsDataCatalog", "--database-name", place.database]
    tables = aws("list-table-metadata", *names)["TableMetadataList"]
    assert {"hot", "points"} <= {table["Name"] for table in tables}
    assert place.group in {group["Name"] for group in aws("list-work-groups")["WorkGroups"]}
    refused = aws("start-query-execution", "--query-string", "SELECT (", "--work-group", place.group)
    assert "(InvalidRequestException) when calling the StartQueryExecution operation: line 1:" in refused
