"""The generated ingest API, served in front of a stream with AWS's limits: every outcome a client can meet."""

import gzip
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator import Clock, Cloud, FromOutput, Gateway, StackTemplate, serve_gateway, start
from templates.config import load
from tests.support.generated import build
from tests.support.http_client import Call, Reply, caller

REGIONS = ("us-east-1", "eu-west-1")
POINT = {"metric_name": "cpu.load", "value": 0.7}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """The dev stacks, generated and created in two regions."""
    config = load("dev")
    artifacts = StackTemplate("metrics-dev-artifacts", build("artifacts", config).body)
    code: dict[str, str | FromOutput] = {
        "CodeBucket": FromOutput(artifacts.name, "BucketName"),
        "CodeKey": "functions.zip",
    }
    regional = StackTemplate("metrics-dev", build("regional", config).body, code)
    folder: Path = tmp_path_factory.mktemp("stack")
    started = start(REGIONS, [artifacts, regional], aws_port=0, data_dir=folder, clock=Clock())
    yield started
    started.close()


@pytest.fixture
def ingest(cloud: Cloud) -> Iterator[Gateway]:
    """Its API, served."""
    served = serve_gateway(
        cloud.deployments["us-east-1"], port=0, endpoint_url=cloud.endpoint_url, clock=Clock()
    )
    yield served
    served.close()


@pytest.fixture
def send(ingest: Gateway) -> Call:
    """Send one request to it."""
    return caller(ingest.url)


@pytest.fixture
def kinesis(cloud: Cloud) -> Iterator[Any]:
    """A client of the local Kinesis."""
    client = cloud.client("kinesis", "us-east-1")
    yield client
    client.close()


def records(cloud: Cloud, kinesis: Any) -> list[dict[str, Any]]:
    """Everything on the stream."""
    stream = cloud.deployments["us-east-1"].outputs["StreamName"]
    found: list[dict[str, Any]] = []
    for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
        iterator = kinesis.get_shard_iterator(
            StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        found.extend(kinesis.get_records(ShardIterator=iterator)["Records"])
    return found


@pytest.fixture
def fault(cloud: Cloud) -> Iterator[Any]:
    """Make Kinesis fail until the test ends."""

    def control(method: str, body: Any = None) -> None:
        request = urllib.request.Request(  # noqa: S310 - the local endpoint
            f"{cloud.endpoint_url}/_local/faults", json.dumps(body).encode(), method=method
        )
        urllib.request.urlopen(request, timeout=5).close()  # noqa: S310 - the local endpoint

    yield lambda **rule: control("POST", {"rules": [{"service": "kinesis", **rule}]})
    control("DELETE")


def test_the_generated_stacks_deploy_in_two_regions(cloud: Cloud) -> None:
    """What is generated for dev is created whole, region by region, each with its outputs."""
    first, second = (cloud.deployments[region].outputs for region in REGIONS)
    assert first.keys() >= {
        "BaseUrl", "DatabaseName", "DimensionsTableName", "HealthUrl", "IngestUrl", "KeyArn",
        "MetricWriterName", "OperatorTopicArn", "QuarantineBucketName", "StreamName", "TableName",
    }  # fmt: skip
    assert first["QuarantineBucketName"] != second["QuarantineBucketName"]
    assert (first["DatabaseName"], first["TableName"]) == ("metrics_dev", "metrics")


def test_an_accepted_request_is_on_the_stream_under_its_id(send: Call, cloud: Cloud, kinesis: Any) -> None:
    """202 with the request id, which ends the record's partition key; the body is unchanged."""
    raw = b'{"metrics": [{"metric_name": "a", "value": 1.50, "timestamp": "2026-01-01T00:00:00Z"}]}'
    reply = send("POST", "/metrics", raw=raw)
    assert reply.status == 202
    (record,) = [
        item for item in records(cloud, kinesis) if item["PartitionKey"].endswith(reply.json["request_id"])
    ]
    assert record["PartitionKey"].split("/", 2)[:2] == ["json", "-"]
    assert record["Data"] == raw


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"no json", "Could not parse"),
        (b"", "instance type (null)"),
        (b'{"metrics": [{"value": 1}]}', 'missing required properties (["metric_name"])'),
        (b'{"metrics": [{"metric_name": "a", "value": "1"}]}', "instance type (string)"),
        (b'{"metrics": [{"metric_name": 5, "value": 1}]}', "instance type (integer)"),
        (b'{"metric_name": "a", "value": 1, "dimensions": {"host": 5}}', "instance type (integer)"),
        (b'{"metric_name": "a", "value": 1, "metric_type": "other"}', "not found in enum"),
        (b'{"metrics": []}', "array is too short"),
        (b'{"metric_name": "a", "value": 1, "timestamp": "yesterday"}', 'input string "yesterday"'),
        (b'{"metric_name": "a", "value": 1, "timestamp": "1763769600000"}', "ECMA 262 regex"),
        (b'{"metric_name": "a", "value": 1, "timestamp": "2026-01-01T00:00:00"}', "ECMA 262 regex"),
        (b'{"metric_name": "a", "value": 1, "timestamp": ""}', "ECMA 262 regex"),
        (b'{"metric_name": "a", "value": 1, "timestamp": 1763769600.5}', "instance type (number)"),
        (b'{"metric_name": "a", "value": 1, "timestamp": null}', "instance type (null)"),
        (b"[]", "instance type (array)"),
    ],
)
def test_what_is_no_metric_is_refused_with_the_reason(
    send: Call, cloud: Cloud, kinesis: Any, raw: bytes, reason: str
) -> None:
    """400 for the whole request, and nothing of it is on the stream."""
    before = len(records(cloud, kinesis))
    reply = send("POST", "/metrics", raw=raw)
    assert reply.status == 400
    assert reason in reply.json["reason"]
    assert len(records(cloud, kinesis)) == before


@pytest.mark.parametrize(
    "point",
    [
        b'{"metric_name": "a", "value": 1e999}',
        b'{"metric_name": "a", "value": 1, "timestamp": 99999999999999}',
        b'{"metric_name": "a", "value": 1, "timestamp": 1763769600}',
        b'{"metric_name": "a", "value": 1, "timestamp": "2026-02-30T00:00:00+01:00"}',
        b'{"metric_name": "%s", "value": 1}' % (b"n" * 5000),
        b'{"metric_name": "a", "value": 1, "dimensions": {%s}}'
        % b",".join(b'"d%d": "x"' % n for n in range(130)),
        b'{"metric_name": "a", "value": 1, "dimensions": {"measure_name": "x"}}',
    ],
)
def test_what_only_the_consumer_can_judge_is_accepted(send: Call, point: bytes) -> None:
    """Time, size and names are no matter of the model: 202."""
    assert send("POST", "/metrics", raw=point).status == 202


def test_a_body_over_a_record_is_too_large(send: Call) -> None:
    """413 from 1 MiB on, told by Kinesis, and of what was packed by what it unpacks to; 10 MB never get that far."""
    point = {"metric_name": "x" * 1024 * 1024, "value": 1}
    reply = send("POST", "/metrics", point)
    assert (reply.status, "1 MiB" in reply.json["message"]) == (413, True)
    packed = gzip.compress(b"a v=1\n" * 200_000)
    for path in ("/write", "/api/v2/write", "/api/v3/write_lp"):
        reply = send(
            "POST", path, raw=packed, content_type="text/plain", headers={"Content-Encoding": "gzip"}
        )
        assert (reply.status, reply.json["code"]) == (413, "request too large")
    assert send("POST", "/metrics", {**point, "metric_type": "y" * 10 * 1024 * 1024}).status == 413


@pytest.mark.parametrize("size", [1, 100])
def test_a_compressed_batch_is_accepted(send: Call, size: int) -> None:
    """gzip works for a single point as for many."""
    raw = gzip.compress(json.dumps({"metrics": [POINT] * size}).encode())
    assert send("POST", "/metrics", raw=raw, headers={"Content-Encoding": "gzip"}).status == 202


def on_stream(cloud: Cloud, kinesis: Any, before: int) -> list[tuple[str, bytes]]:
    """The format and the data of the records that came after so many."""
    return [
        (item["PartitionKey"].partition("/")[0], item["Data"]) for item in records(cloud, kinesis)[before:]
    ]


BYTES = bytes(range(256))
LINES = b"cpu,host=a value=1 1763769600000"


@pytest.mark.parametrize(
    ("path", "content_type", "raw", "status", "format_"),
    [
        ("/metrics", "application/gzip", BYTES, 202, "json-gz"),
        ("/v1/metrics", "application/x-protobuf", BYTES, 200, "otlp-pb"),
        ("/v1/metrics", "application/x-protobuf", b"", 200, "otlp-pb"),
        ("/v1/metrics", "Application/X-Protobuf;v=1", BYTES, 200, "otlp-pb"),
        ("/v1/metrics", "application/json; charset=utf-8", b'{"resourceMetrics": []}', 200, "otlp-json"),
        ("/v1/metrics", "application/json", b'{"resourceMetrics": [], "later": 1}', 200, "otlp-json"),
        ("/v1/metrics", "application/json", b"{}", 200, "otlp-json"),
        ("/write", "application/octet-stream", LINES, 204, "influx-ns"),
        ("/write?db=x&rp=y&precision=n", "text/plain", LINES, 204, "influx-ns"),
        ("/write?precision=u", "application/x-www-form-urlencoded", LINES, 204, "influx-us"),
        ("/write?precision=ms", None, LINES, 204, "influx-ms"),
        ("/write?precision=h", "text/plain", LINES, 204, "influx-h"),
        ("/write?precision=m", "text/plain", "höhe v=1".encode(), 204, "influx-m"),
        ("/api/v2/write?org=o&bucket=b", "text/plain; charset=utf-8", LINES, 204, "influx-ns"),
        ("/api/v2/write?precision=s&bucket=b", "text/plain; charset=utf-8", LINES, 204, "influx-s"),
        ("/api/v3/write_lp?db=x", "text/plain", LINES, 204, "influx-auto"),
        ("/api/v3/write_lp?precision=auto", "text/plain", LINES, 204, "influx-auto"),
        ("/api/v3/write_lp?precision=second&no_sync=true", "text/plain", LINES, 204, "influx-s"),
        ("/api/v3/write_lp?precision=nanosecond", None, LINES, 204, "influx-ns"),
    ],
)
def test_a_body_of_any_format_is_on_the_stream_unchanged(
    send: Call,
    cloud: Cloud,
    kinesis: Any,
    path: str,
    content_type: str | None,
    raw: bytes,
    status: int,
    format_: str,
) -> None:
    """Bytes as bytes, text as text, under the format that path, content type and precision make; no body says more."""
    before = len(records(cloud, kinesis))
    headers = {} if content_type is None else {"Content-Type": content_type}
    accepts = {"Accept": "application/x-protobuf, application/gzip"}
    reply = send("POST", path, raw=raw, headers={**headers, **accepts}, content_type=content_type)
    assert reply.status == status
    assert on_stream(cloud, kinesis, before) == [(format_, raw)]
    if format_ == "otlp-json":
        assert (reply.body, reply.headers["Content-Type"]) == (b"{}", "application/json")
    elif status != 202:
        assert reply.body == b""
    if format_ == "otlp-pb":
        assert reply.headers["Content-Type"] == "application/x-protobuf"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/write?precision=auto", "invalid precision (use n, u, ms, s, m or h)"),
        ("/write?precision=NS", "invalid precision (use n, u, ms, s, m or h)"),
        ("/api/v2/write?precision=m", "invalid precision; valid precision units are ns, us, ms, and s"),
        ("/api/v3/write_lp?precision=minute", "expected one of `auto`, `s`, `second`"),
        ("/api/v3/write_lp?precision=%22%7D%24input.body", "expected one of `auto`, `s`, `second`"),
    ],
)
def test_a_precision_that_is_none_is_refused_at_once(
    send: Call, cloud: Cloud, kinesis: Any, path: str, words: str
) -> None:
    """400 in the words of that version, where it and others look for them; nothing is stored in a wrong unit."""
    before = len(records(cloud, kinesis))
    reply = send("POST", path, raw=LINES, content_type="text/plain")
    assert (reply.status, reply.json["code"]) == (400, "invalid")
    assert words in reply.json["message"]
    assert reply.json["error"] == reply.json["message"]
    assert on_stream(cloud, kinesis, before) == []


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b'{"resourceSpans": []}', '"resourceSpans" of object has missing property dependencies'),
        (b'{"resourceLogs": []}', '"resourceLogs" of object has missing property dependencies'),
        (b'{"resource_metrics": []}', '"resource_metrics" of object has missing property dependencies'),
        (b'{"metric_name": "a", "value": 1}', "at least one required schema"),
        (b"[]", "instance type (array)"),
        (b"", "instance type (null)"),
        (b"no json", "Could not parse"),
        (b'{"resourceMetrics": [{"scopeMetrics": 7}]}', "instance type (integer)"),
    ],
)
def test_what_is_no_export_of_metrics_is_refused_with_the_reason(send: Call, raw: bytes, reason: str) -> None:
    """400 for traces, logs and what is no OTLP, which no exporter sends again."""
    reply = send("POST", "/v1/metrics", raw=raw)
    assert (reply.status, reason in reply.json["reason"]) == (400, True)
    assert send("POST", "/v1/traces", raw=BYTES, content_type="application/x-protobuf").status == 404


def test_clients_of_influxdb_may_ask_who_is_there(send: Call) -> None:
    """204 with a version, whichever method asks."""
    for method in ("GET", "HEAD"):
        reply = send(method, "/ping")
        assert (reply.status, reply.body) == (204, b"")
        assert reply.headers["X-Influxdb-Version"].startswith("Tidegauge ")
    assert send("POST", "/ping", raw=b"").headers["Allow"] == "GET,HEAD,OPTIONS"


def test_other_paths_methods_and_types_are_refused(send: Call) -> None:
    """404, 405 with Allow, 415; a browser may ask first."""
    assert {send(verb, path).status for verb in ("GET", "POST") for path in ("/", "/nope", "/metrics/x")} == {
        404
    }
    refused = send("PUT", "/metrics", POINT)
    assert (refused.status, refused.headers["Allow"]) == (405, "POST,OPTIONS")
    assert send("POST", "/metrics", raw=b"a,1", headers={"Content-Type": "text/csv"}).status == 415
    asked = send("OPTIONS", "/metrics", headers={"Origin": "https://a.example"})
    assert (asked.status, asked.body, "Content-Length" in asked.headers) == (204, b"", False)
    assert "POST" in asked.headers["Access-Control-Allow-Methods"]


def test_health_names_what_runs(send: Call) -> None:
    """Project, environment, region and version."""
    assert (
        send("GET", "/health").json.items()
        >= {
            "project": "metrics",
            "environment": "dev",
            "region": "us-east-1",
        }.items()
    )


def test_requests_over_the_throttle_are_to_be_sent_again(send: Call) -> None:
    """503 with Retry-After, as for a busy stream: on 429 Telegraf would drop what it has."""
    replies = [send("POST", "/write", raw=LINES, content_type="text/plain") for _ in range(40)]
    assert {reply.status for reply in replies} == {204, 503}
    refused = next(reply for reply in replies if reply.status == 503)
    assert (refused.headers["Retry-After"], refused.json["code"]) == ("2", "unavailable")
    assert refused.json["message"].startswith("Too many requests")


PROTOCOLS = {
    "/metrics": ("application/json", json.dumps(POINT).encode()),
    "/v1/metrics": ("application/x-protobuf", b""),
    "/write": ("text/plain", LINES),
    "/api/v2/write": ("text/plain", LINES),
    "/api/v3/write_lp": ("text/plain", LINES),
}
THROTTLED = {"error": "ProvisionedThroughputExceededException"}
FAILED = {"error": "InternalFailure", "status": 500}


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        *((path, rule) for path in PROTOCOLS for rule in (THROTTLED, FAILED)),
        ("/metrics", {"error": "KMSThrottlingException"}),
        ("/metrics", {"error": "ResourceNotFoundException"}),
        ("/metrics", {"status": 503}),
        ("/metrics", {"latency_ms": 7000, "when": "after"}),
    ],
)
def test_a_stream_in_trouble_is_no_loss_for_the_client(
    send: Call, fault: Any, path: str, rule: dict[str, Any]
) -> None:
    """503 with Retry-After, which every client repeats, whether Kinesis throttles, fails or times out; no word of the
    account or stream.
    """
    fault(operation="PutRecord", message="stream metrics of account 123456789012", **rule)
    content_type, raw = PROTOCOLS[path]
    reply: Reply = send("POST", path, raw=raw, content_type=content_type)
    assert (reply.status, int(reply.headers["Retry-After"]) > 0) == (503, True)
    assert set(reply.json) >= {"message", "request_id"}
    assert b"123456789012" not in reply.body
