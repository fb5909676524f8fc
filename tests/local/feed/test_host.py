"""The feed's samples."""

import math

from local.feed.host import SERIES, Host


def test_a_sample_is_about_a_hundred_distinct_series() -> None:
    """Every metric of a sample is another series, and there are about a hundred of them."""
    metrics = Host().sample(1_763_769_600_000)
    series = {(m["metric_name"], tuple(sorted(m["dimensions"].items()))) for m in metrics}
    assert len(series) == len(metrics)
    assert SERIES * 0.4 < len(metrics) <= SERIES + 60


def test_every_metric_is_what_the_ingest_api_takes() -> None:
    """Names and dimension values are non-empty text, values finite numbers, the time the one asked for."""
    for metric in Host().sample(1_763_769_600_000):
        assert set(metric) == {"metric_name", "value", "metric_type", "timestamp", "dimensions"}
        assert math.isfinite(metric["value"])
        assert metric["timestamp"] == 1_763_769_600_000
        assert metric["dimensions"]
        assert all(isinstance(value, str) and value for value in metric["dimensions"].values())
