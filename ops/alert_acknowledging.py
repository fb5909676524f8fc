"""`ops alerts ack`: somebody knows of alerts, so that they are not told again until they are over."""

import argparse

from handlers.domain.alerts.evaluation.resolver import Resolver
from handlers.domain.alerts.notifications.notification import Origin
from handlers.domain.alerts.notifications.stored_alert import StoredAlert
from handlers.domain.alerts.state.alert import Acknowledgement
from ops import consent, stack
from ops.callers import whoever
from ops.errors import OperatorError, refusals
from ops.output import counted, sanitize
from ops.regions import Regions
from ops.rule_table import RuleTable
from ops.stack import Target
from ops.stored_alerts import alerts_of, alerts_table, group_text, stored_alerts

_WHY_CHARACTERS = 500


def add_arguments(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand to those of `alerts`."""
    action = actions.add_parser("ack", help="no more reminders of alerts until they are over: somebody knows")
    stack.add_options(action, all_regions=True, everywhere=True)
    consent.add_option(action)
    action.add_argument("rule_id", metavar="RULE_ID")
    action.add_argument(
        "group",
        nargs="*",
        metavar="VALUE",
        help="the group's values in the rule's order, '' for none; default: all groups that fire",
    )
    action.add_argument("--why", default="", help="for those who look")
    action.add_argument("--undo", action="store_true", help="remind again")
    action.set_defaults(run=_acknowledge)


def _acknowledge(options: argparse.Namespace) -> int:
    """Acknowledge the alerts of a rule that fire, or that of one of its groups."""
    if len(options.why) > _WHY_CHARACTERS or not options.why.isprintable():
        raise OperatorError(f"--why: up to {_WHY_CHARACTERS} characters of one line")
    regions = Regions(options)
    found = {target.region: alerts for target, alerts in regions.ask(lambda one: _firing(one, options))}
    count = sum(map(len, found.values()))
    if not found:
        return regions.status
    if not count:
        what = "is acknowledged" if options.undo else "fires"
        which = sanitize(" ".join([options.rule_id, *options.group]))
        raise OperatorError(
            f"no alert of {which} {what} in {', '.join(found)}; `ops alerts list` has those that do"
        )
    consent.expect(
        options, f"{'remind again of' if options.undo else 'acknowledge'} {counted(count, 'alert')}"
    )
    for target, lines in regions.ask(lambda one: _noted(one, options, found.get(one.region, []))):
        for line in lines:
            print(f"{regions.prefix(target)}{line}")
    return regions.status


def _firing(target: Target, options: argparse.Namespace) -> list[StoredAlert]:
    """The alerts that it is about."""
    found = alerts_of(stored_alerts(target, every=False), options.rule_id, options.group)
    return [
        stored
        for stored in found
        if stored.alert.state.is_firing and (not options.undo or stored.alert.acknowledged is not None)
    ]


def _noted(target: Target, options: argparse.Namespace, alerts: list[StoredAlert]) -> list[str]:
    """The lines of those that are acknowledged now, or not any more."""
    if not alerts:
        return []
    resolver = Resolver(alerts_table(target), Origin(target.region, target.config.environment))
    now_s = RuleTable(target).time_s()
    by = None if options.undo else Acknowledgement(whoever(options, target), options.why, now_s)
    done = "reminders again of" if options.undo else "acknowledged"
    lines = []
    with refusals("cannot acknowledge the alerts"):
        for stored in alerts:
            what = sanitize(f"{stored.key.rule_key} {group_text(stored)}")
            if resolver.acknowledge(stored, by, now_s):
                lines.append(f"{done} {what}, {stored.alert.state}")
            else:
                lines.append(f"{what} is over")
    return lines
