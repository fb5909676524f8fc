"""Deployments as commands find them."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from ops import stack
from ops.errors import OperatorError
from templates.config import Config
from tests.support.fleet_account import Account


def test_other_commands_find_the_stack_that_the_fleet_made(account: Account, prod: Config) -> None:
    """A stack instance has an id in its name; it is found through its StackSet."""
    account.roll_out(prod)
    target = stack.find("prod", "eu-west-1")
    assert target.output("IngestUrl") == "https://eu-west-1.example/dev/metrics"
    with pytest.raises(OperatorError, match="no stack metrics-prod in eu-central-1"):
        stack.find("prod", "eu-central-1").outputs()


class Answering:
    """A CloudFormation that answers every description in one way."""

    def __init__(self, answer: Exception | dict[str, Any]) -> None:
        self._answer = answer

    def describe_stacks(self, **_: Any) -> dict[str, Any]:
        """The answer."""
        if isinstance(self._answer, Exception):
            raise self._answer
        return {"Stacks": [self._answer]}


def test_an_output_that_is_not_there_is_named_beside_those_that_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack of an older version may lack one."""
    outputs = [{"OutputKey": name, "OutputValue": name.lower()} for name in ("Url", "Arn")]
    monkeypatch.setattr(stack, "client", lambda *_: Answering({"Outputs": outputs}))
    target = stack.find("dev", "us-east-1")
    assert target.output("Url") == "url"
    with pytest.raises(OperatorError, match="stack metrics-dev has no output Name; it has Arn, Url"):
        target.output("Name")


def test_a_refusal_is_not_taken_for_a_missing_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who may not ask learns that, and not that the stack must be deployed first."""
    denied = ClientError({"Error": {"Code": "AccessDenied", "Message": "not you"}}, "DescribeStacks")
    monkeypatch.setattr(stack, "client", lambda *_: Answering(denied))
    with pytest.raises(
        OperatorError, match="cannot describe stack metrics-dev in eu-west-1: not you"
    ) as caught:
        stack.find("dev", "eu-west-1").outputs()
    assert not isinstance(caught.value, stack.NoStackError)


def test_the_region_is_the_one_given_then_the_shells_then_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that is not there, or a bad file, is said."""
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert stack.find("prod", "us-west-2").region == "us-west-2"
    assert stack.find("prod", None).region == "eu-west-1"
    monkeypatch.delenv("AWS_REGION")
    assert stack.find("prod", None).region == stack.settings("prod").regions[0]
    with pytest.raises(OperatorError, match="no such file"):
        stack.find("nowhere", None)
