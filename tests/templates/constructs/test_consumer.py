"""Consumers: every one of them keeps what it gives up, and tells when it does not keep up."""

import pytest

from tests.support.generated import Generated, with_warnings

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


WATCHED = {
    "Errors": ("Errors", "FunctionName", {"MetricWriter"}),
    "Throttles": ("Throttles", "FunctionName", {"MetricWriter", "WindowAggregator"}),
    "Late": ("IteratorAge", "FunctionName", {"MetricWriter", "WindowAggregator"}),
    "Expiring": ("IteratorAge", "FunctionName", {"MetricWriter"}),
    "GaveUp": ("OnFailureDestinationDeliveredEventCount", "EventSourceMappingUUID", set(CONSUMERS)),
}


@pytest.mark.parametrize("component", CONSUMERS)
def test_a_consumer_is_watched(regional: Generated, component: str) -> None:
    """Of each is told what it gives up, by mapping, which has to emit that metric; earlier, what people can act on."""
    alarms = with_warnings(regional).of("AWS::CloudWatch::Alarm")
    source = {"FunctionName": f"{component}Function", "EventSourceMappingUUID": f"{component}Mapping"}
    for name, (metric, dimension, components) in WATCHED.items():
        assert (f"{component}{name}Alarm" in alarms) == (component in components), name
        if component in components:
            alarm = alarms[f"{component}{name}Alarm"]
            assert alarm["MetricName"] == metric
            assert alarm["Dimensions"] == [{"Name": dimension, "Value": {"Ref": source[dimension]}}]
    assert regional.of("AWS::Lambda::EventSourceMapping")[f"{component}Mapping"]["MetricsConfig"] == {
        "Metrics": ["EventCount"]
    }


def test_every_mapping_is_a_consumer(regional: Generated) -> None:
    """None is made by hand beside the construct."""
    assert set(regional.of("AWS::Lambda::EventSourceMapping")) == {f"{one}Mapping" for one in CONSUMERS}
