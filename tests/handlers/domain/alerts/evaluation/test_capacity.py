"""The time that merging takes, reckoned before it runs."""

import pytest

from handlers.domain.alerts.evaluation.capacity import MERGING_S, Capacity
from tests.support.rules import a_rule


@pytest.mark.parametrize(
    ("rule", "core_s"),
    [
        ({"period": 60}, 0.02),
        ({"period": 3600}, 1.3),
        ({"period": 3600, "missing_data": "missing"}, 2.6),
        ({"period": 3600, "statistic": "p99"}, 10.4),
        ({"period": 3600, "statistic": "rate"}, 33.7),
    ],
)
def test_time_is_that_of_all_batches_of_a_period(rule: dict[str, object], core_s: float) -> None:
    """A thousand groups on four shards each ten seconds; twice that on half a core, and where silence counts."""
    found = Capacity(10, 1_000, 1_769).merging_s(a_rule(**rule))
    assert found == pytest.approx(core_s, rel=0.1)
    assert Capacity(10, 2_000, 1_769).merging_s(a_rule(**rule)) == pytest.approx(2 * found)
    assert Capacity(10, 1_000, 1_024).merging_s(a_rule(**rule)) == pytest.approx(found / 0.579, rel=0.01)
    assert Capacity(10, 1_000, 10_240).merging_s(a_rule(**rule)) == found


def test_the_most_groups_are_merged_in_time() -> None:
    """With one more there would be too little."""
    rule = a_rule(period=3600, statistic="p99")
    most = Capacity(10, 5_000, 1_024).most_groups(rule)
    assert (
        Capacity(10, most, 1_024).merging_s(rule) <= MERGING_S < Capacity(10, most + 1, 1_024).merging_s(rule)
    )
