"""`ops alerts`: which alerts there are, and why each is or is not firing."""

import argparse
import sys
from collections.abc import Iterator
from typing import Any

from handlers.adapters.dynamodb.alerts_table import AlertsTable
from handlers.domain.alerts.notifications.stored_alert import AlertKey, StoredAlert
from handlers.vocabulary import AlertState
from ops import regions, stack, tables
from ops.errors import OperatorError, refusals
from ops.output import moment, sanitize
from ops.stack import Target
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


def _list(options: argparse.Namespace) -> int:
    columns = ("state", "rule", "group", "since", "value", "to be sent")
    return regions.show(options, columns, lambda target: _rows(target, every=options.all), noun="alert")


def _rows(target: Target, *, every: bool) -> list[Row]:
    found = _stored(target, every=every)
    over = [stored for stored in found if stored.alert.state == AlertState.OK]
    if over and not every:
        found = [stored for stored in found if stored not in over]
        print(
            f"note: {target.region}: messages of alerts that are over ({len(over)}) are on their way; --all shows them",
            file=sys.stderr,
        )
    return [
        (
            Coloured(stored.alert.state, _COLOURS.get(stored.alert.state, "")),
            stored.key.rule_key,
            _group(stored),
            moment(stored.alert.since_s) if stored.alert.since_s else None,
            stored.alert.datapoints[-1].value if stored.alert.datapoints else None,
            len(stored.outbox.unconfirmed) + (stored.outbox.waiting is not None),
        )
        for stored in found
    ]


def _show(options: argparse.Namespace) -> int:
    wanted = list(options.group)
    found = [
        stored
        for stored in _stored(stack.find(options.environment, options.region), every=True)
        if stored.key.rule_key.split("/", 1)[0] == options.rule_id
        and (not wanted or wanted == [value or "" for value in stored.alert.group])
    ]
    if not found:
        raise OperatorError(
            f"no alert of {options.rule_id} here: its groups were healthy in the last month, or it saw no data "
            "(`ops rules list` shows the rules)"
        )
    for stored in found:
        for line in explain(stored, sources=options.verbose):
            print(sanitize(line))
        print()
    return 0


def explain(stored: StoredAlert, *, sources: bool) -> Iterator[str]:
    """An alert in lines: its state, the periods it rests on, how it came about, and what is on its way.

    With `sources` each period has the ranges of the stream that it was counted from.
    """
    alert, rule = stored.alert, stored.alert.rule
    yield f"{stored.key.rule_key} {_group(stored)}"
    yield f"  {alert.state} since {_time(alert.since_s)}"
    if rule:
        recovery = rule["recovery"]
        yield (
            f"  fires when {rule['statistic']} {rule['operator']} {rule['threshold']} in {rule['datapoints']} periods "
            f"of {rule['period']} s; is over when {recovery['datapoints']} in a row are not {rule['operator']} "
            f"{recovery['threshold']}; missing data: {rule['missing_data']}"
        )
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


def _period_lines(periods: list[dict[str, Any]], *, sources: bool) -> Iterator[str]:
    for period in periods:
        late = "  late" if period["late"] else ""
        ranges = f"  {', '.join(period['sources']) or 'no batch'}" if sources else ""
        yield (
            f"{_time(period['start'])}  {period['verdict']:<9}  {_value(period['value'])} "
            f"({period['count']} points){late}{ranges}"
        )


def _stored(target: Target, *, every: bool) -> list[StoredAlert]:
    client, name = target.client("dynamodb"), target.output("AlertsTableName")
    table = AlertsTable(client, name)
    with refusals("cannot read the alerts"):
        keys = table.open_keys()
        if every:
            pages = client.get_paginator("scan").paginate(
                TableName=name, ProjectionExpression="rule_key, group_key"
            )
            keys = [
                AlertKey(item["rule_key"]["S"], item["group_key"]["S"])
                for page in pages
                for item in page["Items"]
            ]
        return sorted(table.load(keys), key=lambda stored: stored.key)


def _group(stored: StoredAlert) -> str:
    names = stored.alert.rule.get("by", [])
    pairs = zip(names, stored.alert.group, strict=False)
    return " ".join(f"{name}={value}" for name, value in pairs) or "(all)"


def _value(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"


def _time(seconds: float) -> str:
    return moment(seconds) if seconds else "–"
