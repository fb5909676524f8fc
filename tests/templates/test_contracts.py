"""What the templates and the code that runs in them must say alike."""

import dataclasses
import importlib
import json

from handlers.metrics.batch import Report
from handlers.metrics.envelope import NO_CLIENT, read_records
from handlers.metrics.quarantine import object_key
from handlers.metrics.report import log_lines
from templates.components.ingest_api.methods import velocity
from templates.components.quarantine import POINTS
from tests.handlers.events import kinesis_record
from tests.templates.generated import Generated


def test_every_handler_can_be_imported(regional: Generated) -> None:
    """A handler string leads to a function of two arguments."""
    for title, function in regional.of("AWS::Lambda::Function").items():
        module, _, name = function["Handler"].rpartition(".")
        handler = getattr(importlib.import_module(module), name)
        assert handler.__code__.co_argcount == 2, title


def test_variables_are_the_fields_of_the_handlers_environment(regional: Generated) -> None:
    """A function gets each variable that its environment dataclass reads, and no other."""
    for title, function in regional.of("AWS::Lambda::Function").items():
        module = importlib.import_module(function["Handler"].rpartition(".")[0])
        shape = getattr(module, title.removesuffix("Function") + "Environment")
        fields = {field.name.upper() for field in dataclasses.fields(shape)}
        assert set(function["Environment"]["Variables"]) == fields, title


def test_alarms_watch_metrics_that_the_writer_emits(regional: Generated) -> None:
    """An alarm on a metric, or a dimension, that nobody emits would never go off."""
    report = Report(settled=[], retry_from=None, calls=0, throttles=0, causes=[])
    line = json.loads(next(log_lines(report, regional.config.environment, 0, every_request=True)))
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    emitted = {metric["Name"] for metric in directive["Metrics"]}
    alarms = [
        alarm
        for title, alarm in regional.of("AWS::CloudWatch::Alarm").items()
        if title.startswith("MetricWriter") and alarm["Namespace"] == directive["Namespace"]
    ]
    assert {alarm["MetricName"] for alarm in alarms} == {"PointsQuarantined", "RecordsUnreadable"}
    for alarm in alarms:
        assert alarm["MetricName"] in emitted
        (dimension,) = alarm["Dimensions"]
        assert [[dimension["Name"]]] == directive["Dimensions"]
        assert dimension["Value"] == line[dimension["Name"]]


def test_the_consumer_reads_the_partition_key_that_the_api_writes() -> None:
    """The request id that a client got is the one its points are accounted under, whatever is in it."""
    written = json.loads(velocity("put_record"))["PartitionKey"]
    key = written.replace("$context.extendedRequestId", "a/b+c/d=")
    (record,) = read_records({"Records": [kinesis_record(b"{}", partition_key=key)]})
    assert (record.request_id, record.client, record.violation) == ("a/b+c/d=", NO_CLIENT, None)


def test_the_writer_may_put_its_objects_where_it_puts_them() -> None:
    """Quarantine objects begin with the one prefix that the writer's role allows."""
    (record,) = read_records({"Records": [kinesis_record(b"{}")]})
    assert object_key([record]).startswith(POINTS)
