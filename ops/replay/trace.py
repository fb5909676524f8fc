"""The datapoints of one group, out of the windows that a replay judged: for a picture of why it fired."""

import zlib
from collections.abc import Iterable
from dataclasses import replace

import orjson

from handlers.domain.alerts.evaluation.datapoint import evaluate_datapoint
from handlers.domain.alerts.evaluation.wanted_windows import WantedWindows, window_of
from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.selection import Group
from handlers.domain.alerts.state.alert import Datapoint
from handlers.domain.alerts.windows.merging import merge_windows
from handlers.domain.alerts.windows.window_items import WindowItem
from ops.replay.stored_windows import OpenItem


def packed(item: OpenItem) -> WindowItem:
    """The item as the windows table would have it, in a tenth of the memory."""
    data = zlib.compress(orjson.dumps(item.content), 1)
    return WindowItem(item.interval_start_s, item.batch, item.part, item.parts, item.written_at_ms, data)


def datapoints(
    rule: Rule, group: Group, items: Iterable[WindowItem], span: range, timing: Timing
) -> list[Datapoint | None]:
    """The datapoint of the group in each period of the span, None where there is none, as the rule's periods follow."""
    first_s = -(-span.start // rule.period_s) * rule.period_s
    starts = range(first_s, span.stop - rule.period_s + 1, rule.period_s)
    # In force before the first period, so that its counters go on from somewhere.
    known = replace(rule, in_force_since_s=first_s - rule.period_s)
    wanted = WantedWindows(timing)
    for start_s in starts:
        wanted.add_values(known, start_s, {group})
    merged = merge_windows(items, wanted.windows)
    return [
        evaluate_datapoint(known, start_s, window_of(known, merged, start_s).aggregate(group))
        for start_s in starts
    ]
