"""The consumers of the alerts: what governs how they read."""

from dataclasses import replace

import pytest

from handlers.domain.alerts.periods import Timing
from templates.config import load
from tests.support.generated import Generated, build


@pytest.mark.parametrize("title", ["WindowAggregatorMapping", "RuleChangesMapping"])
def test_the_alerts_own_settings_end_their_retries(title: str) -> None:
    """The writer's patience is for storage; one that the alerts cannot use holds them up as long as they say."""
    config = load("prod")
    config = replace(config, alerts=replace(config.alerts, maximum_retries=7, maximum_age_seconds=601))
    mapping = build("regional", config).of("AWS::Lambda::EventSourceMapping")[title]
    assert (mapping["MaximumRetryAttempts"], mapping["MaximumRecordAgeInSeconds"]) == (7, 601)


def test_batches_of_a_shard_come_one_after_another(regional: Generated) -> None:
    """A batch says that the records before it are dealt with, which no more holds if a shard has several at once."""
    mapping = regional.of("AWS::Lambda::EventSourceMapping")["WindowAggregatorMapping"]
    assert mapping.get("ParallelizationFactor", 1) == 1
    assert "FilterCriteria" not in mapping


def test_no_batch_is_tried_when_it_can_judge_nothing_any_more(regional: Generated) -> None:
    """Evidence after the late limit of a period is left out, so a batch of that age is only in the way."""
    mapping = regional.of("AWS::Lambda::EventSourceMapping")["WindowAggregatorMapping"]
    assert mapping["MaximumRecordAgeInSeconds"] <= Timing().allowed_lateness_s
