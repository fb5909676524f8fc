"""The plan of `ops rules`: what has to change in the rules table, and what each change does to alerts."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from handlers.domain.alerts.rules.reading import APPLIED, condition_revision, rule_document, rule_revision
from handlers.domain.alerts.rules.rule import Rule
from ops.output import counted, sanitize, time_of_day


@dataclass(frozen=True, slots=True)
class RulePlan:
    """The changes that make the rules table say what the files say; a changed rule is a pair of old and new."""

    added: Sequence[Rule]
    changed: Sequence[tuple[Rule, Rule]]
    # In no file, and to be deleted, as it was asked for.
    pruned: Sequence[Rule]
    # Items that are another rule of a file under its old metric: one id is one rule.
    replaced: Sequence[Rule]
    unchanged: int

    @property
    def changes(self) -> bool:
        """True if there is anything to do."""
        return bool(self.added or self.changed or self.removed)

    @property
    def removed(self) -> Sequence[Rule]:
        """The rules whose items are deleted."""
        return [*self.pruned, *self.replaced]

    @property
    def judged_anew(self) -> Sequence[Rule]:
        """The rules that are new, or fire at something else from now on."""
        return [*self.added, *(new for old, new in self.changed if is_other_condition(old, new))]

    def written(self, in_force_since_s: int) -> list[Rule]:
        """The rules to be put into the table: new conditions are in force since then, new words change no time."""
        anew = [
            replace(rule, in_force_since_s=in_force_since_s, groups_since_s=in_force_since_s)
            for rule in self.added
        ]
        return anew + [_applied(old, new, in_force_since_s) for old, new in self.changed]


def compare(files: Sequence[Rule], table: Sequence[Rule], *, prune: bool) -> RulePlan:
    """The plan for the rules of files over those in the table; with `prune`, rules in no file are deleted."""
    known, wanted = {rule.key: rule for rule in table}, {rule.key: rule for rule in files}
    left = [rule for key, rule in known.items() if key not in wanted]
    # A rule whose metric changed is another item of the table under the same id.
    ids = {rule.rule_id for rule in files}
    replaced = [rule for rule in left if rule.rule_id in ids]
    moved = {rule.rule_id: rule for rule in replaced}
    pairs = [(known.get(key) or moved.get(rule.rule_id), rule) for key, rule in wanted.items()]
    both = [(old, new) for old, new in pairs if old is not None]
    changed = [(old, new) for old, new in both if rule_revision(old) != rule_revision(new)]
    return RulePlan(
        added=[new for old, new in pairs if old is None],
        changed=changed,
        pruned=[rule for rule in left if rule.rule_id not in ids] if prune else [],
        replaced=replaced,
        unchanged=len(both) - len(changed),
    )


def is_other_condition(old: Rule, new: Rule) -> bool:
    """True if the change ends the rule's alerts; False if only what is sent of them changes."""
    return condition_revision(old) != condition_revision(new)


def keeps_groups(old: Rule, new: Rule) -> bool:
    """True if the groups of the rule before a change are those of the rule after it."""
    return replace(old.selection, period_s=0) == replace(new.selection, period_s=0)


def first_judged_period(rule: Rule, in_force_since_s: int) -> int:
    """The start of the first period that a rule judges: those that began before it was in force are not judged."""
    return -(-in_force_since_s // rule.period_s) * rule.period_s


def plan_lines(plan: RulePlan, open_alerts: Mapping[str, int]) -> Iterator[str]:
    """The plan for a terminal: each field that changes, and what becomes of the open alerts, counted by rule key."""
    for rule in plan.added:
        unless = f", unless {rule.unless} fires" if rule.unless else ""
        hold = f", held for {rule.hold_s} s" if rule.hold_s else ""
        hold += f", {counted(rule.messages_per_hour, 'message')} an hour" if rule.messages_per_hour else ""
        yield f"+ {rule.rule_id}: {sanitize(rule.measured)} {rule.condition}{hold}{unless}"
    for old, new in plan.changed:
        yield f"~ {new.rule_id}: {_effect(old, new, open_alerts.get(old.key, 0))}"
        before, after = rule_document(old), rule_document(new)
        for field in {**after, **before}:
            if field not in APPLIED and before.get(field) != after.get(field):
                yield f"    {field}: {_shown(before.get(field))} -> {_shown(after.get(field))}"
    for rule in plan.pruned:
        yield f"- {rule.rule_id} ({sanitize(rule.metric_name)}): in no file; {_resolved(open_alerts.get(rule.key, 0))}"
    yield (
        f"{len(plan.added)} to add, {len(plan.changed)} to change, {len(plan.pruned)} to delete, "
        f"{plan.unchanged} unchanged"
    )


def judged_from(rules: Iterable[Rule], in_force_since_s: int) -> str:
    """The beginnings of the first periods that rules judge, by the length of their periods."""
    first = {rule.period_s: first_judged_period(rule, in_force_since_s) for rule in rules}
    listed = (f"of {period_s} s from {time_of_day(first[period_s])}" for period_s in sorted(first))
    return f"periods {', '.join(listed)} on are judged"


def _applied(old: Rule, new: Rule, in_force_since_s: int) -> Rule:
    if not is_other_condition(old, new):
        return replace(new, in_force_since_s=old.in_force_since_s, groups_since_s=old.groups_since_s)
    groups_since_s = old.groups_since_s if keeps_groups(old, new) else in_force_since_s
    return replace(new, in_force_since_s=in_force_since_s, groups_since_s=groups_since_s)


def _effect(old: Rule, new: Rule, alerts: int) -> str:
    if not is_other_condition(old, new):
        return "only words change, its alerts keep their state"
    groups = "its groups stay known" if keeps_groups(old, new) else "its groups begin anew"
    return f"another condition; {_resolved(alerts)}, {groups}"


def _resolved(alerts: int) -> str:
    return f"{counted(alerts, 'open alert')} will be resolved" if alerts else "no alert is open"


def _shown(value: object) -> str:
    """A field's value, whole numbers without a point, as people write them."""
    return sanitize(json.dumps(_plain(value), ensure_ascii=False))


def _plain(value: object) -> object:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value
