"""`ops alerts close`: ends alerts and forgets their groups, as of a host that was taken down."""

import argparse
from collections.abc import Sequence

from handlers.domain.alerts.evaluation.resolver import CLOSED, Resolver
from handlers.domain.alerts.notifications.notification import Origin
from handlers.domain.alerts.rules.rule import Rule
from ops import consent, stack
from ops.errors import OperatorError, refusals
from ops.output import counted, sanitize
from ops.rule_table import RuleTable
from ops.stored_alerts import alerts_of, alerts_table, group_text, stored_alerts


def close_alerts(options: argparse.Namespace) -> int:
    """Close the alerts of a rule that are not healthy, or that of one of its groups, healthy or not."""
    target = stack.find(options.environment, options.region)
    rules = RuleTable(target)
    found = alerts_of(stored_alerts(target, every=bool(options.group)), options.rule_id, options.group)
    found = [stored for stored in found if options.group or not stored.alert.is_quiet]
    rule = None if found else _rule(rules.read().rules, options.rule_id, options.group)
    what = counted(len(found), "alert") if found else "a group without an alert"
    consent.expect(options, f"close {what} of {options.rule_id}")
    resolver = Resolver(alerts_table(target), Origin(target.region, target.config.environment))
    with refusals("cannot close the alerts"):
        if rule is not None:
            resolver.forget(rule, tuple(value or None for value in options.group), rules.time_s())
            print(f"forgot {sanitize(' '.join(options.group))} of {options.rule_id}, which had no alert")
        for stored in found:
            resolver.end(stored, CLOSED, rules.time_s())
            was = f"{stored.key.rule_key} {group_text(stored)}, which was {stored.alert.state}"
            print(sanitize(f"closed {was}"))
    if any(stored.alert.state.is_firing for stored in found):
        print("subscribers are told with the next evaluation, within a minute")
    return 0


def _rule(rules: Sequence[Rule], rule_id: str, group: Sequence[str]) -> Rule:
    """The rule of a group that has no alert, and is to be forgotten all the same."""
    rule = next((rule for rule in rules if rule.rule_id == rule_id), None)
    if rule is None:
        known = ", ".join(sorted(rule.rule_id for rule in rules)) or "none"
        raise OperatorError(f"no alert of {rule_id}, and no such rule; there are {known}")
    if not group:
        raise OperatorError(
            f"no alert of {rule_id} is open; give the values of a group to forget it all the same"
        )
    if len(group) != len(rule.by):
        by = ", ".join(rule.by) or "nothing"
        raise OperatorError(f"{rule_id} groups by {by}, so {counted(len(group), 'value')} is no group of it")
    return rule
