"""Faults from the command line."""

import argparse
from typing import Any

import pytest

from local.faults import fault_of


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("kinesis:PutRecord=throttle@10%x100", {"rules": ["kinesis:PutRecord=throttle@10%x100"]}),
        ('{"service": "s3", "status": 503}', {"service": "s3", "status": 503}),
        (' {"timestream": {"seed": 1}}', {"timestream": {"seed": 1}}),
    ],
)
def test_a_fault_is_what_the_control_takes(text: str, body: dict[str, Any]) -> None:
    """In short it is one of the rules, as JSON it is as it stands."""
    assert fault_of(text) == body


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kinesis", "NAME"),
        ("kinesis:Put=throttle", "PutRecord"),
        ("kinesis=trottle", "throttle"),
        ("{", "Expecting"),
        ('{"service": "s3"}', "one of fault"),
        ("s3=503@200%", "probability"),
    ],
)
def test_a_fault_that_is_none_is_refused_before_anything_starts(text: str, said: str) -> None:
    """With what was expected."""
    with pytest.raises(argparse.ArgumentTypeError, match=said):
        fault_of(text)
