"""Faults in short: what they mean as JSON, and what is refused."""

from typing import Any

import pytest

from emulator.faults import FaultError, parse_rule
from emulator.faults.kinds import KINDS, Place
from emulator.faults.spec import rule_of


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (
            "kinesis:PutRecord=throttle@10%x100",
            {
                "service": "kinesis", "operation": "PutRecord", "fault": "throttle", "probability": 0.1,
                "count": 100,
            },
        ),
        ("lambda/Writer=kill:200@1%", {"service": "lambda", "function": "Writer", "fault": "kill",
                                       "latency_ms": 200, "probability": 0.01}),
        ("lambda/Writer=kill+after", {"service": "lambda", "function": "Writer", "fault": "kill", "when": "after"}),
        ("kinesis:PutRecords=partial:20%", {"service": "kinesis", "operation": "PutRecords", "fault": "partial",
                                            "share": 0.2}),
        ("*=latency:30ms", {"service": "*", "fault": "latency", "latency_ms": 30}),
        ("s3=503x2", {"service": "s3", "status": 503, "count": 2}),
        ("timestream-write=ThrottlingException", {"service": "timestream-write", "error": "ThrottlingException"}),
        ("sns/http://a.test/?b=c=dead", {"service": "sns", "subscription": "http://a.test/?b=c", "fault": "dead"}),
    ],
)  # fmt: skip
def test_a_fault_in_short_is_a_rule(text: str, rule: dict[str, Any]) -> None:
    """Every part of it is a field of the rule, which can be put in force."""
    assert rule_of(text) == rule
    parse_rule(rule)


@pytest.mark.parametrize(
    "text",
    ["", "kinesis", "kinesis=", "=throttle", "kinesis=throttle@", "kinesis=throttle@10", "s3/bucket=denied"],
)
def test_what_is_no_fault_is_refused_with_the_form(text: str) -> None:
    """A careless text says what was expected."""
    with pytest.raises(ValueError, match="NAME"):
        rule_of(text)


def test_a_kind_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    """A word in small letters is meant as a kind."""
    with pytest.raises(FaultError, match="throttle") as refused:
        parse_rule(rule_of("kinesis=trottle"))
    assert refused.value.field == "fault"


def test_every_kind_can_be_asked_for_in_short() -> None:
    """With a service that has it."""
    for name, kind in KINDS.items():
        service = next(iter(kind.operations)) if kind.operations else "s3"
        rule = parse_rule(rule_of(f"{service}={name}:5" if name == "latency" else f"{service}={name}"))
        assert (rule.fault, rule.place) == (name, kind.place)
    assert {kind.place for kind in KINDS.values()} == set(Place)
