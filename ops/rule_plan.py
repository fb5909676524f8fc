"""The plan of applying rule files: which rules are added, changed and removed."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from handlers.domain.alerts.rules.reading import rule_document, rule_revision
from handlers.domain.alerts.rules.rule import Rule
from ops.output import sanitize


@dataclass(frozen=True, slots=True)
class RulePlan:
    """The changes that make the rules table say what the files say; a changed rule is a pair of old and new."""

    added: Sequence[Rule]
    changed: Sequence[tuple[Rule, Rule]]
    removed: Sequence[Rule]
    unchanged: int

    @property
    def written(self) -> Sequence[Rule]:
        """The rules to be put into the table."""
        return [*self.added, *(new for _, new in self.changed)]


def compare(files: Sequence[Rule], table: Sequence[Rule], *, prune: bool) -> RulePlan:
    """The plan for the rules of files over those in the table; with `prune`, rules in no file are removed."""
    known = {rule.key: rule for rule in table}
    wanted = {rule.key: rule for rule in files}
    both = [(known[key], rule) for key, rule in wanted.items() if key in known]
    changed = [(old, new) for old, new in both if rule_revision(old) != rule_revision(new)]
    # A rule whose metric changed is another item of the table under the same id: the old one must go.
    ids = {rule.rule_id for rule in files}
    return RulePlan(
        added=[rule for key, rule in wanted.items() if key not in known],
        changed=changed,
        removed=[rule for key, rule in known.items() if key not in wanted and (prune or rule.rule_id in ids)],
        unchanged=len(both) - len(changed),
    )


def lines(plan: RulePlan) -> Iterator[str]:
    """The plan for a terminal, each field that changes with its old and its new value."""
    for rule in plan.added:
        yield f"+ {rule.rule_id}: {rule.statistic} of {sanitize(rule.metric_name)} {rule.condition}"
    for old, new in plan.changed:
        yield f"~ {new.rule_id}"
        before, after = rule_document(old), rule_document(new)
        for field, value in after.items():
            if field != "in_force_since" and before[field] != value:
                yield f"    {field}: {sanitize(json.dumps(before[field]))} -> {sanitize(json.dumps(value))}"
    for rule in plan.removed:
        yield f"- {rule.rule_id} ({sanitize(rule.metric_name)})"
    yield (
        f"{len(plan.added)} to add, {len(plan.changed)} to change, {len(plan.removed)} to delete, "
        f"{plan.unchanged} unchanged"
    )
