"""PyAthena, awswrangler and Debian's AWS CLI, unmodified, query Athena in a bare emulator."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from tests.support.athena_lake import DATABASE, GROUP, HOT, HOUR, REGION, STORED, UNLOADS, lake
from tests.support.foreign_clients import DEBIANS_AWS
from tests.support.local_run import ROOT, wait_for

PYTHON = ROOT / ".venv-clients" / "bin" / "python"
SCRIPT = ROOT / "tests" / "support" / "athena_clients.py"
NAMES = sorted({name for name, _ in (*HOT, *STORED)})
# Name, how many, the largest value: what each client is asked for.
EXPECTED = [
    [name, len(values), max(values)]
    for name in NAMES
    for values in [[value for other, value in (*HOT, *STORED) if other == name]]
]

Aws = Callable[..., Any]


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """The environment of a client that knows the emulator's address and no more."""
    with lake(tmp_path_factory.mktemp("data")) as cloud:
        yield {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path_factory.mktemp("home")),
            "AWS_ENDPOINT_URL": cloud.endpoint_url,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": REGION,
        }


@pytest.fixture(scope="module")
def answers(variables: Mapping[str, str]) -> Mapping[str, Any]:
    """The answers of PyAthena and awswrangler, by their names in the script."""
    command = [str(PYTHON), str(SCRIPT), GROUP, DATABASE, UNLOADS]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(json.loads(line) for line in done.stdout.splitlines())


def test_pyathena_reads_rows_with_their_types(answers: Mapping[str, Any]) -> None:
    """From a view over lines and Parquet: texts, whole numbers, doubles."""
    assert answers["cursor"] == EXPECTED
    assert answers["columns"] == [["name", "varchar"], ["n", "bigint"], ["most", "double"]]


def test_pyathena_asks_with_parameters(answers: Mapping[str, Any]) -> None:
    """A text with quotes in it comes through whole."""
    assert answers["parameters"] == [['it\'s "é"', -0.1]]


def test_pyathena_lists_tables_and_names_errors(answers: Mapping[str, Any]) -> None:
    """SHOW TABLES has the view, and a table that there is not is an error that says so."""
    assert answers["tables"] == ["hot", "points", "stored"]
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
    assert answers["catalog"] == ["hot", "points", "stored"]


@pytest.fixture(scope="module")
def aws(variables: Mapping[str, str]) -> Aws:
    """A function that runs one of the AWS CLI's commands for Athena."""

    def run(*arguments: str) -> Any:
        command = [
            str(DEBIANS_AWS),
            "--endpoint-url",
            variables["AWS_ENDPOINT_URL"],
            "--output",
            "json",
            "athena",
        ]
        done = subprocess.run(
            [*command, *arguments], env=variables, capture_output=True, text=True, check=False, timeout=60
        )
        return json.loads(done.stdout) if done.returncode == 0 and done.stdout else done.stderr.strip()

    return run


def test_debians_cli_asks_and_reads(aws: Aws) -> None:
    """Start, wait, read: the steps of a script."""
    sql = f"SELECT name, value FROM points WHERE event_hour = '{HOUR}' ORDER BY value"
    asked = [
        "--query-string",
        sql,
        "--work-group",
        GROUP,
        "--query-execution-context",
        f"Database={DATABASE}",
    ]
    id_ = ["--query-execution-id", aws("start-query-execution", *asked)["QueryExecutionId"]]

    def state() -> str:
        return str(aws("get-query-execution", *id_)["QueryExecution"]["Status"]["State"])

    wait_for(lambda: state() not in {"QUEUED", "RUNNING"}, "the query's end", seconds=30)
    assert state() == "SUCCEEDED"
    rows = aws("get-query-results", *id_)["ResultSet"]["Rows"]
    told = [[value.get("VarCharValue") for value in row["Data"]] for row in rows]
    expected = sorted((*HOT, *STORED), key=lambda point: point[1])
    assert told[0] == ["name", "value"]
    assert [(name, float(value)) for name, value in told[1:]] == expected


def test_debians_cli_sees_the_catalog_and_errors(aws: Aws) -> None:
    """Tables by their metadata, work groups, and refusals by name."""
    names = ["--catalog-name", "AwsDataCatalog", "--database-name", DATABASE]
    tables = aws("list-table-metadata", *names)["TableMetadataList"]
    assert sorted(table["Name"] for table in tables) == ["hot", "points", "stored"]
    assert GROUP in {group["Name"] for group in aws("list-work-groups")["WorkGroups"]}
    refused = aws("start-query-execution", "--query-string", "SELECT (", "--work-group", GROUP)
    assert "(InvalidRequestException) when calling the StartQueryExecution operation: line 1:" in refused
