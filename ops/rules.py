"""`ops rules`: alert rules from files to the rules table."""

import argparse
import json
import time
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from rich.table import Table

from handlers.adapters.dynamodb.alerts_table import AlertsTable
from handlers.adapters.dynamodb.rules_table import RulesTable, item_of
from handlers.domain.alerts.rules.reading import rule_document, rule_revision
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.errors import ConfigurationError, TransientError
from ops import stack
from ops.errors import OperatorError
from ops.printable import printable
from ops.query import select
from ops.rule_files import FOLDER, read_rule_files
from ops.tables import print_table
from templates import config

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
_TRANSACTION_ITEMS = 100


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `rules` with its commands to the command line."""
    parser = commands.add_parser("rules", help="alert rules: check, plan, apply, list, delete")
    actions = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, run, text in (
        ("check", _check, "read rule files and say what is wrong with them; asks nobody"),
        ("plan", _plan, "show what applying would change"),
        ("apply", _apply, "put the files' rules into force"),
    ):
        action = actions.add_parser(name, help=text)
        stack.add_options(action)
        action.add_argument("paths", nargs="*", type=Path, metavar="FILE", help="default: alerts/*.yaml")
        if name != "check":
            action.add_argument("--prune", action="store_true", help="delete rules that are in no file")
        action.set_defaults(run=run)
    listing = actions.add_parser("list", help="the rules in force, and how many alerts each has")
    stack.add_options(listing)
    listing.set_defaults(run=_list)
    deletion = actions.add_parser("delete", help="delete rules; their alerts are resolved")
    stack.add_options(deletion)
    deletion.add_argument("rule_ids", nargs="+", metavar="RULE_ID")
    deletion.set_defaults(run=_delete)


@dataclass(frozen=True, slots=True)
class Changes:
    """What applying would do to the table."""

    added: Sequence[Rule]
    changed: Sequence[tuple[Rule, Rule]]
    removed: Sequence[Rule]
    kept: int

    @property
    def any(self) -> bool:
        """True if there is anything to do."""
        return bool(self.added or self.changed or self.removed)


def compare(files: Sequence[Rule], table: Sequence[Rule], *, prune: bool) -> Changes:
    """The changes that make the table say what the files say."""
    known = {rule.key: rule for rule in table}
    wanted = {rule.key: rule for rule in files}
    # A rule whose metric changed is another item of the table under the same id: the old one must go.
    ids = {rule.rule_id for rule in files}
    return Changes(
        added=[rule for key, rule in wanted.items() if key not in known],
        changed=[
            (known[key], rule)
            for key, rule in wanted.items()
            if key in known and rule_revision(known[key]) != rule_revision(rule)
        ],
        removed=[rule for key, rule in known.items() if key not in wanted and (prune or rule.rule_id in ids)],
        kept=sum(
            key in known and rule_revision(known[key]) == rule_revision(rule) for key, rule in wanted.items()
        ),
    )


def _check(options: argparse.Namespace) -> int:
    rules = _read(options)
    print(f"{len(rules)} rule{'s' if len(rules) != 1 else ''}, nothing wrong")
    return 0


def _plan(options: argparse.Namespace) -> int:
    target, changes = _changes(options)
    _show(changes)
    _warn(target, [*changes.added, *(new for _, new in changes.changed)])
    return 0


def _apply(options: argparse.Namespace) -> int:
    target, changes = _changes(options)
    _show(changes)
    _warn(target, [*changes.added, *(new for _, new in changes.changed)])
    now = int(time.time())
    table = target.output("RulesTableName")
    puts = [
        {"Put": {"TableName": table, "Item": item_of(replace(rule, in_force_since=now))}}
        for rule in [*changes.added, *(new for _, new in changes.changed)]
    ]
    _write(target, [*puts, *_deletions(table, changes.removed)])
    if changes.any:
        print("applied; functions know within half a minute")
    return 0


def _list(options: argparse.Namespace) -> int:
    target = stack.find(options.environment, options.region)
    rules = _in_force(target)
    open_alerts = _guarded(AlertsTable(target.client("dynamodb"), target.output("AlertsTableName")).open_keys)
    table = Table("rule", "metric", "by", "fires when", "missing", "severity", "open alerts", show_edge=False)
    for rule in rules:
        table.add_row(
            rule.rule_id,
            printable(rule.metric_name),
            printable(", ".join(rule.by)) or "–",
            f"{rule.statistic} {rule.condition}, {rule.datapoints} of {rule.period} s",
            str(rule.missing_data),
            str(rule.severity),
            str(sum(key.rule_key == rule.key for key in open_alerts)),
        )
    print_table(table)
    _warn(target, rules)
    return 0


def _delete(options: argparse.Namespace) -> int:
    target = stack.find(options.environment, options.region)
    rules = {rule.rule_id: rule for rule in _in_force(target)}
    unknown = [name for name in options.rule_ids if name not in rules]
    if unknown:
        raise OperatorError(f"no rule {', '.join(unknown)}; there are {', '.join(rules) or 'none'}")
    _write(target, _deletions(target.output("RulesTableName"), [rules[name] for name in options.rule_ids]))
    print(f"deleted {', '.join(options.rule_ids)}; their alerts are resolved with the next evaluation")
    return 0


def _read(options: argparse.Namespace) -> list[Rule]:
    """The files' rules; all mistakes at once, if there are any."""
    paths = options.paths or sorted(FOLDER.glob("*.yaml"))
    if not paths:
        raise OperatorError(f"no rule files: there is no {FOLDER}/*.yaml")
    try:
        tick = config.load(options.environment).alerts.tick_seconds
    except config.ConfigError as error:
        raise OperatorError(str(error)) from error
    found = read_rule_files(paths, tick)
    if found.mistakes:
        lines = "\n".join(printable(str(mistake)) for mistake in found.mistakes)
        raise OperatorError(f"nothing was changed:\n{lines}")
    return [filed.rule for filed in found.rules]


def _changes(options: argparse.Namespace) -> tuple[stack.Target, Changes]:
    rules = _read(options)
    target = stack.find(options.environment, options.region)
    return target, compare(rules, _in_force(target), prune=options.prune)


def _show(changes: Changes) -> None:
    for rule in changes.added:
        print(f"+ {rule.rule_id}: {rule.statistic} of {printable(rule.metric_name)} {rule.condition}")
    for old, new in changes.changed:
        print(f"~ {new.rule_id}")
        before, after = rule_document(old), rule_document(new)
        for field, value in after.items():
            if field != "in_force_since" and before[field] != value:
                print(
                    f"    {field}: {printable(json.dumps(before[field]))} -> {printable(json.dumps(value))}"
                )
    for rule in changes.removed:
        print(f"- {rule.rule_id} ({printable(rule.metric_name)})")
    print(
        f"{len(changes.added)} to add, {len(changes.changed)} to change, {len(changes.removed)} to delete, "
        f"{changes.kept} unchanged"
    )


def _warn(target: stack.Target, rules: Sequence[Rule]) -> None:
    """A metric or a dimension that no point has is most likely misspelled, but it may also still come."""
    item = _guarded(
        lambda: target.client("dynamodb").get_item(
            TableName=target.output("DimensionsTableName"),
            Key={"table_name": {"S": target.output("TableName")}},
        )
    ).get("Item", {})
    known = set(item.get("names", {}).get("SS", []))
    arriving = _arriving(target, {rule.metric_name for rule in rules})
    for rule in rules:
        if rule.metric_name not in arriving:
            print(f"note: {rule.rule_id}: no point of {printable(rule.metric_name)!r} came within a day")
        for name in [*rule.by, *(name for name, _ in rule.match)]:
            if name not in known:
                print(f"note: {rule.rule_id}: no point has had a dimension {printable(name)!r} so far")


def _arriving(target: stack.Target, names: Set[str]) -> set[str]:
    """Those of the metrics of which a point came within a day."""
    if not names:
        return set()
    table = f'"{target.output("DatabaseName")}"."{target.output("TableName")}"'
    listed = ", ".join("'" + name.replace("'", "''") + "'" for name in sorted(names))
    sql = f"SELECT metric_name FROM {table} WHERE time > ago(1d) AND metric_name IN ({listed}) GROUP BY metric_name"  # noqa: S608 - quoted
    try:
        _, rows = select(target.client("timestream-query"), sql)
        return {name for [name] in rows}
    except OperatorError as error:
        # A table has no columns before its first point, and a rule may be applied without the store.
        print(f"note: the store cannot say which metrics arrive: {error}")
        return set(names)


def _in_force(target: stack.Target) -> list[Rule]:
    found = _guarded(RulesTable(target.client("dynamodb"), target.output("RulesTableName")).fresh)
    if found.unreadable:
        print(f"note: {found.unreadable} items of the rules table are no rules and judge nothing")
    return list(found.rules)


def _deletions(table: str, rules: Sequence[Rule]) -> list[dict[str, Any]]:
    keys: list[Mapping[str, Any]] = [
        {"metric_name": {"S": rule.metric_name}, "rule_id": {"S": rule.rule_id}} for rule in rules
    ]
    return [{"Delete": {"TableName": table, "Key": key}} for key in keys]


def _write(target: stack.Target, changes: Sequence[Mapping[str, Any]]) -> None:
    client = target.client("dynamodb")
    for begin in range(0, len(changes), _TRANSACTION_ITEMS):
        some = changes[begin : begin + _TRANSACTION_ITEMS]
        _guarded(lambda some=some: client.transact_write_items(TransactItems=some))


def _guarded(call: Any) -> Any:
    """What a call answers; what AWS refuses becomes a line."""
    try:
        return call()
    except (ClientError, BotoCoreError, ConfigurationError, TransientError) as error:
        raise OperatorError(f"the deployment's tables cannot be used: {error}") from error
