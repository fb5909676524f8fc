"""The words in which operators say what is to be silent, and when."""

import argparse
from datetime import UTC, datetime

import pytest

from ops.errors import OperatorError
from ops.silence_words import duration_s, matcher_of, time_s, window_of, zone_name

NOW = int(datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp())
BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["cpu-hot"], "rule=cpu-hot"),
        (["cpu-*", "disk-full", "host=web-1"], "rule=cpu-* rule=disk-full host=web-1"),
        (
            ["severity=low", "metric_name=cpu.load", "metric_type=system"],
            "metric=cpu.load severity=low type=system",
        ),
        (["group.severity=x", "host="], "host= group.severity=x"),
        (["host=a=b"], "host=a=b"),
    ],
)
def test_a_word_is_a_rule_or_a_name_with_its_pattern(words: list[str], expected: str) -> None:
    """Names are those of rule files, or short, and every other is a dimension."""
    assert str(matcher_of(words, every=False)) == expected


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["*"],
        ["host=*"],
        ["severity=*", "rule=*"],
        ["severity=low", "severity=medium", "severity=high", "severity=c*"],
    ],
)
def test_what_matches_every_alert_has_to_be_said(words: list[str]) -> None:
    """However it is written; with --all no word is needed, and none is taken."""
    with pytest.raises(OperatorError, match="--all"):
        matcher_of(words, every=False)
    assert matcher_of([], every=True).is_everything
    with pytest.raises(OperatorError, match="leave out cpu-hot"):
        matcher_of(["cpu-hot"], every=True)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("severity=urgent", "severity is one of low, medium, high, critical"),
        ("type=host", "type is one of system"),
        ("=x", "text of 1 to"),
        ("host=a\x1bb", "without control characters"),
        ("host=" + "x" * 3_000, "text of up to 2048 bytes"),
    ],
)
def test_a_word_that_can_match_nothing_is_refused(word: str, said: str) -> None:
    """With what there is."""
    with pytest.raises(OperatorError, match=said):
        matcher_of([word], every=False)


@pytest.mark.parametrize(
    ("text", "expected"), [("90s", 90), ("2h", 7_200), ("1d12h", 129_600), ("2w", 1_209_600)]
)
def test_a_time_has_units(text: str, expected: int) -> None:
    """Seconds to weeks, also several."""
    assert duration_s(text) == expected


@pytest.mark.parametrize("text", ["", "2", "2x", "-2h", "1.5h", "59s", "0h", "367d", "²h", "9" * 12 + "h"])
def test_what_is_no_time_is_refused(text: str) -> None:
    """Nor is less than a minute, nor more than a year."""
    with pytest.raises(argparse.ArgumentTypeError):
        duration_s(text)


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("18:00", "UTC", "2026-03-01 18:00"),
        ("12:00", "UTC", "2026-03-02 12:00"),
        ("13:30", BERLIN, "2026-03-01 12:30"),
        ("2026-07-01T18:00", BERLIN, "2026-07-01 16:00"),
        ("2026-07-01 18:00", "UTC", "2026-07-01 18:00"),
        ("2026-07-01T18:00+05:30", BERLIN, "2026-07-01 12:30"),
        ("2026-10-25T02:30Z", BERLIN, "2026-10-25 02:30"),
        ("2026-12-24", BERLIN, "2026-12-23 23:00"),
    ],
)
def test_a_time_is_of_its_zone(text: str, zone: str, expected: str) -> None:
    """Of today or tomorrow where it has no date, and of its own offset where it has one."""
    found = datetime.fromtimestamp(time_s("--until", text, zone, NOW), UTC)
    assert f"{found:%Y-%m-%d %H:%M}" == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-03-29T02:30", "clocks of Europe/Berlin skip that time"),
        ("2026-10-25T02:30", "show that time twice, at 2026-10-25 00:30:00 and 2026-10-25 01:30:00 UTC"),
        ("tomorrow", "a time such as"),
        ("2026-02-30", "a time such as"),
        ("25:00", "a time such as"),
        ("", "a time such as"),
    ],
)
def test_a_time_that_there_is_not_or_twice_is_refused(text: str, said: str) -> None:
    """With the reason."""
    with pytest.raises(OperatorError, match=said):
        time_s("--until", text, BERLIN, NOW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sat,sun 02:00-04:00", "sat,sun 02:00-04:00 UTC"),
        ("mon-fri 22:00-01:00", "mon,tue,wed,thu,fri 22:00-01:00 UTC"),
        ("sat-mon 00:00-24:00", "mon,sat,sun 00:00-24:00 UTC"),
        ("daily 03:00-03:30", "daily 03:00-03:30 UTC"),
        ("Sun  02:00-04:00", "sun 02:00-04:00 UTC"),
    ],
)
def test_hours_of_the_week_have_days(text: str, expected: str) -> None:
    """Single ones, ranges, or all."""
    assert str(window_of(text, "UTC")) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("02:00-04:00", "days and hours"),
        ("sat 2-4", "days and hours"),
        ("sat 02:00", "days and hours"),
        ("caturday 02:00-04:00", "days of the week"),
        ("sat-xyz 02:00-04:00", "days of the week"),
        ("sat, 02:00-04:00", "days of the week"),
        ("sat 02:00-02:00", "two different times"),
        ("sat 02:00-25:00", "a time of day"),
        ("sat 24:00-02:00", "two different times"),
    ],
)
def test_hours_that_no_week_has_are_refused(text: str, said: str) -> None:
    """With what is expected."""
    with pytest.raises(OperatorError, match=said):
        window_of(text, "UTC")


def test_a_zone_has_a_name_that_is_known() -> None:
    """No offset, no abbreviation that nobody has."""
    assert zone_name(BERLIN) == BERLIN
    with pytest.raises(argparse.ArgumentTypeError, match="no time zone"):
        zone_name("+02:00")
