"""Silences as items of their table."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from handlers.adapters.dynamodb.silences_table import KEPT_S, SilencesTable, item_of, silence_of
from handlers.domain.alerts.silences.maintenance_window import MaintenanceWindow
from handlers.domain.alerts.silences.matcher import Matcher
from handlers.domain.alerts.silences.silence import Silence
from handlers.domain.errors import ConfigurationError
from tests.support.alert_tables import SILENCES, create_alert_tables

NOW = 1_763_769_600
WEEKLY = MaintenanceWindow(frozenset({5, 6}), 120, 240, "Europe/Berlin")
ONCE = Silence("a", Matcher((("rule", ("x*",)),), (("host", ("", "b")),)), NOW, NOW + 600, "why", "who", NOW)
EVER = Silence("b", Matcher(), NOW, 0, "why", "who", NOW, WEEKLY)


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    """A client of empty tables."""
    with mock_aws():
        create_alert_tables()
        yield boto3.client("dynamodb")


def test_silences_are_read_as_they_were_written(dynamodb: Any) -> None:
    """What is none is counted, and hides no other."""
    table = SilencesTable(dynamodb, SILENCES)
    table.put(EVER)
    table.put(ONCE)
    dynamodb.put_item(TableName=SILENCES, Item={"silence_id": {"S": "c"}, "version": {"N": "2"}})
    found = table.fresh()
    assert (found.silences, found.unreadable) == ([ONCE, EVER], ["c"])


def test_a_silence_stays_for_a_month_after_its_end_and_for_ever_without_one() -> None:
    """As late evaluations ask which there were."""
    assert item_of(ONCE)["expires_at"] == {"N": str(NOW + 600 + KEPT_S)}
    assert "expires_at" not in item_of(EVER)
    assert silence_of(item_of(EVER)) == EVER


@pytest.mark.parametrize("silence", [ONCE, EVER])
def test_a_silence_is_ended_once(dynamodb: Any, silence: Silence) -> None:
    """With who did it; one that is over, or is none, is not ended again."""
    table = SilencesTable(dynamodb, SILENCES)
    table.put(silence)
    assert table.end(silence.silence_id, "jo", NOW + 60)
    [ended] = table.fresh().silences
    assert (ended.until_s, ended.ended_by, ended.holds(NOW + 60)) == (NOW + 60, "jo", False)
    [item] = dynamodb.scan(TableName=SILENCES)["Items"]
    assert item["expires_at"] == {"N": str(NOW + 60 + KEPT_S)}
    assert not table.end(silence.silence_id, "al", NOW + 60)
    assert not table.end("none", "al", NOW)


def test_no_silence_takes_the_place_of_another(dynamodb: Any) -> None:
    """Nor does a table that is not there look like one without silences."""
    table = SilencesTable(dynamodb, SILENCES)
    table.put(ONCE)
    with pytest.raises(ConfigurationError):
        table.put(ONCE)
    with pytest.raises(ConfigurationError):
        SilencesTable(dynamodb, "other").end("a", "jo", NOW)
