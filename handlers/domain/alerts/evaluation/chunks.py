"""Chunks: ranges of rules that one call of the evaluator can judge in its time, however many groups they have."""

from collections.abc import Iterable, Iterator

from handlers.domain.alerts.evaluation.capacity import merging_weight
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.windows.progress import KeyRange

# Each chunk reads all windows and rules anew, so it is as large as it may be: rules for which a call has no time left,
# as where all groups fire at once, are left to the next. Four chunks are evaluated at the same time.
RULES_PER_CHUNK = 250
# Intervals of one group that are merged, at most, when everything is due, as at a full hour: some 3 seconds of a core
# for the items of one shard each 10 s, 10 for those of four.
WEIGHT_PER_CHUNK = 600_000


def chunks_of(rules: Iterable[Rule], interval_s: int, group_cap: int) -> list[KeyRange]:
    """The chunks of all rule keys, at least one, the same for the same rules."""
    begins = list(_begins(sorted(rules, key=lambda rule: rule.key), interval_s, group_cap))
    return [KeyRange(begin, end) for begin, end in zip(["", *begins], [*begins, ""], strict=True)]


def _begins(rules: Iterable[Rule], interval_s: int, group_cap: int) -> Iterator[str]:
    """The keys at which another chunk begins."""
    count = weight = 0
    for rule in rules:
        own = rule.period_s // interval_s * merging_weight(rule) * group_cap
        if count and (count >= RULES_PER_CHUNK or weight + own > WEIGHT_PER_CHUNK):
            yield rule.key
            count = weight = 0
        count, weight = count + 1, weight + own
