"""Silences as documents, also those that nobody should have written."""

from decimal import Decimal
from typing import Any

import pytest

from handlers.domain.alerts.silences.reading import SilenceError, read_silence, silence_document

PLAIN: dict[str, Any] = {
    "silence_id": "1a2b3c4d", "version": 1, "match": {"rule": ["cpu-*"]}, "dimensions": {"host": ["", "web-1"]},
    "from": 1_763_769_600, "until": 1_763_776_800, "why": "disks are changed", "by": "arn:aws:iam::1:user/jo",
    "created_at": 1_763_769_600, "ended_by": "",
}  # fmt: skip
WEEKLY: dict[str, Any] = {"days": ["sat", "sun"], "begin": "22:30", "end": "01:00", "zone": "Europe/Berlin"}


@pytest.mark.parametrize(
    "document", [PLAIN, {**PLAIN, "until": 0, "every": WEEKLY}, {**PLAIN, "ended_by": "jo"}]
)
def test_a_silence_survives_its_document(document: dict[str, Any]) -> None:
    """What is read of it is written again."""
    assert silence_document(read_silence(document)) == document


def test_what_is_not_known_is_passed_over_and_what_an_older_version_left_out_has_a_default() -> None:
    """Numbers may be as DynamoDB gives them."""
    known = read_silence({**PLAIN, "ticket": "X-1", "expires_at": 1})
    assert known == read_silence(PLAIN)
    least = {name: PLAIN[name] for name in ("silence_id", "why", "by")}
    silence = read_silence({**least, "from": Decimal(1_763_769_600), "until": Decimal(1_763_776_800)})
    assert (silence.from_s, silence.until_s, silence.matcher.is_everything) == (
        1_763_769_600,
        1_763_776_800,
        True,
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"version": 2}, "version"),
        ({"silence_id": 7}, "silence_id"),
        ({"match": {"severity": ["high"], "age": ["1"]}}, "match.age"),
        ({"match": ["rule"]}, "match"),
        ({"match": {"rule": "cpu"}}, "match.rule"),
        ({"match": {"rule": []}}, "match.rule"),
        ({"match": {"rule": [1]}}, "match.rule"),
        ({"dimensions": {"host": ["a\nb"]}}, "dimensions.host"),
        ({"dimensions": {str(number): ["a"] for number in range(21)}}, "dimensions"),
        ({"dimensions": {"host": ["x" * 2_049]}}, "dimensions.host"),
        ({"from": "now"}, "from"),
        ({"until": 0}, "until"),
        ({"until": Decimal("NaN")}, "until"),
        ({"until": float("inf")}, "until"),
        ({"why": ""}, "why"),
        ({"why": "x" * 501}, "why"),
        ({"by": None}, "by"),
        ({"every": "daily"}, "every"),
        ({"every": {**WEEKLY, "days": []}}, "every.days"),
        ({"every": {**WEEKLY, "days": ["caturday"]}}, "every.days"),
        ({"every": {**WEEKLY, "begin": "24:00"}}, "every"),
        ({"every": {**WEEKLY, "begin": "9:00"}}, "every.begin"),
        ({"every": {**WEEKLY, "end": "22:30"}}, "every"),
        ({"every": {**WEEKLY, "end": "25:00"}}, "every.end"),
        ({"every": {**WEEKLY, "zone": "Mars/Olympus"}}, "every.zone"),
        ({"every": {**WEEKLY, "zone": 1}}, "every.zone"),
        ({"every": {**WEEKLY, "but": "not on holidays"}}, "every.but"),
    ],
)  # fmt: skip
def test_what_could_hold_back_more_than_was_meant_is_none(change: dict[str, Any], field: str) -> None:
    """Nor is what no clock or zone has; the field that is wrong is named."""
    with pytest.raises(SilenceError) as caught:
        read_silence({**PLAIN, **change})
    assert caught.value.field == field
