"""The seams of ingest: what a format and a store take, shown by a toy of each.

The format is a reader in the table and a row of the API; the store is a class with one method and its limits. Nothing
else knows of them.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from troposphere import Template

from emulator.apigateway.mapping_template import Input, JavaMap, MappingTemplate, Util
from emulator.apigateway.request import ApiRequest
from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.rule import RuleSet
from handlers.domain.alerts.windows.aggregation import WindowAggregates
from handlers.domain.alerts.windows.aggregator import Aggregator
from handlers.domain.deadline import Deadline
from handlers.domain.ingest.batch import Ports, Report, ignore, write_batch
from handlers.domain.ingest.envelope import StreamRecord, read_records
from handlers.domain.ingest.formats import READERS
from handlers.domain.ingest.formats.foreign import DEFAULT_OTLP_ATTRIBUTES
from handlers.domain.ingest.request_reader import RequestReader
from handlers.domain.ingest.store import Outcome, StoreLimits, Written
from handlers.domain.point import Point, Series
from handlers.domain.violation import Violation
from templates.components.ingest_api import add_ingest_api
from templates.components.ingest_api.formats import formats_of
from templates.components.ingest_api.formats.format import Format, put_record
from templates.components.ingest_api.replies import Reply
from templates.components.platform import add_platform
from templates.components.stream import add_stream
from templates.config import load
from tests.support.events import ARRIVAL_MS, kinesis_record, metric
from tests.support.fake_ports import Clock, FakeQuarantine, FakeRegistry
from tests.support.rules import a_rule

# --- a format: a reader, and a row of the API ---


OURS = formats_of(load("prod").stream)
CSV = Format(
    name="Csv",
    path="upload/csv",
    requests=dict.fromkeys(["text/csv", "text/plain"], put_record("csv")),
    replies=(
        Reply(204, selects=r"2\d{2}", content_type="text/plain"),
        Reply(503, "send it again", headers={"Retry-After": "'2'"}, content_type="text/plain"),
    ),
)


# --- a store: one method, and its limits ---


class MemoryStore:
    """Keeps the highest version of each point."""

    keeps_every_version = False

    def __init__(self) -> None:
        self.rows: dict[tuple[Series, int], Point] = {}

    def write(self, points: Sequence[Point], deadline: Deadline) -> Written:
        """Every point ends as stored or superseded; the store knows of each from which request it came."""
        assert deadline.seconds_left() > 0
        outcomes: list[Outcome | Violation] = []
        for point in points:
            there = self.rows.get((point.series, point.time_ns))
            if there is not None and there.record.version > point.record.version:
                outcomes.append(Outcome.SUPERSEDED)
                continue
            self.rows[point.series, point.time_ns] = point
            outcomes.append(Outcome.STORED)
        return Written(outcomes, calls=1)


SMALL = StoreLimits(
    retention_days=7, future_ms=60_000, point_bytes=200, point_overhead_bytes=16, dimension_names=3
)


# --- and everything between them, as it is ---


class MemoryWindows:
    """Keeps what an aggregator writes."""

    def __init__(self) -> None:
        self.written: list[WindowAggregates] = []

    def cut(self, batch: Any) -> list[Any]:
        """No record was ever read before."""
        return [batch]

    def write(self, aggregates: WindowAggregates, batch: Any) -> int:
        """Takes any batch."""
        self.written.append(aggregates)
        return 1

    def claim(self, interval_start_s: int, now_s: float) -> bool:
        """Leaves the evaluation to another."""
        return False


class Rules:
    """Two rules in force."""

    def rules(self) -> RuleSet:
        """One for each of two metrics."""
        return RuleSet([a_rule(metric_name="disk.free", by=["host"]), a_rule(rule_id="cpu")])

    fresh = rules


@pytest.fixture(autouse=True)
def csv(monkeypatch: pytest.MonkeyPatch) -> None:
    """The row of the table of readers."""
    monkeypatch.setitem(READERS, "csv", "tests.support.csv_format")


def api(*formats: Format) -> dict[str, dict[str, Any]]:
    """The resources of an API that takes these formats."""
    template, config = Template(), load("prod")
    platform = add_platform(template, config)
    stream = add_stream(template, config, platform)
    add_ingest_api(template, config, platform, sink=stream, formats=formats)
    resources: dict[str, dict[str, Any]] = template.to_dict()["Resources"]
    return resources


def posted(body: bytes, position: int) -> StreamRecord:
    """The record that the API's row makes of a body, as a consumer gets it."""
    method = api(*OURS, CSV)["CsvPostMethod"]["Properties"]
    text, _ = method["Integration"]["RequestTemplates"]["text/csv"]["Fn::Sub"]
    context = JavaMap(extendedRequestId=f"csv/{position}=")
    inputs = Input(ApiRequest("POST", "/upload/csv", (), b""), ApiRequest("POST", "/", (), body))
    put = json.loads(
        MappingTemplate(text, where="test").render({"input": inputs, "context": context, "util": Util()})
    )
    event = kinesis_record(body, position, partition_key=put["PartitionKey"])
    event["kinesis"]["data"] = put["Data"]
    [record] = read_records({"Records": [event]})
    return record


def write(records: Sequence[StreamRecord], store: MemoryStore, quarantine: FakeQuarantine) -> Report:
    """What the writer makes of a batch."""
    ports = Ports(FakeRegistry(), store, SMALL, quarantine, ignore)
    return write_batch(records, ports, Clock().deadline(10))


def test_points_of_every_format_end_in_every_store() -> None:
    """Beside each other in a batch, each with its reason if it is refused, and all of them accounted for."""
    [ours] = read_records({"Records": [kinesis_record(metric("cpu.load", 3, dimensions={"host": "a"}))]})
    records = [ours, posted(b"disk.free,a,7.5\ndisk.free,,8\ndisk.free,b,x\n,b,1", 1), posted(b"", 2)]
    store, quarantine = MemoryStore(), FakeQuarantine()
    report = write(records, store, quarantine)
    assert {
        (point.series.metric_name, point.series.dimensions, point.value) for point in store.rows.values()
    } == {
        ("cpu.load", (("host", "a"),), 3.0),
        ("disk.free", (("host", "a"),), 7.5),
        ("disk.free", (), 8.0),
    }
    assert {
        (point.record.format, point.record.request_id, point.request_index) for point in store.rows.values()
    } == {("json", "request/0+=", 0), ("csv", "csv/1=", 0), ("csv", "csv/1=", 1)}
    assert [
        (line["request_id"], line["index"], line["reason"], line["field"], line["payload"])
        for line in quarantine.lines()
    ] == [
        ("csv/1=", 2, "value_type", "value", "disk.free,b,x"),
        ("csv/1=", 3, "metric_name_length", "metric_name", ",b,1"),
        ("csv/2=", 0, "body_form", "body", {"base64": ""}),
    ]
    assert [(one.received, one.stored, len(one.quarantined)) for one in report.settled] == [
        (1, 1, 0),
        (4, 2, 2),
        (1, 0, 1),
    ]


def test_a_store_has_limits_of_its_own() -> None:
    """Retention, lead, size and the budget of names are judged by what the store says of itself."""
    day_ms = 86_400_000
    bodies = [
        metric(timestamp=ARRIVAL_MS - 8 * day_ms),
        metric(timestamp=ARRIVAL_MS + 60_001),
        metric(dimensions={"host": "x" * 200}),
        metric(dimensions={f"d{n}": "x" for n in range(4)}),
        metric(dimensions={"a": "x", "b": "x", "c": "x"}),
        metric(dimensions={"d": "x"}),
    ]
    quarantine = FakeQuarantine()
    records = read_records({"Records": [kinesis_record(body, n) for n, body in enumerate(bodies)]})
    write(records, MemoryStore(), quarantine)
    assert [(line["reason"], line["message"]) for line in quarantine.lines()] == [
        ("timestamp_too_old", "older than the 7 days that the store keeps"),
        ("timestamp_in_future", "more than 1 minutes after its arrival"),
        ("point_too_large", "239 bytes of names and values; the store takes 200"),
        ("dimensions_too_many", "4 dimensions; the table takes 3 names from all clients together"),
        ("dimension_budget_spent", "the table's 3 names are taken; this one would be new"),
    ]


def test_a_later_version_supersedes_whatever_format_it_came_in() -> None:
    """The store keeps the highest version; an older batch that comes again changes nothing."""
    first, second = (kinesis_record(metric(value=n, timestamp=ARRIVAL_MS), n) for n in (1, 2))
    store = MemoryStore()
    for events in ([second], [first, second], [first]):
        report = write(read_records({"Records": events}), store, FakeQuarantine())
    assert [point.value for point in store.rows.values()] == [2.0]
    assert [(one.stored, one.superseded) for one in report.settled] == [(0, 1)]


def test_alerts_see_the_points_of_every_format() -> None:
    """The aggregator reads as the writer does."""
    windows: Any = MemoryWindows()
    aggregator = Aggregator(
        rules=Rules(),
        windows=windows,
        start=lambda _: None,
        timing=Timing(),
        group_cap=10,
        clock=lambda: ARRIVAL_MS / 1000,
    )
    records = [
        posted(b"disk.free,a,7.5\ndisk.free,a,8.5\ndisk.free,b,1\ndisk.free,b,x", 1),
        posted(b"", 2),
    ]
    records += read_records({"Records": [kinesis_record(metric(value=3), 3)]})
    report = aggregator.process(records, RequestReader(SMALL, DEFAULT_OTLP_ATTRIBUTES))
    assert (report.records, report.points, report.judged) == (3, 4, 4)
    [aggregates] = windows.written
    assert sorted(
        (group, statistics.count, statistics.maximum)
        for window in aggregates.values()
        for group, statistics in window.sets.items()
    ) == [((), 1, 3.0), (("a",), 2, 8.5), (("b",), 1, 1.0)]


def test_a_row_of_the_api_says_all_that_there_is_to_a_format() -> None:
    """Path, content types and answers are its own; what other rows make stays as it is."""
    resources, without = api(*OURS, CSV), api(*OURS)
    added = resources.keys() - without.keys()
    assert {name for name in added if not name.startswith("IngestApiDeployment")} == {
        "UploadPathResource",
        "CsvResource",
        "CsvPostMethod",
        "CsvAnyMethod",
    }
    assert resources["CsvResource"]["Properties"]["ParentId"] == {"Ref": "UploadPathResource"}
    assert resources["MetricsPostMethod"] == without["MetricsPostMethod"]
    method = resources["CsvPostMethod"]["Properties"]
    assert "RequestModels" not in method
    assert "RequestValidatorId" not in method
    assert method["AuthorizationType"] == "AWS_IAM"
    assert set(method["Integration"]["RequestTemplates"]) == {"text/csv", "text/plain"}
    assert [
        (one["StatusCode"], one.get("ResponseTemplates"))
        for one in method["Integration"]["IntegrationResponses"]
    ] == [("204", None), ("503", {"text/plain": "send it again"})]
    assert [one["StatusCode"] for one in method["MethodResponses"]] == ["204", "503"]


def test_paths_share_their_first_parts() -> None:
    """Two formats below one part of a path need it once."""
    resources = api(CSV, replace(CSV, name="Tsv", path="upload/tsv"))
    parents = [resources[f"{name}Resource"]["Properties"]["ParentId"] for name in ("Csv", "Tsv")]
    assert parents == [{"Ref": "UploadPathResource"}] * 2
