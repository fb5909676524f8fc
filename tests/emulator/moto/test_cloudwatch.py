"""CloudWatch's calls through an SDK."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator import Cloud, start

NOW = datetime.now(UTC).replace(second=0, microsecond=0)
PLACE = [{"Name": "Shop", "Value": "a"}]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """The local AWS without any stack."""
    with start([], [], data_dir=tmp_path_factory.mktemp("data")) as started:
        yield started


@pytest.fixture(scope="module")
def cloudwatch(cloud: Cloud) -> Any:
    """A client, after values of 1 to 100 were put in one minute, and statistics in the next."""
    client = cloud.client("cloudwatch", "us-east-1")
    client.put_metric_data(
        Namespace="Shop",
        MetricData=[
            {"MetricName": "Paid", "Dimensions": PLACE, "Timestamp": NOW, "Values": list(range(1, 101))},
            {
                "MetricName": "Paid",
                "Dimensions": PLACE,
                "Timestamp": NOW + timedelta(minutes=1),
                "StatisticValues": {"SampleCount": 4, "Sum": 10, "Minimum": 1, "Maximum": 5},
            },
            {"MetricName": "Alone", "Value": 7, "Timestamp": NOW, "Unit": "Bytes"},
        ],
    )
    return client


def range_of(minutes: int) -> Mapping[str, datetime]:
    """So many minutes from the first one with values."""
    return {"StartTime": NOW + timedelta(seconds=20), "EndTime": NOW + timedelta(minutes=minutes)}


def stat(name: str, statistic: str) -> dict[str, Any]:
    """A query for what was paid."""
    metric = {"Namespace": "Shop", "MetricName": "Paid", "Dimensions": PLACE}
    return {"Id": name, "MetricStat": {"Metric": metric, "Period": 60, "Stat": statistic}}


def test_get_metric_data_answers_statistics_percentiles_and_expressions(cloudwatch: Any) -> None:
    """The newest first unless asked otherwise; queries that are not to be returned are not."""
    queries = [
        stat("total", "Sum"),
        {**stat("p99", "p99"), "Label": "nearly all"},
        {**stat("number", "SampleCount"), "ReturnData": False},
        {"Id": "mean", "Expression": "total / number"},
    ]
    found = cloudwatch.get_metric_data(MetricDataQueries=queries, **range_of(5))["MetricDataResults"]
    assert {one["Id"]: one["Values"] for one in found} == {
        "total": [10, 5050],
        "p99": [5, 99],
        "mean": [2.5, 50.5],
    }
    assert [one["Label"] for one in found] == ["Paid", "nearly all", "mean"]
    assert found[0]["Timestamps"] == [NOW + timedelta(minutes=1), NOW]
    (oldest,) = cloudwatch.get_metric_data(
        MetricDataQueries=[stat("a", "Sum")], ScanBy="TimestampAscending", **range_of(5)
    )["MetricDataResults"]
    assert oldest["Values"] == [5050, 10]


def test_get_metric_statistics_answers_all_that_is_asked_for(cloudwatch: Any) -> None:
    """Simple and extended ones, with the unit."""
    (point,) = cloudwatch.get_metric_statistics(
        Namespace="Shop",
        MetricName="Alone",
        Period=300,
        Statistics=["Sum", "Average", "Minimum", "Maximum", "SampleCount"],
        **range_of(5),
    )["Datapoints"]
    assert point == {
        "Timestamp": NOW, "Unit": "Bytes", "Sum": 7, "Average": 7, "Minimum": 7, "Maximum": 7, "SampleCount": 1
    }  # fmt: skip
    (first, _) = sorted(
        cloudwatch.get_metric_statistics(
            Namespace="Shop",
            MetricName="Paid",
            Dimensions=PLACE,
            Period=60,
            ExtendedStatistics=["p50"],
            **range_of(5),
        )["Datapoints"],
        key=lambda one: one["Timestamp"],
    )
    assert first["ExtendedStatistics"] == {"p50": 50}


def test_list_metrics_takes_namespace_name_and_dimensions(cloudwatch: Any) -> None:
    """A dimension may be asked for by its name alone."""
    found = cloudwatch.list_metrics(Namespace="Shop")["Metrics"]
    assert [one["MetricName"] for one in found] == ["Alone", "Paid"]
    for asked in ({"MetricName": "Paid"}, {"Dimensions": [{"Name": "Shop"}]}, {"Dimensions": PLACE}):
        assert cloudwatch.list_metrics(Namespace="Shop", **asked)["Metrics"] == [found[1]]
    assert cloudwatch.list_metrics(Dimensions=[{"Name": "Shop", "Value": "b"}])["Metrics"] == []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"Id": "a", "Expression": "SEARCH('x', 'Sum', 60)", "Period": 60}, "metric math here knows"),
        (stat("a", "tm99"), "tm99 is not made here"),
    ],
)
def test_what_is_not_known_here_is_refused_by_name(cloudwatch: Any, query: dict[str, Any], said: str) -> None:
    """In GetMetricData, and when an alarm is created on it."""
    with pytest.raises(ClientError, match=said):
        cloudwatch.get_metric_data(MetricDataQueries=[query], **range_of(5))
    with pytest.raises(ClientError, match=said):
        cloudwatch.put_metric_alarm(
            AlarmName="never",
            Metrics=[query],
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
        )
    assert cloudwatch.describe_alarms(AlarmNames=["never"])["MetricAlarms"] == []


def test_an_alarm_is_described_with_the_state_that_its_metric_gives_it(cloud: Cloud, cloudwatch: Any) -> None:
    """At first it has no data; without values for long enough it fires, and tells its topic in CloudWatch's words."""
    sns, sqs = (cloud.client(service, "us-east-1") for service in ("sns", "sqs"))
    topic = sns.create_topic(Name="operators")["TopicArn"]
    queue = sqs.create_queue(QueueName="operators")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    cloudwatch.put_metric_alarm(
        AlarmName="broke",
        Namespace="Shop",
        MetricName="Paid",
        Dimensions=PLACE,
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="LessThanThreshold",
        TreatMissingData="breaching",
        AlarmActions=[topic],
    )
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=["broke"])["MetricAlarms"]
    assert alarm["StateValue"] == "INSUFFICIENT_DATA"
    cloud.clock.advance(300)
    (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
    assert '"NewStateValue": "ALARM"' in message["Body"]
    (alarm,) = cloudwatch.describe_alarms(StateValue="ALARM")["MetricAlarms"]
    assert alarm["StateReason"].startswith("Threshold Crossed: no datapoints were received for 1 period")
