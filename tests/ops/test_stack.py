"""Deployments as commands find them."""

import pytest

from ops import stack
from ops.errors import OperatorError
from templates.config import Config
from tests.support.fleet_account import Account


def test_other_commands_find_the_stack_that_the_fleet_made(account: Account, prod: Config) -> None:
    """A stack instance has an id in its name; it is found through its StackSet."""
    account.roll_out(prod)
    target = stack.find("prod", "eu-west-1")
    assert target.output("IngestUrl") == "https://eu-west-1.example/v1/metrics"
    with pytest.raises(OperatorError, match="no stack metrics-prod in eu-central-1"):
        stack.find("prod", "eu-central-1").outputs()
