"""`ops rules`: alert rules from files to the rules table."""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from handlers.adapters.dynamodb.alerts_table import AlertsTable
from handlers.adapters.dynamodb.rules_table import RulesTable, item_of
from handlers.domain.alerts.rules.reading import APPLIED, condition_revision, rule_document, rule_revision
from handlers.domain.alerts.rules.rule import Rule
from ops import consent, stack, tables
from ops.bundle import ROOT
from ops.errors import OperatorError, refusals
from ops.output import counted, sanitize
from ops.regions import Regions, show
from ops.rule_checks import doubts
from ops.rule_files import FOLDER, read_rule_files, rule_files_in, unread_files
from ops.rule_notes import notes
from ops.stack import Target
from ops.tables import Row

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
_TRANSACTION_ITEMS = 100


@dataclass(frozen=True, slots=True)
class RulePlan:
    """The changes that make the rules table say what the files say; a changed rule is a pair of old and new."""

    added: Sequence[Rule]
    changed: Sequence[tuple[Rule, Rule]]
    removed: Sequence[Rule]
    unchanged: int

    @property
    def changes(self) -> bool:
        """True if there is anything to do."""
        return bool(self.added or self.changed or self.removed)

    def written(self, in_force_since_s: int) -> list[Rule]:
        """The rules to be put into the table: new conditions are in force since then, changed words change no time."""
        return [
            *(replace(rule, in_force_since_s=in_force_since_s) for rule in self.added),
            *(
                replace(
                    new,
                    in_force_since_s=in_force_since_s
                    if is_other_condition(old, new)
                    else old.in_force_since_s,
                )
                for old, new in self.changed
            ),
        ]


def is_other_condition(old: Rule, new: Rule) -> bool:
    """True if the change ends the rule's alerts; False if only what is sent of them changes."""
    return condition_revision(old) != condition_revision(new)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands of `rules`."""
    actions = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, run, text in (
        ("check", _check, "read rule files and say what is wrong with them; makes no calls"),
        ("plan", _plan, "show what applying would change"),
        ("apply", _apply, "put the files' rules into force"),
    ):
        action = actions.add_parser(name, help=text)
        stack.add_options(action, offline=name == "check", all_regions=name != "check")
        action.add_argument(
            "paths", nargs="*", type=Path, metavar="FILE", help="or a folder; default: alerts"
        )
        if name == "apply":
            consent.add_option(action)
        if name != "check":
            action.add_argument("--prune", action="store_true", help="delete rules that are in no file")
        action.set_defaults(run=run)
    listing = actions.add_parser("list", help="the rules in force, and how many alerts each has")
    stack.add_options(listing, all_regions=True)
    tables.add_option(listing)
    listing.set_defaults(run=_list)
    deletion = actions.add_parser("delete", help="delete rules; their alerts are resolved")
    stack.add_options(deletion, all_regions=True)
    consent.add_option(deletion)
    deletion.add_argument("rule_ids", nargs="+", metavar="RULE_ID")
    deletion.set_defaults(run=_delete)


def read_rules(environment: str, paths: Sequence[Path] = (), *, changing: bool = False) -> list[Rule]:
    """The rules of these files and folders, or else of the project's; OperatorError with all mistakes at once."""
    folders = paths or [Path(os.path.relpath(ROOT / FOLDER))]
    files = rule_files_in(folders)
    if not files:
        raise OperatorError(f"no rule files: there is no *.yaml or *.yml in {', '.join(map(str, folders))}")
    for path in (path for folder in folders for path in unread_files(folder)):
        print(f"note: {path} is not read with its folder; name it, or {path.parent}", file=sys.stderr)
    found = read_rule_files(files, stack.settings(environment).alerts.tick_seconds)
    if found.mistakes:
        outcome = "; nothing was changed" if changing else ""
        listed = "\n".join(map(str, found.mistakes))
        raise OperatorError(f"{counted(len(found.mistakes), 'mistake')}{outcome}:\n{listed}")
    return [filed.rule for filed in found.rules]


def has_rule_files() -> bool:
    """True if the project has rules of its own."""
    return bool(rule_files_in([ROOT / FOLDER]))


def put_into_force(options: argparse.Namespace, rules: Sequence[Rule], *, prune: bool = False) -> int:
    """Show what changes in each region, ask, and change it; 0 only if every region could be."""
    regions = Regions(options)
    plans = _shown_plans(regions, rules, prune=prune)
    changed = [region for region, plan in plans.items() if plan.changes]
    if not changed:
        return regions.status
    consent.expect(options, f"change the rules of {options.environment} in {', '.join(changed)}")
    for target, _ in regions.ask(lambda target: _carry_out(target, plans.get(target.region))):
        if target.region in changed:
            print(f"{regions.prefix(target)}applied; functions know within half a minute")
    return regions.status


def _check(options: argparse.Namespace) -> int:
    rules = read_rules(options.environment, options.paths)
    print(f"{counted(len(rules), 'rule')}, nothing wrong")
    for note in (note for rule in rules for note in doubts(rule)):
        print(f"note: {note}", file=sys.stderr)
    return 0


def _plan(options: argparse.Namespace) -> int:
    regions = Regions(options)
    _shown_plans(regions, read_rules(options.environment, options.paths), prune=options.prune)
    return regions.status


def _apply(options: argparse.Namespace) -> int:
    rules = read_rules(options.environment, options.paths, changing=True)
    return put_into_force(options, rules, prune=options.prune)


def _list(options: argparse.Namespace) -> int:
    columns = ("rule", "metric", "by", "fires when", "missing", "severity", "open alerts")
    return show(options, columns, _rows, noun="rule")


def _rows(target: Target) -> list[Row]:
    rules = _in_force(target)
    with refusals("cannot read the alerts"):
        open_alerts = AlertsTable(target.client("dynamodb"), target.output("AlertsTableName")).open_keys()
    _print_notes(target, rules)
    return [
        (
            rule.rule_id,
            rule.metric_name,
            ", ".join(rule.by),
            f"{rule.statistic} {rule.condition}, {rule.datapoints} of {rule.period_s} s",
            rule.missing_data,
            rule.severity,
            sum(key.rule_key == rule.key for key in open_alerts),
        )
        for rule in rules
    ]


def _delete(options: argparse.Namespace) -> int:
    regions = Regions(options)
    found = {target.region: rules for target, rules in regions.ask(lambda one: _named(one, options.rule_ids))}
    if not found:
        return regions.status
    consent.expect(options, f"delete rules of {options.environment} in {', '.join(found)}")

    def delete(target: Target) -> None:
        _write(target, _deletions(target.output("RulesTableName"), found.get(target.region, ())))

    for target, _ in regions.ask(delete):
        if target.region in found:
            names = ", ".join(rule.rule_id for rule in found[target.region])
            print(
                f"{regions.prefix(target)}deleted {names}; their alerts are resolved with the next evaluation"
            )
    return regions.status


def _named(target: Target, names: Sequence[str]) -> list[Rule]:
    """The rules in force of these names; OperatorError if one of them is not."""
    rules = {rule.rule_id: rule for rule in _in_force(target)}
    unknown = [name for name in names if name not in rules]
    if unknown:
        raise OperatorError(f"no rule {', '.join(unknown)}; there are {', '.join(rules) or 'none'}")
    return [rules[name] for name in names]


def _shown_plans(regions: Regions, rules: Sequence[Rule], *, prune: bool) -> dict[str, RulePlan]:
    """The plan of each region, printed."""
    plans = {}
    for target, in_force in regions.ask(_in_force):
        plan = plans[target.region] = _compare(rules, in_force, prune=prune)
        for line in _lines(plan):
            print(f"{regions.prefix(target)}{line}")
        _print_notes(target, [*plan.added, *(new for _, new in plan.changed)])
    return plans


def _carry_out(target: Target, plan: RulePlan | None) -> None:
    if plan is not None and plan.changes:
        table = target.output("RulesTableName")
        puts = [
            {"Put": {"TableName": table, "Item": item_of(rule)}} for rule in plan.written(int(time.time()))
        ]
        _write(target, [*puts, *_deletions(table, plan.removed)])


def _compare(files: Sequence[Rule], table: Sequence[Rule], *, prune: bool) -> RulePlan:
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


def _lines(plan: RulePlan) -> Iterator[str]:
    """The plan for a terminal, each field that changes with its old and its new value."""
    for rule in plan.added:
        yield f"+ {rule.rule_id}: {rule.statistic} of {sanitize(rule.metric_name)} {rule.condition}"
    for old, new in plan.changed:
        yield f"~ {new.rule_id}"
        before, after = rule_document(old), rule_document(new)
        for field, value in after.items():
            if field not in APPLIED and before[field] != value:
                yield f"    {field}: {sanitize(json.dumps(before[field]))} -> {sanitize(json.dumps(value))}"
    for rule in plan.removed:
        yield f"- {rule.rule_id} ({sanitize(rule.metric_name)})"
    yield (
        f"{len(plan.added)} to add, {len(plan.changed)} to change, {len(plan.removed)} to delete, "
        f"{plan.unchanged} unchanged"
    )


def _print_notes(target: Target, rules: Sequence[Rule]) -> None:
    for note in (*(note for rule in rules for note in doubts(rule)), *notes(target, rules)):
        print(f"note: {target.region}: {note}", file=sys.stderr)


def _in_force(target: Target) -> list[Rule]:
    with refusals("cannot read the rules"):
        found = RulesTable(target.client("dynamodb"), target.output("RulesTableName")).fresh()
    if found.unreadable:
        print(
            f"note: {target.region}: {found.unreadable} items of the rules table are no rules and watch nothing",
            file=sys.stderr,
        )
    return list(found.rules)


def _deletions(table: str, rules: Sequence[Rule]) -> list[dict[str, Any]]:
    keys: list[Mapping[str, Any]] = [
        {"metric_name": {"S": rule.metric_name}, "rule_id": {"S": rule.rule_id}} for rule in rules
    ]
    return [{"Delete": {"TableName": table, "Key": key}} for key in keys]


def _write(target: Target, changes: Sequence[Mapping[str, Any]]) -> None:
    client = target.client("dynamodb")
    with refusals("cannot change the rules"):
        for begin in range(0, len(changes), _TRANSACTION_ITEMS):
            client.transact_write_items(TransactItems=changes[begin : begin + _TRANSACTION_ITEMS])
