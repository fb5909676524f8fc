"""Metrics by minute."""

from concurrent.futures import ThreadPoolExecutor

from emulator.clock import Clock
from emulator.cloudwatch.metrics import MetricId, RegionMetrics

COLOR = {"Shop": "a", "Color": "red"}
METRIC = MetricId("N", "M", (("Color", "red"), ("Shop", "a")))


def test_a_value_is_in_the_minute_it_was_measured_in() -> None:
    """Now, or at the time that is said, under its dimensions in any order."""
    metrics = RegionMetrics(Clock(lambda: 600.0))
    metrics.put("N", "M", 1, COLOR)
    metrics.put("N", "M", 5, dict(reversed(COLOR.items())), at_s=540.0, count=2)
    this, last = metrics.values(METRIC, 10, 11), metrics.values(METRIC, 9, 10)
    assert this is not None
    assert last is not None
    assert ((this.sum, this.count), (last.sum, last.count)) == ((1, 1), (10, 2))
    both = metrics.values(METRIC, 0, 10_000)
    assert both is not None
    assert both.sum == 11
    assert metrics.values(METRIC, 11, 12) is None
    assert list(metrics.ids()) == [METRIC]


def test_dimensions_and_units_that_differ_are_other_metrics() -> None:
    """As in CloudWatch nothing is summed up over dimensions by itself."""
    metrics = RegionMetrics(Clock(lambda: 600.0))
    metrics.put("N", "M", 1, COLOR, unit="Bytes")
    assert metrics.values(MetricId("N", "M", ()), 0, 100) is None
    assert metrics.values(METRIC, 0, 100, unit="Count") is None
    assert metrics.values(METRIC, 0, 100, unit="Bytes") is not None


def test_only_a_days_minutes_are_kept() -> None:
    """The oldest goes first, so that a run of a week does not grow."""
    metrics = RegionMetrics(Clock())
    for minute in range(2_000):
        metrics.put("N", "M", minute, COLOR, at_s=minute * 60)
    whole = metrics.values(METRIC, 0, 10_000)
    assert whole is not None
    assert (whole.count, whole.minimum, whole.maximum) == (1440, 560, 1999)


def test_every_value_of_many_threads_counts() -> None:
    """Nobody who puts one waits, and a reader has all that were put before, however many."""
    metrics = RegionMetrics(Clock(lambda: 600.0))

    def put(_: int) -> None:
        for number in range(1500):
            metrics.put("N", "M", number, COLOR)
            if number == 700:
                found = metrics.values(METRIC, 10, 11)
                assert found is not None
                assert found.count >= 701

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(put, range(4)))
    whole = metrics.values(METRIC, 10, 11)
    assert whole is not None
    assert (whole.count, whole.sum) == (6000, 4 * sum(range(1500)))
