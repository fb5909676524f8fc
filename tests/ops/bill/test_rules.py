"""The price rules: no type of resource is forgotten, and what the templates say decides the sum."""

import copy
from typing import Any

import pytest

from ops.bill.load import HOURS, Load
from ops.bill.rules import ELSEWHERE, FREE, PRICED, lines_of
from ops.bill.template import Deployed
from tests.support.bill import deployed
from tests.support.generated import Generated, generated

STATISTIC = {"MetricStat": {"Metric": {"Namespace": "AWS/Kinesis", "MetricName": "GetRecords.Bytes"}}}
BUSY = Load(points_per_second=100, groups=1000)


def cost(body: Deployed, load: Load, component: str, what: str) -> float:
    """The sum of the lines of a component whose text contains `what`."""
    return sum(
        line.monthly for line in lines_of(body, load) if line.component == component and what in line.what
    )


@pytest.mark.parametrize("any_stack", generated(), ids=lambda one: f"{one.config.environment}-{one.stack}")
def test_every_type_of_resource_has_one_price_rule(any_stack: Generated) -> None:
    """A type that is new in a template is priced, free, or said to be priced elsewhere: one of the three."""
    for title, resource in any_stack.resources.items():
        assert sum(resource["Type"] in rules for rules in (PRICED, ELSEWHERE, FREE)) == 1, title


def test_a_type_without_a_rule_ends_the_bill() -> None:
    """A sum that left something out would be believed."""
    body = copy.deepcopy(deployed("dev"))
    body.regional["Resources"]["Gateway"] = {"Type": "AWS::EC2::NatGateway"}
    with pytest.raises(ValueError, match="AWS::EC2::NatGateway"):
        lines_of(body, Load())


def test_no_rule_is_for_a_type_that_no_template_has() -> None:
    """A rule goes with the last resource of its type."""
    used = {part["Type"] for one in generated() for part in one.body["Resources"].values()}
    assert {*PRICED, *ELSEWHERE, *FREE} <= used


@pytest.mark.parametrize("shards", [1, 3])
def test_shards_are_counted(shards: int) -> None:
    """A provisioned stream costs its shards, one on demand its hours."""
    body = copy.deepcopy(deployed("dev"))
    [stream] = body.of("AWS::Kinesis::Stream").values()
    assert isinstance(stream, dict)
    stream.update(StreamModeDetails={"StreamMode": "PROVISIONED"}, ShardCount=shards)
    assert cost(body, Load(), "stream", "shard-hours") == pytest.approx(shards * 730 * 0.015)
    stream.update(StreamModeDetails={"StreamMode": "ON_DEMAND"})
    del stream["ShardCount"]
    assert cost(body, Load(), "stream", "stream-hours") == pytest.approx(730 * 0.04)


def test_a_load_beyond_the_shards_is_priced_with_those_that_it_needs() -> None:
    """The bill of a load that would be refused says nothing; 2.5 MB a second need three shards."""
    body = copy.deepcopy(deployed("dev"))
    [stream] = body.of("AWS::Kinesis::Stream").values()
    assert isinstance(stream, dict)
    stream.update(StreamModeDetails={"StreamMode": "PROVISIONED"}, ShardCount=1)
    assert cost(body, Load(2.5e6 / 160), "stream", "shard-hours") == pytest.approx(3 * 730 * 0.015)


@pytest.mark.parametrize(
    ("changes", "metrics"),
    [
        ({}, 1),
        ({"Metrics": [STATISTIC, STATISTIC, {"Id": "rate", "Expression": "a / b"}]}, 2),
        ({"Metrics": [{"Id": "total", "Expression": 'SELECT SUM(Errors) FROM "AWS/Lambda"'}]}, 1),
    ],
    ids=["one metric", "a formula of two", "a query"],
)
def test_an_alarm_is_billed_for_each_metric(changes: dict[str, Any], metrics: int) -> None:
    """Two metrics in one formula cost as much as two alarms."""
    body = copy.deepcopy(deployed("dev"))
    before = cost(body, Load(), "stream", "alarms")
    alarm = body.regional["Resources"]["StreamWriteThrottledAlarm"]["Properties"]
    if changes:
        del alarm["MetricName"]
    alarm.update(changes)
    assert cost(body, Load(), "stream", "alarms") == pytest.approx(before + (metrics - 1) * 0.1)


def test_an_alarm_on_short_periods_costs_three_times_as_much() -> None:
    """CloudWatch calls it high resolution."""
    body = copy.deepcopy(deployed("dev"))
    before = cost(body, Load(), "stream", "alarms")
    body.regional["Resources"]["StreamWriteThrottledAlarm"]["Properties"]["Period"] = 10
    assert cost(body, Load(), "stream", "alarms") == pytest.approx(before + 0.2)


def test_a_private_network_costs_its_endpoints_in_each_zone() -> None:
    """Each interface endpoint is paid by the hour in two zones; the gateways to S3 and DynamoDB are free."""
    [private] = [one for one in generated() if one.config.environment == "other" and one.stack == "regional"]
    body = deployed("other")
    number = sum(
        one["VpcEndpointType"] == "Interface" for one in private.of("AWS::EC2::VPCEndpoint").values()
    )
    assert cost(body, Load(), "platform", "endpoints") == pytest.approx(number * 2 * 730 * 0.01)
    assert cost(deployed("dev"), Load(), "platform", "endpoints") == 0


def test_without_exports_no_query_is_paid() -> None:
    """The hourly export is all that asks Timestream by itself, and only for hours that have points."""
    body = copy.deepcopy(deployed("dev"))
    queries = "compute-unit hours of queries"
    assert cost(body, Load(), "exports", queries) == 0
    assert cost(body, BUSY, "exports", queries) == pytest.approx(730 * 4 * 4 * 30 / 3600 * 0.518)
    body.regional["Resources"]["MetricExportSchedule"]["Properties"]["State"] = "DISABLED"
    assert cost(body, BUSY, "exports", queries) == 0


def test_a_question_costs_half_a_minute_of_four_compute_units() -> None:
    """People's queries count whether there are points or not."""
    asked = cost(deployed("dev"), Load(queries_per_day=24), "metric store", "queries")
    assert asked == pytest.approx(730 * 4 * 30 / 3600 * 0.518)


def test_requests_cost_less_the_more_points_they_carry() -> None:
    """A hundred points to a request are a hundredth of the requests, but for the heartbeats of each minute."""
    heartbeats, single, hundred = (
        cost(deployed("dev"), load, "ingest API", "requests")
        for load in (Load(), Load(10, request_points=1), Load(10))
    )
    assert heartbeats == pytest.approx(HOURS * 60 * 3.5e-6)
    assert single - heartbeats == pytest.approx(100 * (hundred - heartbeats))
