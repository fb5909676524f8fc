"""Inhibition: an alert is muted while another rule, which its own names in `unless`, fires of the same thing.

Of the same thing is what agrees in the dimensions that both rules group by. States do not depend on what is muted, so
rules that are named are evaluated first, and alerts of the same interval are known to those that name them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.selection import Group
from handlers.domain.alerts.state.alert import Alert
from handlers.vocabulary import AlertState

AlertsOf = Callable[[Rule], Iterable[Alert]]
"""Gives the alerts of a rule, as they are after the interval."""


def inhibiting(rules: Iterable[Rule], every: Iterable[Rule]) -> list[Rule]:
    """Those of every rule that some of the rules name."""
    named = {rule.unless for rule in rules if rule.unless}
    return [rule for rule in every if rule.rule_id in named]


def in_order(rules: Sequence[Rule]) -> list[Rule]:
    """The rules, each after those that it names; where they name each other, in their order."""
    names = {rule.rule_id: rule.unless for rule in rules}

    def depth(rule_id: str) -> int:
        seen: set[str] = set()
        while rule_id in names and rule_id not in seen:
            seen.add(rule_id)
            rule_id = names[rule_id]
        return len(seen)

    return sorted(rules, key=lambda rule: depth(rule.rule_id))


def cycle_of(rule_id: str, unless: Mapping[str, str]) -> list[str]:
    """The rules, from this one on, that name each other in a circle; empty if the last of them names none."""
    path = [rule_id]
    while unless.get(path[-1]):
        path.append(unless[path[-1]])
        if path[-1] in path[:-1]:
            return path
    return []


def inhibited(
    rule: Rule, inhibitors: Iterable[Rule], alerts_of: AlertsOf, end_s: int
) -> Callable[[Group], bool]:
    """The answer to whether a group's alert is muted by the rules that its own names, at the end of an interval."""
    found: list[tuple[Sequence[int], set[Group]]] = []
    for other in inhibitors:
        if other.rule_id == rule.unless and other.key != rule.key:
            shared = [name for name in other.by if name in rule.by]
            theirs = [other.by.index(name) for name in shared]
            firing = {
                tuple(alert.group[place] for place in theirs)
                for alert in alerts_of(other)
                if len(alert.group) == len(other.by) and state_at(alert, end_s).is_firing
            }
            found.append(([rule.by.index(name) for name in shared], firing))
    return lambda group: any(
        len(group) == len(rule.by) and tuple(group[place] for place in own) in firing for own, firing in found
    )


def state_at(alert: Alert, end_s: int) -> AlertState:
    """The state of an alert after the interval that ended then, as far as its history goes back."""
    state = alert.state
    for entry in reversed(alert.history):
        if entry["at"] <= end_s or entry.get("evaluated_to", end_s) < end_s:
            break
        state = AlertState(entry["from"])
    return state
