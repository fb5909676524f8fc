"""Rules as items of their table."""

from collections.abc import Iterator

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from handlers.adapters.dynamodb.rules_table import FRESH_SECONDS, STALE_SECONDS, RulesTable, item_of, rule_of
from handlers.domain.errors import TransientError
from tests.support.alert_functions import Refusing
from tests.support.alert_tables import RULES, create_alert_tables
from tests.support.rules import a_rule


@pytest.fixture
def tables() -> Iterator[None]:
    """Empty tables."""
    with mock_aws():
        create_alert_tables()
        yield


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now


@settings(max_examples=50)
@given(st.floats(-1e90, 1e90), st.integers(1, 100))
def test_a_rule_survives_its_item(threshold: float, datapoints: int) -> None:
    """A rule read from the item that was made of it is the rule, to the last digit of its numbers."""
    if 0 < abs(threshold) < 1e-90:
        threshold = 1e-90
    rule = a_rule(
        threshold=threshold,
        datapoints=datapoints,
        by=["host"],
        match={"env": ["a", "b"]},
        recovery={"datapoints": 2},
    )
    assert rule_of(item_of(rule)) == rule


def test_an_item_written_by_hand_is_a_rule_if_it_says_enough() -> None:
    """The console's maps, lists, sets and numbers are read like a rule file."""
    item = {
        "metric_name": {"S": "cpu.load"}, "rule_id": {"S": "hot"}, "statistic": {"S": "max"}, "operator": {"S": ">"},
        "threshold": {"N": "0.9"}, "match": {"M": {"env": {"SS": ["prod", "stage"]}}},
    }  # fmt: skip
    rule = rule_of(item)
    assert rule.condition.bounds == (0.9,)
    assert rule.match == (("env", ("prod", "stage")),)


def test_items_that_are_no_rules_are_counted_and_the_others_go_on(tables: None) -> None:
    """One bad item does not stop the rules beside it."""
    dynamodb = boto3.client("dynamodb")
    dynamodb.put_item(TableName=RULES, Item=item_of(a_rule()))
    bad = {**item_of(a_rule(rule_id="bad")), "statistic": {"S": "p101"}}
    dynamodb.put_item(TableName=RULES, Item=bad)
    found = RulesTable(dynamodb, RULES).rules()
    assert [rule.rule_id for rule in found.rules] == ["cpu-hot"]
    assert found.unreadable == 1


def test_rules_are_read_again_when_they_are_old(tables: None) -> None:
    """A new rule is known within the time that a cached one may be kept, which is under half a minute."""
    dynamodb, clock = boto3.client("dynamodb"), Clock()
    table = RulesTable(dynamodb, RULES, clock)
    assert not table.rules().rules
    dynamodb.put_item(TableName=RULES, Item=item_of(a_rule()))
    clock.now = FRESH_SECONDS
    assert not table.rules().rules
    clock.now += 0.1
    assert len(table.rules().rules) == 1
    assert FRESH_SECONDS < STALE_SECONDS < 30


def test_rules_that_cannot_be_read_are_used_while_they_are_young(tables: None) -> None:
    """A short outage of the table changes nothing; a long one is a failure, because rules may have changed."""
    dynamodb, clock = boto3.client("dynamodb"), Clock()
    dynamodb.put_item(TableName=RULES, Item=item_of(a_rule()))
    refused: set[str] = set()
    table = RulesTable(Refusing(dynamodb, refused), RULES, clock)
    table.rules()
    refused.add("scan")
    clock.now = STALE_SECONDS
    assert len(table.rules().rules) == 1
    clock.now += 0.1
    with pytest.raises(TransientError):
        table.rules()


def test_numbers_are_the_decimals_that_people_wrote() -> None:
    """A tenth is a tenth in the table."""
    assert item_of(a_rule(threshold=0.1))["threshold"] == {"N": "0.1"}
    assert rule_of(item_of(a_rule(threshold=0.1))).condition.bounds == (0.1,)
