"""The time that merging takes, reckoned before it runs; `python -m benchmarks.alert_merging` measures it."""

from collections.abc import Iterable
from dataclasses import dataclass

from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.state.verdicts import silence_counts

# Seconds of a core to merge the sum of one group from one batch.
_SUM_S = 0.9e-6
# A function has a core with so many MB of memory, and its share of one below that; an evaluation uses no second one.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
_CORE_MB = 1_769
# Of the function's minute, the seconds in which the windows of an interval must be merged: the rest is to read them,
# and for what they change.
MERGING_S = 40.0
# An on-demand stream begins with so many.
SHARDS = 4


def merging_weight(rule: Rule) -> int:
    """The work of merging a group's windows of one period, in that of a sum; some need the period before as well."""
    return sum(
        (2 if silence_counts(rule) or statistic.follows_series else 1) * statistic.weight
        for statistic in rule.statistics
    )


def too_long(rules: Iterable[Rule], end_s: int) -> str:
    """The words for windows of these rules that took too long to merge, at the end of an interval."""
    heaviest = max(
        rules, key=lambda rule: rule.period_s * merging_weight(rule) * (end_s % rule.period_s == 0)
    )
    return (
        f"the windows of {heaviest.key} at {end_s} take longer to merge than {MERGING_S:g} s, and it was not evaluated "
        "then: it needs fewer groups, a shorter period, or more of alerts.window_seconds or "
        "alerts.evaluator_memory_mb"
    )


@dataclass(frozen=True)
class Capacity:
    """The settings of an environment that an evaluation's time depends on."""

    window_s: int
    group_cap: int
    memory_mb: int
    shards: int = SHARDS

    def merging_s(self, rule: Rule) -> float:
        """The longest, in seconds, that a period of a rule takes to merge: all groups it may have, in each batch."""
        batches = max(1, rule.period_s // self.window_s) * self.shards
        core_s = batches * self.group_cap * merging_weight(rule) * _SUM_S
        return core_s / min(1.0, self.memory_mb / _CORE_MB)

    def most_groups(self, rule: Rule) -> int:
        """The groups of a rule for which there is time."""
        return int(self.group_cap * MERGING_S / self.merging_s(rule))
