"""Starting and ending the local AWS."""

import dataclasses
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest
import urllib3
from botocore.exceptions import ClientError

from emulator import (
    Cloud,
    CloudError,
    EngineError,
    FromOutput,
    PortInUseError,
    StackTemplate,
    TemplateError,
    start,
    timestream_process,
)
from emulator.clock import Clock
from tests.support.local_run import wait_for

ARTIFACTS = {
    "Resources": {"Code": {"Type": "AWS::S3::Bucket"}},
    "Outputs": {"BucketName": {"Value": {"Ref": "Code"}}},
}
SMALL = {
    "Parameters": {"CodeBucket": {"Type": "String"}},
    "Resources": {"Database": {"Type": "AWS::Timestream::Database", "Properties": {"DatabaseName": "small"}},
                  "Table": {"Type": "AWS::Timestream::Table", "Properties": {
                      "DatabaseName": {"Ref": "Database"}, "TableName": "points",
                      "RetentionProperties": {"MemoryStoreRetentionPeriodInHours": 1,
                                              "MagneticStoreRetentionPeriodInDays": 30}}}},
    "Outputs": {"Bucket": {"Value": {"Ref": "CodeBucket"}}},
}  # fmt: skip
STACKS = (
    StackTemplate("small-artifacts", ARTIFACTS),
    StackTemplate("small", SMALL, {"CodeBucket": FromOutput("small-artifacts", "BucketName")}),
)


def begin(
    tmp_path: Path, *, templates: Sequence[StackTemplate] = STACKS, port: int = 0, **names: Any
) -> Cloud:
    """Start the local AWS with small stacks in one region."""
    return start(["us-east-1"], templates, aws_port=port, data_dir=tmp_path, clock=Clock(), **names)


def client(cloud: Cloud, service: str) -> Any:
    """A client of the local AWS."""
    session = boto3.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name="us-east-1")
    return session.client(service, endpoint_url=cloud.endpoint_url)


_EARLIER: set[threading.Thread] = set()


@pytest.fixture(autouse=True)
def earlier_threads() -> None:
    """Other tests of this process may have left pools behind, which are not this one's."""
    _EARLIER.clear()
    _EARLIER.update(threading.enumerate())


def left_behind() -> tuple[list[threading.Thread], list[psutil.Process]]:
    """The threads that began with this test, and the processes started here."""
    threads = [thread for thread in threading.enumerate() if thread not in _EARLIER]
    return threads, psutil.Process().children(recursive=True)


def engine(code: str) -> Any:
    """The command of an engine that runs this code."""

    def command(port: int, data_dir: Path, s3_endpoint: str) -> list[str]:
        return [sys.executable, "-c", code]

    return command


def test_it_leaves_nothing_behind(tmp_path: Path) -> None:
    """After close there is no thread, process, listener or variable more than before."""
    before = left_behind(), os.environ.get("MOTO_PORT")
    cloud = begin(tmp_path)
    kept = client(cloud, "s3")
    kept.list_buckets()
    port = int(cloud.endpoint_url.rsplit(":", 1)[1])
    cloud.close()
    kept.close()
    assert (left_behind(), os.environ.get("MOTO_PORT")) == before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


def test_a_caller_that_fails_without_closing_ends_too(tmp_path: Path) -> None:
    """An error nobody catches ends the process at once, and the engine with it."""
    code = (
        "import psutil, pathlib\n"
        "from emulator.clock import Clock\n"
        "from emulator import StackTemplate, start\n"
        "topic = {'Resources': {'T': {'Type': 'AWS::SNS::Topic'}}}\n"
        f"folder = pathlib.Path({str(tmp_path)!r})\n"
        "start(['us-east-1'], [StackTemplate('s', topic)], aws_port=0, data_dir=folder, clock=Clock())\n"
        "print(psutil.Process().children()[0].pid)\n"
        "raise SystemExit(7)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 7, done.stderr
    assert not psutil.pid_exists(int(done.stdout))


def test_a_later_stack_takes_an_earlier_ones_output(tmp_path: Path) -> None:
    """A parameter may be the output of a stack before it; the last stack is the region's deployment."""
    cloud = begin(tmp_path)
    try:
        bucket = client(cloud, "s3").list_buckets()["Buckets"][0]["Name"]
        assert cloud.deployments["us-east-1"].stack_name == "small"
        assert cloud.deployments["us-east-1"].outputs == {"Bucket": bucket}
    finally:
        cloud.close()


def test_a_published_deployment_replaces_what_is_shown(tmp_path: Path) -> None:
    """Outputs that only the local run knows can be put in the place of AWS's."""
    cloud = begin(tmp_path)
    try:
        deployment = cloud.deployments["us-east-1"]
        cloud.publish(dataclasses.replace(deployment, outputs={"IngestUrl": "http://127.0.0.1:8080/metrics"}))
        (stack,) = client(cloud, "cloudformation").describe_stacks(StackName="small")["Stacks"]
        assert stack["Outputs"] == [
            {"OutputKey": "IngestUrl", "OutputValue": "http://127.0.0.1:8080/metrics"}
        ]
    finally:
        cloud.close()


def test_a_second_start_finds_the_data_of_the_first(tmp_path: Path) -> None:
    """With the same folder the metric store is taken over, not refused as existing already."""
    begin(tmp_path).close()
    cloud = begin(tmp_path)
    try:
        timestream = client(cloud, "timestream-write")
        assert (
            timestream.describe_table(DatabaseName="small", TableName="points")["Table"]["TableName"]
            == "points"
        )
    finally:
        cloud.close()


def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:
    """The port is named, and nothing is left running."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUseError, match=str(port)) as refused:
            begin(tmp_path, port=port)
    assert "\n" not in str(refused.value)
    assert left_behind() == ([], [])


def test_a_template_that_is_refused_leaves_nothing_running(tmp_path: Path) -> None:
    """The error names the place, and endpoint and engine are gone."""
    bad = StackTemplate("bad", {"Resources": {"Car": {"Type": "AWS::Car::Wheel"}}})
    with pytest.raises(TemplateError, match="Car"):
        begin(tmp_path, templates=[bad])
    assert left_behind() == ([], [])


def test_without_an_engine_nobody_may_use_timestream(tmp_path: Path) -> None:
    """It answers as AWS answers an account that may not; clock and faults work, and nothing is left running."""
    with begin(tmp_path, templates=STACKS[:1], engine=None) as cloud:
        with pytest.raises(ClientError, match="Only existing Timestream for LiveAnalytics customers"):
            client(cloud, "timestream-write").list_databases()
        cloud.check()
        assert cloud.status()["timestream"] == {}
        cloud.clock.advance(3600)
        fault = json.dumps({"timestream": {"throttle": {}}})
        reply = urllib3.request("POST", f"{cloud.endpoint_url}/_local/faults", body=fault)
        assert (reply.status, reply.json()["error"]) == (400, "timestream: no Timestream runs here")
        assert urllib3.request("DELETE", f"{cloud.endpoint_url}/_local/faults").status == 200
    assert left_behind() == ([], [])


def test_an_engine_that_ends_at_once_says_why(tmp_path: Path) -> None:
    """The status and the last line it wrote are in the error; nothing is left running."""
    with pytest.raises(EngineError, match=r"status 3.*no such data") as refused:
        begin(tmp_path, engine=engine("import sys; print('no such data', file=sys.stderr); sys.exit(3)"))
    assert isinstance(refused.value, CloudError)
    assert left_behind() == ([], [])


def test_an_engine_that_ends_later_is_noticed(tmp_path: Path) -> None:
    """check() raises once the engine is gone, and calls to it fail as AWS's own errors do."""
    cloud = begin(tmp_path)
    try:
        cloud.check()
        (process,) = psutil.Process().children()
        process.terminate()
        assert _ended(cloud)
        query = client(cloud, "timestream-query")
        with pytest.raises(query.exceptions.InternalServerException):
            query.query(QueryString="SELECT 1")
    finally:
        cloud.close()
    assert left_behind() == ([], [])


def test_an_engine_that_was_killed_comes_back_with_what_it_took(tmp_path: Path) -> None:
    """check() starts it again, on its data and with the local clock's time; calls between fail as AWS's errors do."""
    cloud = begin(tmp_path)
    try:
        cloud.clock.advance(86_400)
        write, query = client(cloud, "timestream-write"), client(cloud, "timestream-query")
        write.create_database(DatabaseName="kept")
        write.create_table(DatabaseName="kept", TableName="kept")
        now_ms = str(int(cloud.clock.now() * 1000))
        record = {
            "Dimensions": [{"Name": "host", "Value": "a"}],
            "MeasureName": "m",
            "MeasureValue": "7",
            "Time": now_ms,
        }
        write.write_records(DatabaseName="kept", TableName="kept", Records=[record])
        (process,) = psutil.Process().children()
        process.kill()
        while process.status() != psutil.STATUS_ZOMBIE:  # to wait for it is its parent's business
            time.sleep(0.01)
        with pytest.raises(query.exceptions.InternalServerException):
            query.query(QueryString="SELECT 1")
        assert urllib3.request("GET", f"{cloud.endpoint_url}/_local/status").status == 200
        cloud.clock.advance(60)
        cloud.check()
        rows = query.query(QueryString='SELECT to_milliseconds(time), now() > time - 1h FROM "kept"."kept"')[
            "Rows"
        ]
        assert [[value["ScalarValue"] for value in row["Data"]] for row in rows] == [[now_ms, "true"]]
    finally:
        cloud.close()
    assert left_behind() == ([], [])


def test_the_clock_may_move_while_a_killed_engine_starts_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever moves it hears of no trouble, and the engine has the new time once it answers."""
    cloud = begin(tmp_path)
    ready = timestream_process.TimestreamProcess.wait_until_ready
    moved: list[float] = []

    def wait_until_ready(self: timestream_process.TimestreamProcess, within_s: float) -> None:
        cloud.clock.advance(86_400)  # nothing listens yet
        moved.append(cloud.clock.offset_s)
        ready(self, within_s)

    def came_back() -> bool:
        cloud.check()
        return bool(moved)

    try:
        monkeypatch.setattr(timestream_process.TimestreamProcess, "wait_until_ready", wait_until_ready)
        (process,) = psutil.Process().children()
        process.kill()
        wait_for(came_back, "the engine to come back", seconds=60)
        answer = client(cloud, "timestream-query").query(QueryString="SELECT to_milliseconds(now())")
        assert abs(int(answer["Rows"][0]["Data"][0]["ScalarValue"]) / 1000 - cloud.clock.now()) < 60
    finally:
        cloud.close()
    assert left_behind() == ([], [])


def test_an_engine_that_was_killed_is_given_time_for_its_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than for a start, as it reads again what it had written; then it is given up with the time that it had."""
    assert timestream_process._RESTART_SECONDS >= 10 * timestream_process._START_SECONDS
    cloud = begin(tmp_path)
    try:
        monkeypatch.setattr(timestream_process, "_RESTART_SECONDS", 0.0)
        (process,) = psutil.Process().children()
        process.kill()

        def checked() -> bool:
            cloud.check()
            return False

        with pytest.raises(EngineError, match="did not answer within 0 s"):
            wait_for(checked, "the engine's end", seconds=20)  # its threads take a moment to end
    finally:
        cloud.close()
    assert left_behind() == ([], [])


def test_a_delayed_request_does_not_delay_the_end(tmp_path: Path) -> None:
    """Close returns although a fault keeps a request waiting for minutes."""
    cloud = begin(tmp_path)
    rule = {"service": "sts", "latency_ms": 600_000}
    urllib3.request("POST", f"{cloud.endpoint_url}/_local/faults", json=rule)
    caller = threading.Thread(target=_failing_call, args=(client(cloud, "sts"),))
    caller.start()
    threading.Event().wait(0.5)
    cloud.close()
    caller.join(10)
    assert left_behind() == ([], [])


def test_a_waiting_execution_ends_with_the_local_run(tmp_path: Path) -> None:
    """No thread is left of an execution that would wait for days."""
    cloud = begin(tmp_path)
    states = client(cloud, "stepfunctions")
    definition = '{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 8640000, "End": true}}}'
    arn = states.create_state_machine(
        name="days", definition=definition, roleArn="arn:aws:iam::123456789012:role/r"
    )
    execution = states.start_execution(stateMachineArn=arn["stateMachineArn"])["executionArn"]
    time.sleep(0.5)
    assert states.describe_execution(executionArn=execution)["status"] == "RUNNING"
    began = time.monotonic()
    cloud.close()
    assert time.monotonic() - began < 4
    assert left_behind() == ([], [])


def _ended(cloud: Cloud) -> bool:
    """True if the engine's end is noticed within seconds; its threads take a moment to be gone."""
    for _ in range(500):
        try:
            cloud.check()
        except EngineError as error:
            return "ended with status 0" in str(error)
        time.sleep(0.01)
    return False


def _failing_call(sts: Any) -> None:
    with pytest.raises(Exception, match=r"."):
        sts.get_caller_identity()
