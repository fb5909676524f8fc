"""Consumers: every one of them keeps what it gives up, and tells when it does not keep up."""

import pytest

from tests.support.generated import Generated

CONSUMERS = ("MetricWriter", "WindowAggregator", "RuleChanges")


@pytest.mark.parametrize("component", CONSUMERS)
def test_a_failing_batch_is_cut_and_at_last_kept(regional: Generated, component: str) -> None:
    """One bad record holds up its neighbours until it is found, and what is given up goes to the quarantine."""
    mapping = regional.of("AWS::Lambda::EventSourceMapping")[f"{component}Mapping"]
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert mapping["DestinationConfig"] == {
        "OnFailure": {"Destination": {"Fn::GetAtt": ["QuarantineBucket", "Arn"]}}
    }
    role = regional.resources[f"{component}Role"]["Properties"]
    sids = {one.get("Sid") for one in role["Policies"][0]["PolicyDocument"]["Statement"]}
    assert {"FindBucket", "GiveUp"} <= sids


@pytest.mark.parametrize("component", CONSUMERS)
def test_a_consumer_is_watched(regional: Generated, component: str) -> None:
    """Errors, throttles and age by function, what is given up by mapping, which has to emit that metric."""
    alarms = regional.of("AWS::CloudWatch::Alarm")
    by_function = [{"Name": "FunctionName", "Value": {"Ref": f"{component}Function"}}]
    by_mapping = [{"Name": "EventSourceMappingUUID", "Value": {"Ref": f"{component}Mapping"}}]
    for name, metric, dimensions in (
        ("Errors", "Errors", by_function),
        ("Throttles", "Throttles", by_function),
        ("Late", "IteratorAge", by_function),
        ("GaveUp", "OnFailureDestinationDeliveredEventCount", by_mapping),
    ):
        alarm = alarms[f"{component}{name}Alarm"]
        assert (alarm["MetricName"], alarm["Dimensions"]) == (metric, dimensions)
    assert regional.of("AWS::Lambda::EventSourceMapping")[f"{component}Mapping"]["MetricsConfig"] == {
        "Metrics": ["EventCount"]
    }


def test_every_mapping_is_a_consumer(regional: Generated) -> None:
    """None is made by hand beside the construct."""
    assert set(regional.of("AWS::Lambda::EventSourceMapping")) == {f"{one}Mapping" for one in CONSUMERS}
