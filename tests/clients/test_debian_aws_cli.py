"""Debian's AWS CLI, whose SDK is years older than the one that ships: values exact, errors by their names."""

import json
import re
import time
from pathlib import Path

import pytest

from tests.support.foreign_clients import VALUES, ForeignClients, scalars
from tests.support.local_run import LocalRun, wait_for


def refusal(answer: object) -> str:
    """The error's name and operation in what the CLI says of it."""
    found = re.fullmatch(
        r"An error occurred \((\w+)\) when calling the (\w+) operation.*", str(answer), re.DOTALL
    )
    assert found, answer
    return f"{found[2]} {found[1]}"


def test_it_reads_back_what_was_posted(run: LocalRun, clients: ForeignClients) -> None:
    """Every value comes back as the number it was, at its millisecond, with its dimensions, page by page."""
    now = int(time.time() * 1000)
    metrics = [
        {"metric_name": "cli", "value": value, "timestamp": now + n, "dimensions": {"name": f"é {n}"}}
        for n, value in enumerate(VALUES)
    ]
    assert run.post({"metrics": metrics}).status == 202
    run.wait_until_stored("cli", len(VALUES))
    sql = f"SELECT to_milliseconds(time), name, value FROM {clients.table} WHERE metric_name = 'cli' ORDER BY time"
    answer = clients.aws("timestream-query", "query", "--query-string", sql, "--page-size", "3")
    rows = [(int(time or ""), name, float(value or "")) for time, name, value in scalars(answer)]
    assert rows == [(now + n, f"é {n}", value) for n, value in enumerate(VALUES)]


def test_it_writes_records_itself(clients: ForeignClients) -> None:
    """A table of its own, a record, the record again with another value: refused with its index and version."""
    database = clients.variables["TIDEGAUGE_DATABASE_NAME"]
    table = ["--database-name", database, "--table-name", "cli"]
    made = clients.aws("timestream-write", "create-table", *table)
    assert made["Table"]["TableStatus"] == "ACTIVE"

    now = str(int(time.time() * 1000))

    def write(value: str) -> object:
        record = {
            "MeasureName": "load",
            "MeasureValue": value,
            "Dimensions": [{"Name": "host", "Value": "a"}],
        }
        records = json.dumps([{**record, "Time": now}])
        return clients.aws("timestream-write", "write-records", *table, "--records", records)

    assert write("1.25") == {"RecordsIngested": {"Total": 1, "MemoryStore": 1, "MagneticStore": 0}}
    assert refusal(write("2.5")) == "WriteRecords RejectedRecordsException"
    sql = f'SELECT host, "measure_value::double" FROM "{database}"."cli"'
    assert scalars(clients.aws("timestream-query", "query", "--query-string", sql)) == [["a", "1.25"]]


@pytest.mark.parametrize(
    ("command", "named"),
    [
        (["timestream-query", "query", "--query-string", "SELECT nonsense("], "Query ValidationException"),
        (
            ["timestream-write", "describe-table", "--database-name", "none", "--table-name", "none"],
            "DescribeTable ResourceNotFoundException",
        ),
        (
            ["kinesis", "describe-stream-summary", "--stream-name", "none"],
            "DescribeStreamSummary ResourceNotFoundException",
        ),
        (["cloudformation", "describe-stacks", "--stack-name", "none"], "DescribeStacks ValidationError"),
        (["s3api", "list-objects-v2", "--bucket", "none-at-all"], "ListObjectsV2 NoSuchBucket"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_it_names_errors_as_aws_does(clients: ForeignClients, command: list[str], named: str) -> None:
    """Errors are the operation's, by the names that scripts look for."""
    assert refusal(clients.aws(*command)) == named


def test_it_sees_the_stack_and_its_stream(clients: ForeignClients) -> None:
    """The outputs are those of the environment file, and the stream is there."""
    [stack] = clients.aws("cloudformation", "describe-stacks", "--stack-name", "metrics-dev")["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    stream = clients.variables["TIDEGAUGE_STREAM_NAME"]
    assert (stack["StackStatus"], outputs["StreamName"]) == ("CREATE_COMPLETE", stream)
    summary = clients.aws("kinesis", "describe-stream-summary", "--stream-name", stream)
    assert summary["StreamDescriptionSummary"]["StreamStatus"] == "ACTIVE"


def test_it_fetches_the_quarantine(run: LocalRun, clients: ForeignClients, tmp_path: Path) -> None:
    """A point that cannot be stored is in the bucket, with its reason, and `s3 cp` brings it."""
    reply = run.post({"metric_name": "cli.old", "value": 1, "timestamp": 1})
    wait_for(lambda: run.quarantine(reply.body["request_id"]) != [], "the quarantined point", seconds=60)
    source = f"s3://{clients.variables['TIDEGAUGE_QUARANTINE_BUCKET_NAME']}/quarantine/"
    assert clients.aws("s3", "cp", "--recursive", "--quiet", source, str(tmp_path)) is None
    lines = [json.loads(line) for file in tmp_path.rglob("*.jsonl") for line in file.read_text().splitlines()]
    [mine] = [line for line in lines if line["request_id"] == reply.body["request_id"]]
    assert (mine["field"], mine["payload"]["metric_name"]) == ("timestamp", "cli.old")
