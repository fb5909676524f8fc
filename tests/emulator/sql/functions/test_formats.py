"""Dates and times as text, and back."""

import pytest

from emulator.sql import SqlError
from tests.support.sql_fleet import Ask, one


@pytest.mark.parametrize(
    ("call", "wanted"),
    [
        ("date_parse('2019-10-20 10:20:20', '%Y-%m-%d %H:%i:%s')", "2019-10-20 10:20:20.000000000"),
        ("date_parse('2019/1/2', '%Y/%c/%e')", "2019-01-02 00:00:00.000000000"),
        ("parse_datetime('1968-01-13 12', 'yyyy-MM-dd HH')", "1968-01-13 12:00:00.000000000"),
        ("parse_datetime('2019-12-29 10:10 PST', 'uuuu-LL-dd HH:mm z')", "2019-12-29 18:10:00.000000000"),
        ("parse_datetime('2019-12-29T10:10+0130', 'yyyy-MM-dd''T''HH:mmZ')", "2019-12-29 08:40:00.000000000"),
        ("to_iso8601(TIMESTAMP '2022-06-17 08:04:05.123456789')", "2022-06-17T08:04:05.123456789"),
        ("to_iso8601(DATE '2022-06-17')", "2022-06-17"),
    ],
)
def test_text(ask: Ask, call: str, wanted: str) -> None:
    """Each format is AWS's: MySQL's letters, Joda's letters with a zone at the end, and ISO 8601."""
    assert one(ask, call) == wanted


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ("date_parse('x', '%Y')", "Invalid format: 'x'"),
        ("parse_datetime('2019 XXX', 'yyyy z')", "unknown time zone: 2019 XXX"),
        ("parse_datetime('2019', 'yyyy Q')", "this emulator does not have the date format Q"),
    ],
)
def test_refused(ask: Ask, call: str, says: str) -> None:
    """Text of another form fails, and what a format cannot have is refused."""
    with pytest.raises(SqlError) as refusal:
        one(ask, call)
    assert says in refusal.value.message
