"""Schedule expressions: which minutes they mean."""

from datetime import UTC, datetime

import pytest

from emulator.scheduler.cron import parse_cron


def at(text: str) -> datetime:
    """A minute in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "moment", "due"),
    [
        ("cron(* * * * ? *)", "2025-11-22T10:07", True),
        ("cron(15 * * * ? *)", "2025-11-22T10:15", True),
        ("cron(15 * * * ? *)", "2025-11-22T10:16", False),
        ("cron(0/20 8-17 ? * 2-6 *)", "2025-11-21T17:40", True),
        ("cron(0/20 8-17 ? * 2-6 *)", "2025-11-22T17:40", False),
        ("cron(5,35 0 1 1,7 ? 2025-2026)", "2026-07-01T00:35", True),
        ("cron(5,35 0 1 1,7 ? 2025-2026)", "2027-07-01T00:35", False),
        ("rate(1 minute)", "2025-11-22T10:07", True),
        ("rate(15 minutes)", "2025-11-22T10:45", True),
        ("rate(15 minutes)", "2025-11-22T10:46", False),
        ("rate(2 hours)", "2025-11-22T11:00", False),
    ],
)
def test_an_expression_means_its_minutes(expression: str, moment: str, due: bool) -> None:
    """Numbers, lists, ranges, steps and rates are due exactly when they say."""
    assert parse_cron(expression).matches(at(moment)) is due


def test_the_last_due_minute_is_found_in_a_span() -> None:
    """Of all that came due while nobody looked, the last counts; what came due before or after does not."""
    cron = parse_cron("cron(15 * * * ? *)")
    assert cron.latest(at("2025-11-22T08:00"), at("2025-11-22T10:14")) == at("2025-11-22T09:15")
    assert cron.latest(at("2025-11-22T08:16"), at("2025-11-22T09:14")) is None
    assert cron.latest(at("2025-11-22T09:15"), at("2025-11-22T09:15")) == at("2025-11-22T09:15")


@pytest.mark.parametrize(
    "expression", ["cron(* * * * *)", "cron(L * * * ? *)", "cron(61 * * * ? *)", "at(2025)", ""]
)
def test_what_is_not_understood_is_refused(expression: str) -> None:
    """A schedule that would fire at other times than on AWS is not guessed at."""
    with pytest.raises(ValueError, match="cron"):
        parse_cron(expression)
