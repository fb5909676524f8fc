"""The rules table as operators use it."""

import time
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from handlers.adapters.dynamodb.rules_table import KNOWN_AFTER_S, STALE_SECONDS
from ops.errors import OperatorError
from ops.rule_table import RuleTable
from ops.stack import Target
from templates.config import load
from tests.support.rules import a_rule

TARGET = Target(load("dev"), "us-east-1", "metrics-dev")


@pytest.mark.usefixtures("deployment")
@pytest.mark.parametrize("ahead_s", [-400, 0, 3_600])
def test_a_rule_is_in_force_by_awss_clock(ahead_s: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator's clock that is wrong neither mutes a rule nor makes it judge parts of periods."""
    table, now = RuleTable(TARGET), time.time()
    monkeypatch.setattr(time, "time", lambda: now + ahead_s)
    assert 0 <= table.in_force_since() - KNOWN_AFTER_S - int(now) <= 10
    assert KNOWN_AFTER_S > STALE_SECONDS, "functions know a rule before it is in force"


@pytest.mark.usefixtures("deployment")
@pytest.mark.parametrize("headers", [{}, {"date": "tomorrow"}])
def test_an_endpoint_that_tells_no_time_is_refused(
    headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rather than believing a clock of which nothing is known."""
    client = SimpleNamespace(
        scan=lambda **_: {"ResponseMetadata": {"HTTPHeaders": headers}},
        meta=SimpleNamespace(endpoint_url="http://127.0.0.1:1"),
    )
    monkeypatch.setattr(Target, "client", lambda *_: client)
    with pytest.raises(OperatorError, match="does not tell the time"):
        RuleTable(TARGET).in_force_since()


@pytest.mark.usefixtures("deployment")
def test_more_rules_than_a_transaction_takes_are_written_and_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    """In several, each of which DynamoDB takes."""
    rules = [a_rule(rule_id=f"r{number}") for number in range(150)]
    sizes: list[int] = []
    client = boto3.client("dynamodb")
    write = client.transact_write_items
    monkeypatch.setattr(Target, "client", lambda *_: client)

    def counted(**given: Any) -> Any:
        sizes.append(len(given["TransactItems"]))
        return write(**given)

    monkeypatch.setattr(client, "transact_write_items", counted)
    table = RuleTable(TARGET)
    table.change(rules[:100], ())
    table.change(rules[100:], rules[:80])
    assert max(sizes) <= 100
    assert {rule.rule_id for rule in table.read().rules} == {rule.rule_id for rule in rules[80:]}
