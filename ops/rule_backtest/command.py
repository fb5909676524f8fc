"""`ops rules backtest`: run and told of."""

import argparse
import sys
from collections.abc import Sequence

from ops import stack
from ops.errors import OperatorError
from ops.output import counted, moment, sanitize
from ops.rule_backtest import backtest
from ops.rule_backtest.chosen import Chosen, choose
from ops.rule_backtest.reading import hours_text, say
from ops.rule_backtest.report import show
from ops.rule_backtest.sources import opened
from ops.rule_backtest.span import span_of
from ops.rule_notes import unknown_dimensions
from ops.rule_table import RuleTable

INCOMPLETE = 3
"""The exit status where hours could not be read: what is told is true of the others alone."""

_ASSUMED = (
    "points are judged as if each had come in time and with the value that counts now; silences and acknowledgements "
    "are left out"
)


def run(options: argparse.Namespace) -> int:
    """Run a back-test; 0 if every hour was read, `INCOMPLETE` if not, OperatorError if none was."""
    if options.top < 0:
        raise OperatorError(f"--top {options.top}: a number of rows, 0 for all")
    target = stack.find(options.environment, options.region)
    table = RuleTable(target)
    in_force, now_s = table.read().rules, table.time_s()
    timing = backtest.deployment_of(target.config).timing
    chosen = choose(options, in_force, timing.interval_s)
    span = span_of(options.begin, options.end, now_s, timing)
    begin_s = backtest.begin_of(span, [*chosen.tried, *chosen.against], options.warm_up)
    whole = range(begin_s, span.stop)
    spelled = target.dimension_names()
    metrics = backtest.metrics_of(chosen, spelled)
    with opened(target, metrics, whole, now_s, options.history) as sources:
        found = backtest.run(chosen, metrics, target.config, span, begin_s, sources, say)
    return _tell(options, chosen, found, list(unknown_dimensions(chosen.tried, spelled)))


def _tell(options: argparse.Namespace, chosen: Chosen, found: backtest.BackTest, more: Sequence[str]) -> int:
    """Print a back-test, what it lacks, and `more` notes; the exit status."""
    read, span = found.read, found.span
    if not read.points:
        raise OperatorError(f"no hour could be read: {hours_text(read.unread)}")
    within = {hour: why for hour, why in read.unread.items() if hour.end_s > span.start}
    before = {hour: why for hour, why in read.unread.items() if hour not in within}
    empty = {
        hour: "no points" for hour, points in read.points.items() if not points and hour.end_s > span.start
    }
    begun = moment(min(read.points).start_s)
    notes = [f"{_ASSUMED}; read from {begun} on, so that states are known when it begins"]
    if not any(read.points.values()):
        names = {side.metric_name for rule in (*chosen.tried, *chosen.against) for side in rule.sides}
        metrics = ", ".join(sorted(names))
        notes.append(f"there is no point of {metrics} that a rule matches in all the hours that were read")
    elif empty:
        notes.append(hours_text(empty))
    if read.remarks:
        notes.append(f"may lack points: {hours_text(read.remarks)}")
    if before:
        notes.append(f"what was before is not known: {hours_text(before)}")
    notes += more
    show(options, chosen, found)
    for note in notes:
        print(f"note: {sanitize(note)}", file=sys.stderr)
    if within:
        print(
            f"not read, and judged by nobody: {counted(len(within), 'hour')}: {hours_text(within)}",
            file=sys.stderr,
        )
        return INCOMPLETE
    return 0
