"""Notes on rules that an environment's evaluator may have no time for, reckoned for as many groups as it allows."""

from collections.abc import Iterator, Sequence

from handlers.domain.alerts.evaluation.capacity import MERGING_S, SHARDS, Capacity
from handlers.domain.alerts.rules.rule import Rule
from templates.config.alerting import Alerts

# The state machine evaluates so many chunks of rules at a time, and its executions end after so many seconds.
# A test holds both to its definition.
CHUNKS_AT_ONCE = 4
EXECUTION_S = 290


def load_notes(rules: Sequence[Rule], alerts: Alerts) -> Iterator[str]:
    """A line for each rule that is too much by itself, and one if all are too much together."""
    capacity = Capacity(alerts.window_seconds, alerts.maximum_groups, alerts.evaluator_memory_mb)
    seconds = {rule.rule_id: capacity.merging_s(rule) for rule in rules}
    for rule in rules:
        merging_s = seconds[rule.rule_id]
        if merging_s > MERGING_S:
            yield (
                f"{rule.rule_id}: with alerts.maximum_groups = {alerts.maximum_groups} groups in each batch of "
                f"{SHARDS} shards, a period of {rule.period_s} s takes {merging_s:.0f} s to merge, and the evaluator "
                f"has {MERGING_S:.0f}: there is time for {capacity.most_groups(rule)}; alerts.window_seconds and, up "
                "to 1769, alerts.evaluator_memory_mb make it shorter"
            )
    together_s = sum(seconds.values()) / CHUNKS_AT_ONCE
    if together_s > EXECUTION_S:
        yield (
            f"all {len(rules)} rules: with as many groups, when all are due they take {together_s:.0f} s to merge, "
            f"{CHUNKS_AT_ONCE} chunks at a time, and an execution has {EXECUTION_S}; with more than "
            f"{int(alerts.maximum_groups * EXECUTION_S / together_s)} groups a rule, evaluations fall behind"
        )
