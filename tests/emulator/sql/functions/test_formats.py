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


@pytest.mark.parametrize(
    "spelled",
    [
        "2022-06-17T08:04:05.000000001+05:00",
        "2022-06-17T08:04:05Z",
        "2022-06-17T08:04-0130",
        "2022-06-17T08:04:05,5",
        "2022-06-17",
        "1969-12-31T23:59:59.5",
    ],
)
def test_iso_of_any_text(ask: Ask, spelled: str) -> None:
    """A column's text is read as the same text in a literal is, and NULL is NULL."""
    read = "from_iso8601_timestamp({})"
    literal = read.format(f"'{spelled}'")
    found = ask(f"SELECT {read.format('x')}, {literal} FROM (VALUES '{spelled}') AS t(x)").rows[0]
    assert found[0] == found[1]
    none = ask(
        "SELECT from_iso8601_timestamp(x), from_iso8601_date(x) FROM (VALUES CAST(NULL AS VARCHAR)) AS t(x)"
    )
    assert none.rows == [[None, None]]


def test_iso_dates_of_any_text(ask: Ask) -> None:
    """A column's text is a date, or fails."""
    assert ask("SELECT from_iso8601_date(x) FROM (VALUES '2024-02-29') AS t(x)").rows == [["2024-02-29"]]
    with pytest.raises(SqlError, match=r"Invalid format: 29\.2\.2024"):
        ask("SELECT from_iso8601_date(x) FROM (VALUES '29.2.2024') AS t(x)")
