"""The generated stack with its state machine, ledger, catalog, bucket and store; functions run in this process."""

import json
import os
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import duckdb
import pyarrow as pa
import pytest
import urllib3
from botocore.config import Config
from pyarrow import parquet

from emulator import Clock, Cloud, Deployment, InvokeResult, StackTemplate, start
from handlers import (
    metric_export_planner,
    metric_export_publisher,
    metric_export_tidier,
    metric_export_unloader,
    metric_writer,
)
from handlers.adapters.dynamodb.export_hours import unload_rate as export_pace
from handlers.domain.exports.hour import Hour
from handlers.vocabulary import LAKE
from templates import config
from tests.support.athena_service import ended as athena_ended
from tests.support.dynamodb_clients import dynamodb_by_sdk
from tests.support.events import event
from tests.support.generated import build

REGION = "us-east-1"
Hook = Callable[[str, dict[str, Any]], None]


def nothing(_name: str, _event: dict[str, Any]) -> None:
    """Lets a function run undisturbed."""


class CrashError(Exception):
    """A function's process ended in the middle."""


@dataclass
class World:
    """A deployment in use. `before` and `after` are called around each invocation, and may crash it."""

    cloud: Cloud
    clock: Clock
    deployment: Deployment
    folder: Path
    before: Hook = nothing
    after: Hook = nothing
    invoked: list[str] = field(default_factory=list)
    _clients: dict[str, Any] = field(default_factory=dict)
    _functions: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """A client of the local AWS."""
        if service not in self._clients:
            settings = Config(inject_host_prefix=False, retries={"total_max_attempts": 1}, read_timeout=70)
            self._clients[service] = boto3.client(
                service, endpoint_url=self.cloud.endpoint_url, config=settings
            )
        return self._clients[service]

    @property
    def is_lake(self) -> bool:
        """True if points are in the lake, and not in Timestream."""
        return self.deployment.outputs["StoreKind"] == LAKE

    def fail_unloads(self) -> None:
        """Has the store fail one UNLOAD."""
        refused = {
            "service": "athena",
            "operation": "StartQueryExecution",
            "error": "InvalidRequestException",
        }
        of_timestream = {"timestream": {"fail_unloads": {"count": 1}}}
        self.faults({**refused, "count": 1} if self.is_lake else of_timestream)

    @property
    def hour(self) -> Hour:
        """The hour it is."""
        return Hour.containing(self.clock.now())

    def go_to(self, hour: Hour, minutes: float = 0) -> None:
        """Moves the clock to so many minutes into an hour; it goes forward only."""
        control = f"{self.cloud.endpoint_url}/_local/clock"
        seconds = hour.start_s + minutes * 60 - self.clock.now()
        assert seconds >= 0, "the clock moves forward only"
        _post(control, {"advance_seconds": seconds})

    def faults(self, *rules: Mapping[str, Any]) -> None:
        """Has requests fail, by these rules and no others; one named `timestream` is the engine's own."""
        url = f"{self.cloud.endpoint_url}/_local/faults"
        assert urllib3.request("DELETE", url).status == 200
        for rule in rules:
            _post(url, rule if "timestream" in rule else {"rules": [rule]})

    def struck(self) -> bool:
        """True if every fault that was asked for with a count has been used up."""
        reply = urllib3.request("GET", f"{self.cloud.endpoint_url}/_local/faults").json()
        engine = str(reply["timestream"])
        return not reply["rules"] and (not engine.count("count") or "'count': 0" in engine)

    def renew(self) -> None:
        """Forgets what earlier tests did: an empty ledger, no fault, no crash, and hours without points."""
        self.before = self.after = nothing
        self.faults()
        self.invoked.clear()
        table = self.deployment.outputs["ExportHoursTableName"]
        for item in self.client("dynamodb").scan(TableName=table)["Items"]:
            self.client("dynamodb").delete_item(TableName=table, Key={"id": item["id"]})
        self._functions.clear()
        # Objects of hours that no ledger knows would be asked for.
        for prefix in ("hot/", "late/"):
            for key in self.keys(prefix):
                self.client("s3").delete_object(Bucket=self.deployment.outputs["ExportBucketName"], Key=key)
        self.go_to(self.hour.plus(2))

    def write(self, *metrics: Mapping[str, Any]) -> None:
        """Has the writer store metrics, as one request that arrives now."""
        self.deliver(*event({"metrics": metrics}, arrival_ms=round(self.clock.now() * 1000))["Records"])

    def deliver(self, *records: Mapping[str, Any]) -> None:
        """Has the writer store a batch of the stream's records."""
        assert self._call("metric_writer", {"Records": records}) == {"batchItemFailures": []}

    def ask(self, sql: str) -> list[tuple[str | None, ...]]:
        """The rows of a query of Athena's, as text."""
        outputs, athena = self.deployment.outputs, self.client("athena")
        execution = athena.start_query_execution(
            QueryString=sql,
            WorkGroup=outputs["ExportWorkGroupName"],
            QueryExecutionContext={"Database": outputs["ExportDatabaseName"]},
        )["QueryExecutionId"]
        state = athena_ended(athena, execution)
        assert state["Status"]["State"] == "SUCCEEDED", state["Status"]
        rows = athena.get_query_results(QueryExecutionId=execution)["ResultSet"]["Rows"][1:]
        return [tuple(value.get("VarCharValue") for value in row["Data"]) for row in rows]

    def start(self, **payload: Any) -> str:
        """Starts an execution."""
        return str(
            self.client("stepfunctions").start_execution(
                stateMachineArn=self.deployment.outputs["MetricExportArn"],
                name=f"run-{uuid.uuid4()}",
                input=json.dumps(payload),
            )["executionArn"]
        )

    def ended(self, execution: str) -> dict[str, Any]:
        """An execution once it has ended."""
        for _ in range(1200):
            described: dict[str, Any] = self.client("stepfunctions").describe_execution(
                executionArn=execution
            )
            if described["status"] != "RUNNING":
                return described
            time.sleep(0.1)  # each question is work for both sides, on the cores that the execution needs
        raise AssertionError("the execution does not end")

    def export(self, **payload: Any) -> dict[str, str]:
        """An execution, to its good end: how each of its hours ended."""
        described = self.ended(self.start(**payload))
        assert described["status"] == "SUCCEEDED", described
        return {result["hour"]: result["outcome"] for result in json.loads(described["output"])["results"]}

    def scheduled(self) -> dict[str, str]:
        """What the schedule starts now."""
        return self.export(scheduled_time=self.clock.utcnow().strftime("%Y-%m-%dT%H:%M:%SZ"))

    def location(self, hour: Hour, dataset: str = "metrics") -> str | None:
        """Where readers are sent for an hour."""
        glue = self.client("glue")
        try:
            partition = glue.get_partition(
                DatabaseName=self.deployment.outputs["ExportDatabaseName"],
                TableName=dataset,
                PartitionValues=[hour.date, hour.of_day],
            )["Partition"]
        except glue.exceptions.EntityNotFoundException:
            return None
        return str(partition["StorageDescriptor"]["Location"])

    def columns(self, dataset: str = "metrics") -> list[str]:
        """The columns that readers know of."""
        table = self.client("glue").get_table(
            DatabaseName=self.deployment.outputs["ExportDatabaseName"], Name=dataset
        )["Table"]
        return [column["Name"] for column in table["StorageDescriptor"]["Columns"]]

    def update_catalog(self) -> None:
        """Does what CloudFormation does to the catalog's tables when the template says something new of them."""
        for table in self.deployment.of_type("AWS::Glue::Table"):
            database = table.properties["DatabaseName"]
            self.client("glue").update_table(DatabaseName=database, TableInput=table.properties["TableInput"])

    def keys(self, prefix: str) -> list[str]:
        """What lies below a prefix of the export bucket."""
        bucket = self.deployment.outputs["ExportBucketName"]
        pages = self.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def status(self, hour: Hour) -> dict[str, Any]:
        """The hour's status object."""
        key = f"metrics/{hour.date}/{hour.of_day}/_hour.json"
        found = self.client("s3").get_object(Bucket=self.deployment.outputs["ExportBucketName"], Key=key)
        status: dict[str, Any] = json.loads(found["Body"].read())
        return status

    def read(self, hour: Hour, dataset: str = "metrics") -> list[dict[str, Any]]:
        """What a reader sees of an hour: the same rows by pyarrow and by DuckDB, through the partition's location."""
        files = self._download(hour, dataset)
        if not files:
            return []
        table = pa.concat_tables([parquet.read_table(file) for file in files], promote_options="default")
        listed = ", ".join(f"'{file}'" for file in files)
        with duckdb.connect() as database:
            relation = database.sql(f"SELECT * FROM read_parquet([{listed}], union_by_name=true)")
            names = relation.columns
            by_duckdb = [dict(zip(names, row, strict=True)) for row in relation.fetchall()]
        by_pyarrow = table.to_pylist()
        simple = [name for name in names if name != "time"]
        assert sorted(_without_time(by_pyarrow, simple)) == sorted(_without_time(by_duckdb, simple))
        for row, time_ns in zip(
            by_pyarrow, table["time"].cast(pa.timestamp("ns")).cast(pa.int64()), strict=True
        ):
            row["time"] = time_ns.as_py()
        return by_pyarrow

    def _download(self, hour: Hour, dataset: str) -> list[Path]:
        location = self.location(hour, dataset)
        assert location is not None, f"{hour} is not published"
        bucket, _, prefix = location.removeprefix("s3://").partition("/")
        assert prefix.endswith("/results/")
        files = []
        for key in self.keys(prefix):
            files.append(self.folder / key.replace("/", "_"))
            self.client("s3").download_file(bucket, key, str(files[-1]))
        return files

    def invoke(self, _region: str, function: str, payload: bytes, _kind: str) -> InvokeResult:
        """Runs the function that a state machine invokes, as Lambda would report it."""
        name = function.rpartition(":")[2]
        functions = self.deployment.of_type("AWS::Lambda::Function")
        resource = next(each for each in functions if each.physical_id == name)
        module = resource.properties["Handler"].split(".")[1]
        event_ = json.loads(payload)
        name = f"{module}.{event_['step']}" if "step" in event_ else module
        self.invoked.append(name)
        try:
            self.before(name, event_)
            answer = self._call(module, event_)
            self.after(name, event_)
        except Exception as error:  # noqa: BLE001 -- whatever a function raises is its answer
            report = {"errorType": type(error).__name__, "errorMessage": str(error)}
            return InvokeResult(json.dumps(report).encode(), "Unhandled")
        return InvokeResult(json.dumps(answer).encode())

    def _call(self, module: str, event_: dict[str, Any]) -> Any:
        """A function's answer, as JSON makes it on the way to its caller."""
        if module not in self._functions:
            self._functions[module] = _build(module, self.clock)
        return json.loads(json.dumps(self._functions[module](event_)))


def _build(module: str, clock: Clock) -> Callable[[Any], Any]:
    """A function in a new process, with most of its time left."""
    seconds_left = 170.0
    match module:
        case "metric_writer":
            writer = metric_writer.build(os.environ, connect_dynamodb=dynamodb_by_sdk, clock=clock.now)
            return lambda event_: writer.write(event_, seconds_left)
        case "metric_export_planner":
            return metric_export_planner.build(os.environ).run
        case "metric_export_unloader":
            unloader = metric_export_unloader.build(os.environ)
            return lambda event_: unloader.run(event_, seconds_left)
        case "metric_export_publisher":
            return metric_export_publisher.build(os.environ).run
        case "metric_export_tidier":
            tidier = metric_export_tidier.build(os.environ)
            return lambda event_: tidier.run(event_, seconds_left)
        case _:
            raise AssertionError(f"no function of exports: {module}")


def _without_time(rows: list[dict[str, Any]], names: list[str]) -> list[str]:
    return [json.dumps([row[name] for name in names]) for row in rows]


def _post(url: str, body: object) -> None:
    answer = urllib3.request("POST", url, json=body)
    assert answer.status == 200, answer.data


@contextmanager
def deployed(folder: Path, monkeypatch: pytest.MonkeyPatch, environment: str = "dev") -> Iterator[World]:
    """An environment's stack in one region."""
    values = config.load(environment)
    body = build("regional", values).body
    parameters: Any = {"CodeBucket": "code-bucket", "CodeKey": "functions/x.zip"}
    clock = Clock()
    cloud = start(
        [REGION],
        [StackTemplate(values.stack_name, body, parameters)],
        aws_port=0,
        data_dir=folder / "data",
        clock=clock,
    )
    try:
        world = World(cloud, clock, cloud.deployments[REGION], folder)
        monkeypatch.setenv("TIDEGAUGE_ENVIRONMENT", environment)
        _set_environment(world, monkeypatch)
        cloud.invoke_with(world.invoke)
        yield world
    finally:
        for client in world._clients.values():
            client.close()
        cloud.close()


def _set_environment(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables of every function; those of the same name have the same value."""
    seen: dict[str, str] = {}
    for resource in world.deployment.of_type("AWS::Lambda::Function"):
        for name, value in resource.properties["Environment"]["Variables"].items():
            assert seen.setdefault(name, str(value)) == str(value), name
    for name, value in seen.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", world.cloud.endpoint_url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")
    monkeypatch.setattr(export_pace, "INTERVAL_S", 0.02)


@pytest.fixture(scope="module", params=["dev", "lake"])
def deployment(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[World]:
    """One deployment for all tests, of each kind of store."""
    with (
        pytest.MonkeyPatch.context() as patch,
        deployed(tmp_path_factory.mktemp("world"), patch, request.param) as ready,
    ):
        yield ready


@pytest.fixture
def world(deployment: World) -> World:
    """The deployment as if it were new, at the beginning of an hour."""
    deployment.renew()
    return deployment


def at(hour: Hour, seconds: float) -> int:
    """So many seconds into an hour, as a client writes it."""
    return round((hour.start_s + seconds) * 1000)


def points(hour: Hour, number: int, **dimensions: str) -> list[dict[str, Any]]:
    """Points of one series, one in each seconds of an hour."""
    return [
        {"metric_name": "cpu.load", "value": float(n), "timestamp": at(hour, n), "dimensions": dimensions}
        for n in range(number)
    ]
