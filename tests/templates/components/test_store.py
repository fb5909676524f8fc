"""The choice of the store."""

import pytest

from templates.components.store import limits_environment
from templates.config import Config, load
from tests.support.generated import Generated, build, lake_config


def test_timestream_stays_the_default(regional: Generated) -> None:
    """An environment file that names no kind has what it had."""
    if regional.config.store.kind == "timestream":
        assert regional.body["Outputs"]["StoreKind"]["Value"] == "timestream"
        assert len(regional.of("AWS::Timestream::Table")) == 1


@pytest.mark.parametrize("config", [load("dev"), lake_config()], ids=["timestream", "lake"])
def test_writer_and_aggregator_judge_points_alike(config: Config) -> None:
    """What one quarantines, the other does not count."""
    functions = build("regional", config).of("AWS::Lambda::Function")
    wanted = dict(limits_environment(config))
    assert wanted
    for name in ("MetricWriterFunction", "WindowAggregatorFunction"):
        assert wanted.items() <= functions[name]["Environment"]["Variables"].items(), name
