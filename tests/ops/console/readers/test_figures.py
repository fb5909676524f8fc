"""The pipeline's figures and alarms, from CloudWatch alone."""

import time
from datetime import UTC, datetime

import pytest

from emulator import Cloud
from ops.console.place import Place
from ops.console.readers.errors import last_error
from ops.console.readers.figures import Figure, Figures, read_alarms, read_figures, waits

REGION = "us-east-1"
ENVIRONMENTS = ("dev", "load")
OWN = [{"Name": "Project", "Value": "metrics"}, {"Name": "Environment", "Value": "dev"}]


def test_figures_are_sums_of_the_last_hour_by_minute(cloud: Cloud, place: Place) -> None:
    """Each figure is this environment's; what was before the hour is none of it."""
    now_s = cloud.clock.now()
    cloud.client("cloudwatch", REGION).put_metric_data(
        Namespace="Tidegauge",
        MetricData=[
            {"MetricName": "PointsStored", "Dimensions": OWN, "Timestamp": now_s - age_s, "Value": value}
            for age_s, value in ((7200, 1000), (600, 5), (600, 2), (0, 3))
        ],
    )
    before = place.spending.metrics
    figures = read_figures(place)
    assert figures["stored"].total == 10
    assert [value for _, value in figures["stored"].minutes] == [7, 3]
    assert figures["stored"].last == 3
    assert (figures["quarantined"].total, figures["quarantined"].last) == (0, None)
    assert place.spending.metrics - before == len(figures.by_name) < 40


def test_a_figure_that_is_not_there_is_nothing() -> None:
    """A metric without values is no metric to CloudWatch."""
    assert Figures(0.0)["stored"] == Figure()


def test_an_alarm_that_is_on_says_why(cloud: Cloud, place: Place) -> None:
    """By its logical id, with the words that its template has for the operator; no other stack's."""
    cloudwatch = cloud.client("cloudwatch", REGION)
    names = [
        alarm["AlarmName"] for alarm in cloudwatch.describe_alarms(AlarmNamePrefix="metrics-")["MetricAlarms"]
    ]
    for stack in ("metrics-dev", "metrics-load"):
        (name,) = (name for name in names if name.startswith(f"{stack}-MetricWriterQuarantinedAlarm-"))
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="test")
    (alarm,) = (one for one in read_alarms(place) if not one.waits)
    assert alarm.name == "MetricWriterQuarantined"
    assert "cannot be stored" in alarm.why


def test_an_alarm_on_what_is_missing_waits_until_it_could_have_been_there() -> None:
    """A new stack has had no heartbeat and no export yet, which is no trouble; an hour later it is."""
    made = datetime(2026, 1, 1, tzinfo=UTC)
    alarm = {
        "TreatMissingData": "breaching", "AlarmConfigurationUpdatedTimestamp": made, "Period": 300,
        "EvaluationPeriods": 1,
    }  # fmt: skip
    assert [waits(alarm, made.timestamp() + age_s) for age_s in (0, 899, 900)] == [True, True, False]
    assert not waits({**alarm, "TreatMissingData": "notBreaching"}, made.timestamp())


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ('{"level": "ERROR", "message": "the store refuses"}', "the store refuses"),
        ('{"level": "ERROR", "message": {"code": 1}}', '{"code": 1}'),
        ("[ERROR] ValueError: no", "[ERROR] ValueError: no"),
        ('{"level": "INFO", "message": "ERROR is only a word"}', None),
        ("no ERROR at all", None),
    ],
)
def test_the_last_error_is_a_line_of_a_functions_log(
    cloud: Cloud, place: Place, line: str, text: str | None
) -> None:
    """Of the lines that speak of errors, those that are some."""
    logs, group = cloud.client("logs", REGION), place.resource("AlertEvaluatorLogs")
    stream = f"stream-{time.monotonic_ns()}"
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    logs.put_log_events(
        logGroupName=group,
        logStreamName=stream,
        logEvents=[{"timestamp": int(cloud.clock.now() * 1000), "message": line}],
    )
    found = last_error(place, ("AlertEvaluator",))
    logs.delete_log_stream(logGroupName=group, logStreamName=stream)
    assert (None if found is None else found.text) == text
