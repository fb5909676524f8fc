"""Log lines from CloudWatch Logs."""

import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ops.__main__ import main
from ops.logs import log_groups
from ops.stack import Target

NOW_MS = int(time.time() * 1000)
WRITER, PLANNER = "metrics-dev-MetricWriterLogs-ABC123", "metrics-dev-MetricExportPlannerLogs-XYZ"
MACHINE = "/aws/vendedlogs/states/metrics-dev-MetricExport"
EMBEDDED = '{"PointsStored":1,"Project":"metrics","_aws":{"Timestamp":1},"requests":{"id/1=":[1,1,0,0]}}'


@pytest.fixture(autouse=True)
def _logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Three groups of a stack, and one of another."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setattr(Target, "stack", lambda _: {"StackName": "metrics-dev"})
    lines = {
        WRITER: [(-4000, "START\tRequestId: 1\n"), (-2000, EMBEDDED), (-7_200_000, "old")],
        PLANNER: [(-3000, "[ERROR] \x1b[2Jno")],
        MACHINE: [(-1000, '{"type":"ExecutionStarted"}')],
        "metrics-prod-MetricWriterLogs-ABC123": [(-1000, "another's")],
    }
    with mock_aws():
        client = boto3.client("logs", region_name="us-east-1")
        for group, events in lines.items():
            client.create_log_group(logGroupName=group)
            client.create_log_stream(logGroupName=group, logStreamName="s")
            found = sorted((NOW_MS + ago_ms, text) for ago_ms, text in events)
            client.put_log_events(
                logGroupName=group,
                logStreamName="s",
                logEvents=[{"timestamp": time_ms, "message": text} for time_ms, text in found],
            )
        yield


def shown(capsys: Any, *arguments: str) -> list[list[str]]:
    """Component and message of each line."""
    assert main(["logs", *arguments, "--format", "csv"]) == 0
    return [line.split(",", 2)[1:] for line in capsys.readouterr().out.splitlines()[1:]]


def test_lines_of_all_that_logs_stand_in_the_order_of_time(capsys: Any) -> None:
    """Of the stack alone and of the last quarter of an hour, without what only CloudWatch reads in them."""
    assert shown(capsys) == [
        ["MetricWriter", "START  RequestId: 1"],
        ["MetricExportPlanner", "[ERROR] \x1b[2Jno"],
        ["MetricWriter", '"{""PointsStored"":1,""requests"":{""id/1="":[1,1,0,0]}}"'],
        ["MetricExport", '"{""type"":""ExecutionStarted""}"'],
    ]
    assert main(["logs"]) == 0
    output = capsys.readouterr().out
    assert "\x1b" not in output
    assert output.endswith("(4 lines)\n")


def test_one_component_is_chosen_whatever_the_case_of_its_name(capsys: Any) -> None:
    """As far back as is asked for."""
    assert shown(capsys, "metricwriter", "--since", "3h")[0][1] == "old"
    assert shown(capsys, "METRICEXPORT")[0][0] == "MetricExport"


def test_a_request_is_followed_by_its_id(capsys: Any) -> None:
    """Every line that has it, whoever wrote it; an id is no pattern."""
    [[name, message]] = shown(capsys, "--request", "id/1=")
    assert name == "MetricWriter"
    assert "[1,1,0,0]" in message
    assert shown(capsys, "--request", 'x" "y') == []


def test_errors_alone_are_shown(capsys: Any) -> None:
    """Those of the code, and those that Lambda says of it."""
    assert [line[0] for line in shown(capsys, "--errors")] == ["MetricExportPlanner"]


def test_errors_of_what_is_no_function_are_shown(capsys: Any) -> None:
    """A state machine's steps that failed, and the API's requests that were refused; neither says ERROR."""
    lines = {
        MACHINE: [
            '{"type":"TaskFailed","details":{"error":"ApiGateway.403"},"execution_arn":"x"}',
            '{"type":"ExecutionTimedOut","execution_arn":"x"}',
        ],
        "metrics-dev-IngestApiAccessLog-ABC": [
            '{"status":"202"}',
            '{"status":"-"}',
            '{"status":"403"}',
            "[1]",
        ],
    }
    client = boto3.client("logs", region_name="us-east-1")
    client.create_log_group(logGroupName="metrics-dev-IngestApiAccessLog-ABC")
    for group, messages in lines.items():
        client.create_log_stream(logGroupName=group, logStreamName="more")
        events = [{"timestamp": NOW_MS, "message": message} for message in messages]
        client.put_log_events(logGroupName=group, logStreamName="more", logEvents=events)
    assert [message.split('""')[3] for _, message in shown(capsys, "metricexport", "--errors")] == [
        "TaskFailed",
        "ExecutionTimedOut",
    ]
    assert shown(capsys, "ingestapi", "--errors") == [["IngestApi", '"{""status"":""403""}"']]


def test_what_does_not_log_is_answered_with_the_names_alike(capsys: Any) -> None:
    """Or with all of them."""
    assert main(["logs", "MetricWrite"]) == 1
    assert "nothing called 'MetricWrite' logs here; did you mean MetricWriter" in capsys.readouterr().err
    assert main(["logs", "xyzzy"]) == 1
    assert "there are MetricExport, MetricExportPlanner, MetricWriter" in capsys.readouterr().err


def test_groups_are_named_by_what_logs_to_them() -> None:
    """The names that CloudFormation made are theirs."""
    client = boto3.client("logs", region_name="us-east-1")
    assert log_groups(client, "metrics-dev") == {
        "MetricExport": MACHINE, "MetricExportPlanner": PLANNER, "MetricWriter": WRITER,
    }  # fmt: skip
