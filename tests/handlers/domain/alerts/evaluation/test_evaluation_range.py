"""The range of periods that late points may give a datapoint again."""

from handlers.domain.alerts.evaluation.evaluation_range import oldest_period, periods_again
from handlers.domain.alerts.periods import Timing
from tests.support.rules import a_rule

# Noon, so that what is looked back at lies within the day.
START = 1_763_769_600 + 43_200


def test_with_ignore_late_points_count_as_far_back_as_an_alert_is_held() -> None:
    """What an alert recovered by must be known until its hold is over; without one an hour, or twice N periods."""
    end_s = START + 60
    for hold_s, back_s in ((0, 3_600), (600, 3_600), (7_200, 7_320), (86_400, 4 * 3_600)):
        rule = a_rule(missing_data="ignore", hold=hold_s)
        assert oldest_period(rule, START, Timing()) == end_s - back_s, hold_s


def test_otherwise_a_hold_makes_no_earlier_period_count() -> None:
    """With every other policy the last N periods are known, and a hold remembers one time of those before them."""
    rule = a_rule(missing_data="missing", datapoints="2 of 3", hold=7_200)
    assert list(periods_again(rule, START, Timing())) == [START - 120, START - 60, START]
