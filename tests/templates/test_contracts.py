"""Contracts: what the templates and the code that runs in them must say alike."""

import ast
import dataclasses
import importlib
import inspect
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin, get_type_hints

from handlers.alert_evaluator import outcome_line
from handlers.domain.alerts.evaluation.outcome import Outcome
from handlers.domain.alerts.windows.aggregator import BatchReport
from handlers.domain.exports.report import results_line
from handlers.domain.exports.steps import HourResult
from handlers.domain.ingest.batch import Report, RequestAccount
from handlers.domain.ingest.envelope import NO_CLIENT, REDRIVEN, REDRIVEN_COUNTED, read_records
from handlers.domain.ingest.formats import READERS
from handlers.domain.ingest.formats.foreign import DEFAULT_OTLP_ATTRIBUTES
from handlers.domain.ingest.heartbeats import heartbeat_lines
from handlers.domain.ingest.quarantine import QuarantinedPoint, object_key
from handlers.domain.ingest.report import log_lines
from handlers.domain.violation import Reason, Violation
from handlers.vocabulary import (
    AGGREGATOR_HEARTBEAT_AGE,
    HEARTBEAT,
    NAMESPACE,
    QUARANTINED_POINTS,
    WRITER_HEARTBEAT_AGE,
    metric_dimensions,
)
from handlers.window_aggregator import report_line
from ops.bill.template import Deployed
from templates.components.ingest_api.formats import formats_of
from templates.components.ingest_api.formats.format import put_record
from templates.config import ENVIRONMENTS, Config, load
from templates.config.ingest import Ingest
from tests.support.aws_metrics import Documented, documented
from tests.support.events import ARRIVAL_MS, kinesis_record, records
from tests.support.generated import Generated, generated, with_warnings

_SELECT = re.compile(r'SELECT \w+\((?P<metric>\w+)\) FROM "(?P<namespace>[^"]+)" WHERE (?P<where>.*)')
HEARTBEATS = {("MetricWriterHeartbeat", "WriterHeartbeatAge"), ("WindowAggregator", "AggregatorHeartbeatAge")}
_LABEL = re.compile(r"(\w+) = '")


def test_every_handler_can_be_imported(regional: Generated) -> None:
    """A handler string leads to a function of two arguments."""
    for title, function in regional.of("AWS::Lambda::Function").items():
        module, _, name = function["Handler"].rpartition(".")
        handler = getattr(importlib.import_module(module), name)
        assert handler.__code__.co_argcount == 2, title


def test_variables_are_the_fields_of_the_handlers_environment(regional: Generated) -> None:
    """A function gets each variable that its environment dataclass reads, and no other.

    One that may be absent without another value in its place, the store's endpoint, is one of private mode.
    """
    for title, function in regional.of("AWS::Lambda::Function").items():
        module = importlib.import_module(function["Handler"].rpartition(".")[0])
        shape = _shape(module, title, regional.config.store.kind)
        fields = {
            field.name.upper()
            for field in dataclasses.fields(shape)
            if regional.config.network.private or field.default is not None
        }
        assert set(function["Environment"]["Variables"]) - {"STORE_KIND"} == fields, title


def test_functions_without_the_variable_keep_the_attributes_that_an_environment_without_the_setting_does() -> (
    None
):
    """The default is one, wherever it is written."""
    assert set(Ingest().otlp_attributes) == DEFAULT_OTLP_ATTRIBUTES


def _shape(module: Any, title: str, kind: str) -> Any:
    """The class of a function's environment; with the lake one that begins so, where it differs."""
    # A forwarder's title ends with what tells it from others of its kind.
    own = re.sub(r"([0-9a-f]{8})?Function$", "Environment", title)
    of_lake = [name for name in vars(module) if name.startswith("Lake") and name.endswith("Environment")]
    return getattr(module, of_lake[0] if kind == "lake" and of_lake else own)


def test_every_variable_is_used(regional: Generated) -> None:
    """The code of a function reads each field of its environment, so that no variable is set in vain."""
    for title, function in regional.of("AWS::Lambda::Function").items():
        module = importlib.import_module(function["Handler"].rpartition(".")[0])
        read = {
            node.attr
            for node in ast.walk(ast.parse(inspect.getsource(module)))
            if isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Load)
            and ast.unparse(node.value).rpartition(".")[2] in {"environment", "self"}
        }
        read |= {"store_kind"}  # by `is_lake`
        unread = {name for name in function["Environment"]["Variables"] if name.lower() not in read}
        assert not unread, title


def test_every_setting_is_used() -> None:
    """Some code outside the configuration reads each setting of an environment file."""
    source = "".join(
        file.read_text(encoding="utf-8")
        for folder in ("templates", "ops", "local")
        for file in (ENVIRONMENTS.parent / folder).rglob("*.py")
        if file.parent.name != "config"
    )
    read = {node.attr for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)}
    read |= {"canary"}  # in Fleet.order
    assert set(_settings(Config)) <= read


def _settings(section: Any) -> Iterator[str]:
    for name, kind in get_type_hints(section).items():
        inner = get_args(kind)[0] if get_origin(kind) is tuple else kind
        if dataclasses.is_dataclass(inner):
            yield from _settings(inner)
        yield name


def test_alarms_watch_metrics_that_the_functions_emit(regional: Generated) -> None:
    """An alarm on a metric, or a dimension, that no code emits would never go off."""
    emitted = _emitted(metric_dimensions("metrics", regional.config.environment))
    watched = {
        title: alarm
        for title, alarm in with_warnings(regional).of("AWS::CloudWatch::Alarm").items()
        if alarm.get("Namespace") == NAMESPACE
    }
    # The component whose line it is begins an alarm's name, as none of another does so closely.
    emitter = {title: max((one for one in emitted if title.startswith(one)), key=len) for title in watched}
    assert {(emitter[title], alarm["MetricName"]) for title, alarm in watched.items()} == {
        ("MetricWriter", "PointsQuarantined"),
        ("MetricWriter", "RecordsUnreadable"),
        ("AlertEvaluation", "AlertRulesOverCap"),
        ("AlertEvaluation", "AlertRulesUnreadable"),
        ("MetricExport", "HoursFailed"),
        ("MetricExport", "ExportLag"),
    } | (HEARTBEATS if regional.config.operators.heartbeat else set())
    for title, alarm in watched.items():
        line = emitted[emitter[title]]
        [directive] = line["_aws"]["CloudWatchMetrics"]
        assert alarm["MetricName"] in {metric["Name"] for metric in directive["Metrics"]}, title
        assert [[dimension["Name"] for dimension in alarm["Dimensions"]]] == directive["Dimensions"], title
        assert all(dimension["Value"] == line[dimension["Name"]] for dimension in alarm["Dimensions"]), title


def test_alarms_watch_metrics_that_aws_documents(regional: Generated) -> None:
    """By name and with those dimensions, queries in SQL included: one that is misspelled would never go off."""
    read = [
        one
        for alarm in with_warnings(regional).of("AWS::CloudWatch::Alarm").values()
        for one in _metrics_of(alarm)
        if one[0] != NAMESPACE
    ]
    assert {namespace for namespace, _, _ in read} >= {
        "AWS/ApiGateway",
        "AWS/Kinesis",
        "AWS/Lambda",
        "AWS/States",
    }
    assert set(read) <= documented()


def _metrics_of(alarm: Mapping[str, Any]) -> Iterator[Documented]:
    """Namespace, metric and names of dimensions of all that an alarm reads."""
    metrics = [alarm] if "MetricName" in alarm else []
    for query in alarm.get("Metrics", []):
        if "MetricStat" in query:
            metrics.append(query["MetricStat"]["Metric"])
        elif found := _SELECT.match(query["Expression"]):
            yield found["namespace"], found["metric"], frozenset(_LABEL.findall(found["where"]))
    for one in metrics:
        yield one["Namespace"], one["MetricName"], frozenset(named["Name"] for named in one["Dimensions"])


def test_functions_emit_no_metric_that_nothing_reads() -> None:
    """Each is billed: what neither an alarm nor the dashboard reads stands in the log alone."""
    [regional, fleet] = [
        one.body
        for one in generated()
        if one.config.environment == "prod" and one.stack in {"regional", "fleet"}
    ]
    emitted = {
        metric["Name"]
        for line in _emitted({}).values()
        for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    }
    assert emitted == Deployed(regional, fleet).own_metrics()
    assert "_aws" not in json.loads(report_line(BatchReport()))


def _emitted(dimensions: Mapping[str, str]) -> dict[str, Any]:
    """A log line of each function that reports metrics, with something to report of each, by component."""
    [record] = records({})
    violation = Violation(Reason.VALUE_TYPE, "value", "a value is a number")
    refused = [QuarantinedPoint(record, 0, violation, {})]
    accounts = [RequestAccount(record, 3, 1, 1, refused, unreadable=True)]
    report = Report(settled=accounts, retry_from=None, calls=1, throttles=1, causes=[])
    outcome = Outcome(1, 1, 1, 1, 1, 1, 1, {"rule": 1})
    results: list[HourResult] = [{"hour": "a", "outcome": "exported"}, {"hour": "b", "outcome": "failed"}]
    lines = {
        "MetricWriter": next(log_lines(report, dimensions, ARRIVAL_MS + 900, every_request=True)),
        "AlertEvaluation": outcome_line(outcome, dimensions, 0),
        "MetricExport": results_line(results, 960.0, dimensions, 0),
    }
    heartbeats = {"MetricWriterHeartbeat": WRITER_HEARTBEAT_AGE, "WindowAggregator": AGGREGATOR_HEARTBEAT_AGE}
    for component, metric in heartbeats.items():
        [lines[component]] = heartbeat_lines(metric, [record], None, ARRIVAL_MS / 1000 + 1, dimensions)
    return {component: json.loads(line) for component, line in lines.items()}


def test_every_format_that_the_api_takes_has_a_reader() -> None:
    """The name in a partition key is one that the consumers know, and the API takes whatever they know.

    Prometheus's remote write cannot pass an API, operators send again by the stream, and heartbeats hold nothing.
    """
    requests = [text for one in formats_of(load("dev").stream) for text in one.requests.values()]
    # The name itself, or one of those that a template chooses among.
    named = re.compile(r'"PartitionKey": "([a-z-]+)/|: "(influx-[a-z]+)"')
    written = {"".join(names) for text in requests for names in named.findall(text)}
    assert written - {HEARTBEAT} == READERS.keys() - {"remote-write", REDRIVEN, REDRIVEN_COUNTED}


def test_the_consumer_reads_the_partition_key_that_the_api_writes() -> None:
    """The request id that a client got is the one its points are accounted under, whatever is in it."""
    written = json.loads(put_record("json"))["PartitionKey"]
    key = written.replace("$context.extendedRequestId", "a/b+c/d=").replace("${Client}", NO_CLIENT)
    (record,) = read_records({"Records": [kinesis_record(b"{}", partition_key=key)]})
    assert (record.format, record.request_id, record.client) == ("json", "a/b+c/d=", NO_CLIENT)


def test_the_writer_may_put_its_objects_where_it_puts_them() -> None:
    """Quarantine objects begin with the one prefix that the writer's role allows."""
    (record,) = read_records({"Records": [kinesis_record(b"{}")]})
    assert object_key([record]).startswith(QUARANTINED_POINTS)
