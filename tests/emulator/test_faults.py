"""Fault rules: which requests they strike, how, and which rules are refused."""

from collections import Counter
from typing import Any

import pytest

from emulator.aws_request import AwsRequest
from emulator.faults import FaultError, Faults, parse_rule


def request(
    service: str = "kinesis", target: str = "Kinesis_20131202.PutRecord", region: str = "us-east-1"
) -> AwsRequest:
    """A request to a JSON service."""
    scope = f"Credential=a/20260101/{region}/{service}/aws4_request"
    return AwsRequest("POST", "/", (("X-Amz-Target", target), ("Authorization", scope)), b"{}")


def faults(*rules: dict[str, Any]) -> Faults:
    """These rules, in force."""
    made = Faults(seed=1)
    for rule in rules:
        made.add(parse_rule(rule))
    return made


def test_a_rule_strikes_as_often_as_it_says() -> None:
    """A rule with a count is gone when it is used up."""
    made = faults({"service": "kinesis", "error": "X", "count": 2})
    assert [made.take(request()) is not None for _ in range(4)] == [True, True, False, False]
    assert made.describe() == {"rules": [], "injected": 2}


def test_a_rule_strikes_its_service_operation_and_region_alone() -> None:
    """A request that a rule does not name is left alone."""
    made = faults({"service": "kinesis", "operation": "PutRecord", "region": "us-east-1", "error": "X"})
    assert made.take(request()) is not None
    assert made.take(request(target="Kinesis_20131202.GetRecords")) is None
    assert made.take(request(region="eu-west-1")) is None
    assert made.take(request(service="dynamodb", target="DynamoDB_20120810.PutItem")) is None


def test_services_go_by_the_names_boto3_has_for_them() -> None:
    """The signing name of a service is not asked of the person."""
    made = faults({"service": "stepfunctions", "error": "X"})
    assert made.take(request(service="states", target="AWSStepFunctions.StartExecution")) is not None


TIMESTREAM = {
    "timestream-query": ("Query", "CancelQuery"),
    "timestream-write": ("WriteRecords", "ListDatabases"),
}


@pytest.mark.parametrize("service", TIMESTREAM)
def test_timestreams_two_services_are_told_apart_by_operation(service: str) -> None:
    """They sign alike; `timestream` names both, and either name strikes its own operations alone."""
    (other,) = TIMESTREAM.keys() - {service}
    by_name, by_operation, both = (
        faults({"service": name, **more, "error": "X"})
        for name, more in (
            (service, {}),
            (service, {"operation": TIMESTREAM[service][0]}),
            ("timestream", {}),
        )
    )
    first, second = (request("timestream", f"Timestream_20181101.{name}") for name in TIMESTREAM[service])
    foreign = request("timestream", f"Timestream_20181101.{TIMESTREAM[other][0]}")
    described = request("timestream", "Timestream_20181101.DescribeEndpoints")
    taken = [
        [made.take(each) is not None for each in (first, second, foreign, described)]
        for made in (by_name, by_operation, both)
    ]
    assert taken == [[True, True, False, True], [True, False, False, False], [True] * 4]


def test_a_tables_stream_goes_by_its_own_name_and_by_its_tables() -> None:
    """boto3 has it as another service, which signs as DynamoDB."""
    call = request("dynamodb", "DynamoDBStreams_20120810.GetRecords")
    made = faults({"service": "dynamodbstreams", "operation": "GetRecords", "error": "X"})
    assert made.take(call) is not None
    assert made.take(request("dynamodb", "DynamoDB_20120810.PutItem")) is None
    assert faults({"service": "dynamodb", "error": "X"}).take(call) is not None


def test_an_operation_in_the_path_is_struck() -> None:
    """CloudWatch's protocol has it there, and no header."""
    call = AwsRequest(
        "POST",
        "/service/GraniteServiceVersion20100801/operation/PutMetricData",
        (("Authorization", "Credential=a/20260101/us-east-1/monitoring/aws4_request"),),
        b"",
    )
    assert (
        faults({"service": "cloudwatch", "operation": "PutMetricData", "error": "X"}).take(call) is not None
    )


@pytest.mark.parametrize(
    ("rule", "field", "said"),
    [
        ({"service": "timestream-queries"}, "service", "timestream-query"),
        ({"service": "monitoring"}, "service", "cloudwatch"),
        ({"service": "apigateway"}, "service", "known are"),
        ({"service": "timestream-query", "operation": "WriteRecords"}, "operation", "Query"),
        ({"service": "kinesis", "operation": "putRecord"}, "operation", "PutRecord"),
        ({"service": "dynamodb", "operation": "PutItems"}, "operation", "PutItem"),
        ({"service": "s3", "operation": "GetBucketPolicy"}, "operation", "GetObject"),
        ({"service": "lambda", "operation": "CreateFunction"}, "operation", "Invoke"),
        ({"service": "scheduler", "operation": "GetSchedule"}, "operation", "give *"),
        ({"service": "ec2", "operation": "DescribeVpc"}, "operation", "DescribeVpcs"),
        ({"service": "*", "operation": "Nothing"}, "operation", "names like it"),
    ],
)
def test_what_a_fault_could_never_strike_is_refused_with_what_is_known(
    rule: dict[str, str], field: str, said: str
) -> None:
    """A rule that is taken must be able to strike."""
    with pytest.raises(FaultError, match=said) as refused:
        parse_rule({**rule, "error": "X"})
    assert refused.value.field == field


@pytest.mark.parametrize(
    "rule", [{"service": "*", "operation": "Invoke"}, {"service": "resourcegroupstaggingapi"}]
)
def test_every_service_that_is_served_can_be_named(rule: dict[str, str]) -> None:
    """With * for any of them, and by boto3's name where ours is another."""
    parse_rule({**rule, "error": "X"})


def test_a_probability_is_a_share_of_requests() -> None:
    """Of a thousand requests about the share is struck."""
    made = faults({"service": "*", "status": 500, "probability": 0.2})
    struck = Counter(made.take(request()) is not None for _ in range(1000))
    assert 150 < struck[True] < 250


@pytest.mark.parametrize(
    ("rule", "status", "code"),
    [
        ({"error": "ProvisionedThroughputExceededException"}, 400, "ProvisionedThroughputExceededException"),
        ({"error": "InternalFailure"}, 500, "InternalFailure"),
        ({"error": "InternalFailure", "status": 503}, 503, "InternalFailure"),
        ({"status": 500}, 500, "InternalFailure"),
        ({"status": 503}, 503, "ServiceUnavailable"),
    ],
)
def test_the_reply_has_code_and_status(rule: dict[str, Any], status: int, code: str) -> None:
    """An error without status gets the one AWS sends with it, a status without error its usual name."""
    answer = parse_rule({"service": "kinesis", **rule}).answer("kinesis")
    assert (answer.status, answer.code) == (status, code)


@pytest.mark.parametrize(
    ("fault", "service", "status", "code"),
    [
        ("throttle", "kinesis", 400, "ProvisionedThroughputExceededException"),
        ("throttle", "s3", 503, "SlowDown"),
        ("throttle", "lambda", 429, "TooManyRequestsException"),
        ("throttle", "timestream", 400, "ThrottlingException"),
        ("throttle", "athena", 400, "TooManyRequestsException"),
        ("internal", "kinesis", 500, "InternalFailure"),
        ("internal", "dynamodb", 500, "InternalServerError"),
        ("denied", "s3", 403, "AccessDenied"),
        ("denied", "kinesis", 400, "AccessDeniedException"),
        ("unavailable", "s3", 503, "SlowDown"),
        ("conflict", "dynamodb", 400, "TransactionConflictException"),
    ],
)
def test_a_kind_is_worded_as_its_service_does(fault: str, service: str, status: int, code: str) -> None:
    """The same kind has another code and status from each service."""
    answer = parse_rule({"service": service, "fault": fault}).answer(service)
    assert (answer.status, answer.code) == (status, code)


def test_a_seed_decides_which_are_struck() -> None:
    """The n-th request that a rule meets is struck or not as the last time, whatever other rules meet."""

    def struck(*others: dict[str, Any]) -> list[bool]:
        made = faults({"service": "kinesis", "status": 500, "probability": 0.5}, *others)
        made.take(request(service="dynamodb", target="DynamoDB_20120810.PutItem"))
        return [made.take(request()) is not None for _ in range(50)]

    assert struck() == struck() == struck({"service": "dynamodb", "status": 500, "probability": 0.5})


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ([], "rules"),
        ({}, "service"),
        ({"service": 5, "error": "X"}, "service"),
        ({"service": "kinesis"}, "error"),
        ({"service": "kinesis", "error": ""}, "error"),
        ({"service": "kinesis", "status": 200}, "status"),
        ({"service": "kinesis", "status": True}, "status"),
        ({"service": "kinesis", "latency_ms": -1}, "latency_ms"),
        ({"service": "kinesis", "error": "X", "count": 0}, "count"),
        ({"service": "kinesis", "error": "X", "count": 1.5}, "count"),
        ({"service": "kinesis", "error": "X", "probability": 0}, "probability"),
        ({"service": "kinesis", "error": "X", "probability": 1.1}, "probability"),
        ({"service": "kinesis", "error": "X", "probability": "often"}, "probability"),
        ({"service": "kinesis", "error": "X", "when": "later"}, "when"),
        ({"service": "kinesis", "error": "X", "chance": 1}, "chance"),
        ({"service": "kinesis", "fault": "explode"}, "fault"),
        ({"service": "kinesis", "fault": "kill"}, "service"),
        ({"service": "kinesis", "fault": "conflict"}, "service"),
        ({"service": "*", "fault": "partial"}, "service"),
        ({"service": "kinesis", "operation": "PutRecord", "fault": "partial"}, "operation"),
        ({"service": "kinesis", "fault": "partial", "share": 0}, "share"),
        ({"service": "kinesis", "fault": "throttle", "share": 0.5}, "share"),
        ({"service": "kinesis", "error": "X", "share": 0.5}, "share"),
        ({"service": "kinesis", "fault": "latency"}, "latency_ms"),
        ({"service": "kinesis", "fault": "lost", "when": "before"}, "when"),
        ({"service": "kinesis", "fault": "throttle", "function": "Writer"}, "function"),
        ({"service": "lambda", "fault": "kill", "error": "X"}, "error"),
        ({"service": "lambda", "fault": "kill", "subscription": "https://a"}, "subscription"),
        ({"service": "sns", "operation": "Subscribe", "fault": "dead"}, "operation"),
    ],
)
def test_a_bad_rule_names_its_field(rule: Any, field: str) -> None:
    """The first field that is wrong is named."""
    with pytest.raises(FaultError) as refused:
        parse_rule(rule)
    assert refused.value.field == field
