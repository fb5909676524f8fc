"""`ops alerts`: which alerts there are, and why each is or is not firing."""

import argparse
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from handlers.domain.alerts.notifications.stored_alert import StoredAlert
from handlers.domain.alerts.rules.ratio import measured_text
from handlers.domain.alerts.rules.reading import read_rule
from handlers.domain.alerts.silences.silence import Silence
from handlers.domain.alerts.state.alert import Alert
from handlers.domain.alerts.state.finding import held_until_s
from handlers.domain.alerts.state.message_cap import HELD_BY
from handlers.vocabulary import AlertState
from ops import alert_acknowledging, alert_silences, consent, regions, stack, tables
from ops.alert_closing import close_alerts
from ops.errors import OperatorError
from ops.output import counted, moment, sanitize
from ops.rule_table import RuleTable, left_out_lines
from ops.stack import Target
from ops.stored_alerts import alerts_of, group_text, stored_alerts
from ops.tables import Coloured, Row

_COLOURS = {AlertState.ALARM: "red", AlertState.MISSING: "yellow"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands of `alerts`."""
    actions = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    listing = actions.add_parser("list", help="the alerts that are not healthy")
    stack.add_options(listing, all_regions=True)
    tables.add_option(listing)
    listing.add_argument("--all", action="store_true", help="also those of the last month that are over")
    listing.set_defaults(run=_list)
    showing = actions.add_parser("show", help="why an alert is or is not firing")
    stack.add_options(showing)
    showing.add_argument(
        "-v", "--verbose", action="store_true", help="also the ranges of the stream it rests on"
    )
    showing.add_argument("rule_id", metavar="RULE_ID")
    showing.add_argument(
        "group",
        nargs="*",
        metavar="VALUE",
        help="the group's values in the rule's order; default: all groups",
    )
    showing.set_defaults(run=_show)
    alert_acknowledging.add_arguments(actions)
    alert_silences.add_arguments(actions)
    closing = actions.add_parser("close", help="end alerts and forget their groups, as of hosts taken down")
    stack.add_options(closing)
    consent.add_option(closing)
    closing.add_argument("rule_id", metavar="RULE_ID")
    closing.add_argument(
        "group",
        nargs="*",
        metavar="VALUE",
        help="the group's values in the rule's order, '' for none; default: all groups that are not healthy",
    )
    closing.set_defaults(run=close_alerts)


def _list(options: argparse.Namespace) -> int:
    columns = ("state", "rule", "group", "since", "value", "to be sent", "muted by", "acknowledged by")
    return regions.show(options, columns, lambda target: _rows(target, every=options.all), noun="alert")


def _rows(target: Target, *, every: bool) -> list[Row]:
    found = stored_alerts(target, every=every)
    rules = RuleTable(target)
    for line in left_out_lines(rules.left_out(rules.read().rules)):
        print(f"note: {target.region}: {line}", file=sys.stderr)
    if not every:
        over = [stored for stored in found if stored.alert.state == AlertState.OK and not stored.alert.muted]
        found = [stored for stored in found if stored not in over]
        unsent = sum(not stored.outbox.is_empty for stored in over)
        if unsent:
            about = f"note: {target.region}: messages of alerts that are over ({unsent}) are on their way"
            print(f"{about}; --all shows them", file=sys.stderr)
    return [
        (
            Coloured(stored.alert.state, _COLOURS.get(stored.alert.state, "")),
            stored.key.rule_key,
            group_text(stored),
            moment(stored.alert.since_s) if stored.alert.since_s else None,
            stored.alert.datapoints[-1].value if stored.alert.datapoints else None,
            len(stored.outbox.unconfirmed) + (stored.outbox.waiting is not None),
            None if stored.alert.muted is None else stored.alert.muted.by,
            None if stored.alert.acknowledged is None else stored.alert.acknowledged.by,
        )
        for stored in found
    ]


def _show(options: argparse.Namespace) -> int:
    target = stack.find(options.environment, options.region)
    found = alerts_of(stored_alerts(target, every=True), options.rule_id, options.group)
    if not found:
        raise OperatorError(
            f"no alert of {options.rule_id} here: its groups were healthy in the last month, or it saw no data "
            "(`ops rules list` shows the rules)"
        )
    silences = alert_silences.by_name(target) if any(stored.alert.muted for stored in found) else {}
    for stored in found:
        for line in explain(stored, sources=options.verbose, silences=silences):
            print(sanitize(line))
        print()
    return 0


def explain(
    stored: StoredAlert, *, sources: bool, silences: Mapping[str, Silence] | None = None
) -> Iterator[str]:
    """An alert in lines: its state, the periods it rests on, how it came about, and what is on its way.

    With `sources` each period has the ranges of the stream that it was counted from. `silences` are those that may
    hold it back, by their names.
    """
    alert = stored.alert
    yield f"{stored.key.rule_key} {group_text(stored)}"
    yield f"  {alert.state} since {_time(alert.since_s)}"
    yield from _held_lines(alert, silences or {})
    known = alert.acknowledged
    if known is not None:
        why = f": {known.why}" if known.why else ""
        yield f"  acknowledged by {known.by} at {_time(known.at_s)}, so there are no reminders until it is over{why}"
    yield from _rule_lines(alert)
    if alert.datapoints:
        yield "  periods it rests on:"
    periods = [item.document() for item in alert.datapoints]
    yield from (f"    {line}" for line in _period_lines(periods, sources=sources))
    for entry in reversed(alert.history):
        late = ", by points that came late" if entry["late"] else ""
        yield f"  {_time(entry['at'])}  {entry['from']} -> {entry['to']} ({entry['kind']}{late}): {entry['reason']}"
        yield from (f"      {line}" for line in _period_lines(entry["periods"], sources=sources))
    for message in stored.outbox.entries:
        sent = (
            f"confirmed at {_time(message.confirmed_at_s)}" if message.confirmed_at_s else "not confirmed yet"
        )
        claimed = f", claimed at {_time(message.claimed_at_s)}" if message.claimed_at_s else ""
        yield f"  message {message.entry_id}: {sent}{claimed}: {message.notification.subject}"
    waiting = stored.outbox.waiting
    if waiting is not None:
        yield f"  message {waiting.dedupe_id}: waits for the one before: {waiting.subject}"


def _held_lines(alert: Alert, silences: Mapping[str, Silence]) -> Iterator[str]:
    """The lines for what holds an alert back, if anything does."""
    muted = alert.muted
    if muted is None:
        return
    told = f"since {_time(muted.since_s)}: receivers were told {muted.told} last, and"
    if muted.by == HELD_BY:
        yield f"  held back by {HELD_BY} {told} of this in the summary of the hour"
        return
    yield f"  muted by {muted.by} {told} hear more when it is over"
    silence = silences.get(muted.by)
    if silence is not None:
        yield f"    by {silence.by}, {alert_silences.when(silence, alert.evaluated_to_s)}: {silence.why}"


def _rule_lines(alert: Alert) -> Iterator[str]:
    """The lines for when an alert begins and ends."""
    rule = alert.rule
    if not rule:
        return
    if alert.is_summary:
        most = rule.get(HELD_BY, 0)
        yield f"  tells at each full hour what {HELD_BY}, {most}, held back; is over when none of that fires"
        return
    recovery = rule["recovery"]
    unless = f"; nothing is sent while {rule['unless']} fires" if rule.get("unless") else ""
    hold = f", and {rule['hold']} s after the last that did or was missing" if rule.get("hold") else ""
    cap = f"; {counted(rule[HELD_BY], 'message')} an hour" if rule.get(HELD_BY) else ""
    yield (
        f"  fires when {_measured(rule)} {rule['operator']} {rule['threshold']} in {rule['datapoints']} periods "
        f"of {rule['period']} s; is over when {recovery['datapoints']} in a row are not {rule['operator']} "
        f"{recovery['threshold']}{hold}; missing data: {rule['missing_data']}{unless}{cap}"
    )
    until_s = held_until_s(read_rule(rule), alert)
    if until_s:
        yield f"  it has recovered, and is held until {_time(until_s)} at least"


def _period_lines(periods: list[dict[str, Any]], *, sources: bool) -> Iterator[str]:
    for period in periods:
        late = "  late" if period["late"] else ""
        ranges = f"  {', '.join(period['sources']) or 'no batch'}" if sources else ""
        yield (
            f"{_time(period['start'])}  {period['verdict']:<9}  {_value(period['value'])} "
            f"({counted(period['count'], 'point')}){late}{ranges}"
        )


def _value(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"


def _measured(rule: Mapping[str, Any]) -> str:
    """The statistic; of a ratio, what is divided by what, as the line above names no second metric."""
    return measured_text(rule) if "numerator" in rule else str(rule["statistic"])


def _time(seconds: float) -> str:
    return moment(seconds) if seconds else "–"
