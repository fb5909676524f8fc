"""Each path of the API, from a request to the rows in the store."""

import gzip
import json
import time
import urllib.request
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from tests.support.local_run import LocalRun
from tests.support.soak.hostile import attack
from tests.support.soak.report import lines_of
from tests.support.soak.soak import Plan, soak

pytestmark = pytest.mark.pipeline

NOW_MS = int(time.time() * 1000)
VALUES = {"a": 1.5, "b": -2.0}


def ours(name: str) -> bytes:
    """The points in our own JSON."""
    points = [
        {"metric_name": name, "value": value, "timestamp": NOW_MS, "dimensions": {"host": host}}
        for host, value in VALUES.items()
    ]
    return json.dumps({"metrics": points}).encode()


def lines(name: str, times: str) -> bytes:
    """The points in line protocol."""
    return "\n".join(f"{name},host={host} value={value} {times}" for host, value in VALUES.items()).encode()


def otlp(name: str) -> dict[str, Any]:
    """The points as an export of a gauge."""
    points = [
        {
            "attributes": [{"key": "host", "value": {"stringValue": host}}],
            "timeUnixNano": str(NOW_MS * 1_000_000),
            "asDouble": value,
        }
        for host, value in VALUES.items()
    ]
    metrics = [{"name": name, "gauge": {"dataPoints": points}}]
    return {"resourceMetrics": [{"scopeMetrics": [{"metrics": metrics}]}]}


def protobuf(name: str) -> bytes:
    """The same in protobuf."""
    request = ExportMetricsServiceRequest()
    metrics = request.resource_metrics.add().scope_metrics.add().metrics.add(name=name)
    for host, value in VALUES.items():
        point = metrics.gauge.data_points.add(time_unix_nano=NOW_MS * 1_000_000, as_double=value)
        point.attributes.add(key="host").value.string_value = host
    return request.SerializeToString()


@pytest.fixture(scope="module")
def sent(running: LocalRun) -> dict[str, int]:
    """The status of a request by each path, whose metric is called after it; each twice, the second time compressed.

    The first goes to the base URL with the stage, the second to the one without.
    """
    json_type, text = "application/json", "text/plain; charset=utf-8"
    requests = {
        "ours": ("/metrics", json_type, ours("ours")),
        "packed": ("/metrics", "application/gzip", gzip.compress(ours("packed"))),
        "otlp_json": ("/v1/metrics", json_type, json.dumps(otlp("otlp_json")).encode()),
        "otlp_protobuf": ("/v1/metrics", "application/x-protobuf", protobuf("otlp_protobuf")),
        "influx_1": ("/write?db=x&precision=u", "text/plain", lines("influx_1", f"{NOW_MS}000")),
        "influx_2": ("/api/v2/write?bucket=x", text, lines("influx_2", f"{NOW_MS}000000")),
        "influx_3": ("/api/v3/write_lp?db=x", text, lines("influx_3", f"{NOW_MS}")),
    }
    bases = {
        "identity": running.environment["TIDEGAUGE_BASE_URL"],
        "gzip": running.environment["TIDEGAUGE_URL"].removesuffix("/metrics"),
    }
    statuses = {}
    for name, (path, content_type, body) in requests.items():
        for coding, base in bases.items():
            if coding == "gzip" and content_type == "application/gzip":
                continue
            headers = {"Content-Type": content_type, "Content-Encoding": coding}
            packed = gzip.compress(body) if coding == "gzip" else body
            request = urllib.request.Request(base + path, packed, headers)  # noqa: S310 - our own URL
            with urllib.request.urlopen(request, timeout=40) as reply:  # noqa: S310
                statuses[name] = reply.status
    return statuses


def test_each_path_says_yes_in_its_own_way(sent: dict[str, int]) -> None:
    """202 of ours, 200 of OpenTelemetry, 204 of InfluxDB."""
    assert sent == {
        "ours": 202,
        "packed": 202,
        "otlp_json": 200,
        "otlp_protobuf": 200,
        "influx_1": 204,
        "influx_2": 204,
        "influx_3": 204,
    }


def test_the_same_points_by_any_path_are_the_same_rows(running: LocalRun, sent: dict[str, int]) -> None:
    """Two for each name, with the same time, value, type and dimension, however often and packed they came."""
    names = ", ".join(f"'{name}'" for name in sent)
    sql = (
        "SELECT metric_name, host, metric_type, value, to_milliseconds(time) FROM {table} "
        f"WHERE metric_name IN ({names}) ORDER BY metric_name, host"
    )
    for name in sent:
        running.wait_until_stored(name, len(VALUES))
    rows = [(row[0], row[1], row[2], float(row[3]), int(row[4])) for row in running.select(sql)]
    assert rows == [
        (name, host, "application", value, NOW_MS) for name in sorted(sent) for host, value in VALUES.items()
    ]


def test_what_clients_were_told_is_what_is_there(running: LocalRun, sent: dict[str, int]) -> None:
    """By every path at once, under faults, kills and resharding: nothing is lost, twice or of an earlier version."""
    assert sent
    plan = Plan("timestream", seed=7, points=4_000, faults=8, kills=1, points_per_request=60, settles_s=1.0)
    soaked = soak(running, plan, lambda _: None)
    assert soaked.verdict.differences == [], "\n".join(lines_of(plan, soaked))
    assert soaked.ledger.points["corrected"]
    assert soaked.troubles.struck


def test_hostile_inputs_come_to_one_end_each(running: LocalRun) -> None:
    """By every path: what was taken is stored or set aside, and every answer is 2xx or 4xx."""
    found = attack(running, 300, 1, lambda _: None, readers=False)
    assert found.differences == []
    assert len(found.points) > 100
