"""The words and rows of a back-test: for people a few lines for each rule and a table, for programs rows alone."""

import argparse
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from handlers.domain.alerts.periods import DAY_S
from handlers.domain.alerts.rules.rule import Rule
from ops import tables
from ops.output import counted, moment, sanitize
from ops.rule_backtest.alerts import Firing
from ops.rule_backtest.backtest import BackTest
from ops.rule_backtest.chosen import Chosen, Trial
from ops.rule_backtest.comparison import BOTH, FEWER, MORE, Compared, compare
from ops.rule_backtest.options import ALERTS, DAYS, GROUPS, RULES
from ops.rule_tests.times import span_text
from ops.tables import Coloured, Row

# fmt: off
COLUMNS = {
    ALERTS: (
        "change", "rule", "group", "state", "from", "to", "fired", "baseline fired", "value", "worst", "messages",
    ),
    GROUPS: ("rule", "group", "alerts", "fired", "messages", "baseline alerts", "baseline fired", "baseline messages"),
    DAYS: ("rule", "day", "alerts", "messages", "baseline alerts", "baseline messages"),
    RULES: (
        "rule", "alerts", "groups", "fired", "messages", "more", "fewer", "both",
        "baseline alerts", "baseline groups", "baseline fired", "baseline messages",
    ),
}
# fmt: on
_COLOURS = {MORE: "red", FEWER: "green", BOTH: ""}


class Told(NamedTuple):
    """A trial with what it came to."""

    trial: Trial
    tried: Sequence[Firing]
    against: Sequence[Firing]
    compared: Sequence[Compared]
    messages: Counter[str]
    messages_against: Counter[str]


def show(options: argparse.Namespace, chosen: Chosen, found: BackTest) -> None:
    """Print a back-test in the form of the options."""
    told = [told_of(trial, found) for trial in chosen.trials]
    people = options.format == "table"
    if people:
        for one in told:
            for line in _lines(one, chosen, found.span):
                print(line)
    rows = [row for one in told for row in rows_of(options.show, one, found.span, people=people)]
    shown = rows[: options.top] if people and options.top else rows
    if people and shown:
        print()
    if shown or not people:
        tables.show(COLUMNS[options.show], shown, options.format, noun="")
    if len(shown) < len(rows):
        print(f"and {len(rows) - len(shown)} more; --top 0 shows all")


def told_of(trial: Trial, found: BackTest) -> Told:
    """A trial with what it came to."""
    tried = found.tried.of(trial.rule)
    other = trial.against
    against = found.against.of(other) if other is not None else []
    compared = [Compared(BOTH, one) for one in tried] if trial.is_same else compare(tried, against)
    return Told(
        trial,
        tried,
        against,
        compared,
        found.tried.messages[trial.rule.key],
        found.against.messages[other.key] if other is not None else Counter(),
    )


def _lines(told: Told, chosen: Chosen, span: range) -> Iterator[str]:
    """Lines on a rule for people."""
    rule, other = told.trial.rule, told.trial.against
    yield f"{_said(rule)} ({chosen.tried_name})"
    yield f"  {summary(told.tried, told.messages, span)}"
    if told.trial.is_same:
        if chosen.tried_name != chosen.against_name:
            yield f"  the same as {chosen.against_name}"
        return
    if other is None:
        yield f"  no rule of this id is {chosen.against_name}"
        return
    yield f"{_said(other)} ({chosen.against_name})"
    yield f"  {summary(told.against, told.messages_against, span)}"
    changes = Counter(one.change for one in told.compared)
    yield f"  {changes[MORE]:+} alerts, -{changes[FEWER]}, {changes[BOTH]} in both"
    if rule.by != other.by:
        yield "  the two have different groups, so none of their alerts are the same"


def _said(rule: Rule) -> str:
    by = f" by {', '.join(rule.by)}" if rule.by else ""
    text = f"{rule.rule_id}: {rule.measured} {rule.condition}{by}, {rule.datapoints} of {rule.period_s} s"
    return sanitize(text)


def summary(firings: Sequence[Firing], messages: Counter[str], span: range) -> str:
    """A line on a rule: the number of its firings in a span, their time, groups and messages."""
    length = span_text(span.stop - span.start)
    if not firings:
        return f"never fires in {length}"
    already = sum(one.begin_s <= span.start for one in firings)
    groups = len({one.group for one in firings})
    total = sum(messages.values())
    days = max(1.0, (span.stop - span.start) / DAY_S)
    said = f"fires {counted(len(firings), 'time')} in {length}, {span_text(_seconds(firings, span))} in all, "
    said += f"{counted(groups, 'group')}" if firings[0].rule.by else "one group"
    said += f"; {counted(total, 'message')}"
    if total and days > 1:
        day, most = max(messages.items(), key=lambda item: (item[1], item[0]))
        said += f", {total / days:.1f} a day, at most {most} on {day}"
    if already:
        said += f"; {already} fired already when it began"
    return said


def rows_of(view: str, told: Told, span: range, *, people: bool) -> list[Row]:
    """The rows of a view of a trial, with spans and groups in words for people."""

    def lasting(seconds: int) -> object:
        return span_text(seconds) if people else seconds

    rule_id = told.trial.rule.rule_id
    has_baseline = told.trial.against is not None
    match view:
        case "groups":
            return list(_group_rows(told, span, lasting))
        case "days":
            return [
                (
                    rule_id,
                    day,
                    _began(told.tried, day),
                    told.messages[day],
                    _began(told.against, day) if has_baseline else None,
                    told.messages_against[day] if has_baseline else None,
                )
                for day in _days(span)
            ]
        case "rules":
            changes = Counter(one.change for one in told.compared)
            mine = (
                len(told.tried),
                len({one.group for one in told.tried}),
                lasting(_seconds(told.tried, span)),
                sum(told.messages.values()),
            )
            its = (
                len(told.against),
                len({one.group for one in told.against}),
                lasting(_seconds(told.against, span)),
                sum(told.messages_against.values()),
            )
            three = (changes[MORE], changes[FEWER], changes[BOTH])
            return [(rule_id, *mine, *three, *(its if has_baseline else (None,) * len(its)))]
        case _:
            return [_alert_row(told, one, span, lasting, people=people) for one in in_order(told.compared)]


def _alert_row(
    told: Told, one: Compared, span: range, lasting: Callable[[int], object], *, people: bool
) -> Row:
    firing = one.firing
    begin = moment(firing.begin_s)
    if people and firing.begin_s <= span.start:
        begin = f"before {moment(span.start)}"
    end = None if firing.end_s is None or firing.end_s > span.stop else moment(firing.end_s)
    return (
        Coloured(one.change, _COLOURS[one.change]),
        told.trial.rule.rule_id,
        _group_text(firing) if people else dict(zip(firing.rule.by, firing.group, strict=True)),
        ", ".join(dict.fromkeys(map(str, firing.states))),
        begin,
        end or ("still fires" if people else None),
        lasting(firing.seconds(span)),
        lasting(_seconds(one.beside, span)) if one.beside else None,
        firing.value,
        firing.worst,
        firing.messages,
    )


def _group_rows(told: Told, span: range, lasting: Callable[[int], object]) -> Iterator[Row]:
    """A row for each group, the one that fired most first."""
    rule = told.trial.rule
    of_group: dict[str, tuple[list[Firing], list[Firing]]] = defaultdict(lambda: ([], []))
    for place, firings in enumerate((told.tried, told.against)):
        for one in firings:
            of_group[_group_text(one)][place].append(one)
    has_baseline = told.trial.against is not None
    ordered = sorted(of_group.items(), key=lambda item: (-_seconds(item[1][0], span), item[0]))
    for group, (mine, its) in ordered:
        columns = [
            (len(found), lasting(_seconds(found, span)), sum(one.messages for one in found))
            for found in (mine, its)
        ]
        yield rule.rule_id, group, *columns[0], *(columns[1] if has_baseline else (None, None, None))


def in_order(compared: Sequence[Compared]) -> list[Compared]:
    """Those that are more, then those that are fewer, then those in both, each in the order of time."""
    return sorted(compared, key=lambda one: (MORE, FEWER, BOTH).index(one.change))


def _seconds(firings: Sequence[Firing], span: range) -> int:
    return sum(one.seconds(span) for one in firings)


def _began(firings: Sequence[Firing], day: str) -> int:
    return sum(moment(one.begin_s)[:10] == day for one in firings)


def _days(span: range) -> list[str]:
    first_s = span.start // DAY_S * DAY_S
    return [
        f"{datetime.fromtimestamp(start_s, UTC):%Y-%m-%d}" for start_s in range(first_s, span.stop, DAY_S)
    ]


def _group_text(firing: Firing) -> str:
    pairs = zip(firing.rule.by, firing.group, strict=True)
    return " ".join(f"{name}={'' if value is None else value}" for name, value in pairs) or "(all)"
