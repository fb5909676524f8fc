"""`ops rules`: alert rules from files to the rules table."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from handlers.domain.alerts.rules.rule import Rule
from ops import consent, stack, tables
from ops.errors import OperatorError
from ops.output import counted, moment, time_of_day
from ops.regions import Regions, show
from ops.rule_backtest import options as backtest_options
from ops.rule_checks import doubts, refusals
from ops.rule_folder import read_rules
from ops.rule_load import load_notes
from ops.rule_notes import notes
from ops.rule_plan import RulePlan, compare, first_judged_period, judged_from, plan_lines
from ops.rule_table import RuleTable, left_out_lines
from ops.stack import Target
from ops.tables import Row

_NAMES_ASKED = 10


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
            action.add_argument(
                "--prune",
                action="store_true",
                help="delete rules that are in none of the files that are read",
            )
        action.set_defaults(run=run)
    testing = actions.add_parser("test", help="run the tests of rule files; makes no calls")
    stack.add_options(testing, offline=True)
    testing.add_argument(
        "paths", nargs="*", type=Path, metavar="FILE", help="of tests, or a folder; default: alerts/tests"
    )
    testing.add_argument("--only", default="", metavar="TEXT", help="tests that have this in their name")
    testing.add_argument("--junit", type=Path, metavar="FILE", help="write the outcomes as JUnit's XML, too")
    testing.set_defaults(run=_test)
    trying = actions.add_parser(
        "backtest", help="what rules would have done with points of the past, beside those in force"
    )
    trying.set_defaults(run=_backtest)
    backtest_options.add_to(trying)
    listing = actions.add_parser("list", help="the rules in force, and how many alerts each has")
    stack.add_options(listing, all_regions=True)
    tables.add_option(listing)
    listing.set_defaults(run=_list)
    deletion = actions.add_parser("delete", help="delete rules; their alerts are resolved")
    stack.add_options(deletion, all_regions=True)
    consent.add_option(deletion)
    deletion.add_argument("rule_ids", nargs="+", metavar="RULE_ID")
    deletion.set_defaults(run=_delete)


def put_into_force(options: argparse.Namespace, rules: Sequence[Rule], *, prune: bool = False) -> int:
    """Show what changes in each region, ask, and change it; 0 only if every region could be."""
    regions = Regions(options)
    plans = _shown_plans(regions, rules, prune=prune)
    changed = {region: plan for region, plan in plans.items() if plan.changes}
    if not changed:
        return regions.status
    pruned = sorted({rule.rule_id for plan in changed.values() for rule in plan.pruned})
    deleting = f"delete {_listed(pruned)} and " if pruned else ""
    # What is deleted stands in no file, so it is asked for wherever it is.
    consent.expect(
        options,
        f"{deleting}change the rules of {options.environment} in {', '.join(changed)}",
        always=bool(pruned),
    )
    for target, said in regions.ask(lambda target: _carry_out(target, changed.get(target.region))):
        if said:
            print(f"{regions.prefix(target)}{said}")
    return regions.status


def _check(options: argparse.Namespace) -> int:
    rules = read_rules(options.environment, options.paths)
    print(f"{counted(len(rules), 'rule')}, nothing wrong")
    for note in (note for rule in rules for note in doubts(rule)):
        print(f"note: {note}", file=sys.stderr)
    _print_load(options, rules)
    return 0


def _print_load(options: argparse.Namespace, rules: Sequence[Rule]) -> None:
    for note in load_notes(rules, stack.settings(options.environment).alerts):
        print(f"note: {note}", file=sys.stderr)


def _test(options: argparse.Namespace) -> int:
    # Readers of requests take a moment to load, which no other command needs.
    from ops.rule_tests import command  # noqa: PLC0415 - see above

    return command.run(options)


def _backtest(options: argparse.Namespace) -> int:
    from ops.rule_backtest import command  # noqa: PLC0415 - see above

    return command.run(options)


def _plan(options: argparse.Namespace) -> int:
    regions = Regions(options)
    _shown_plans(regions, read_rules(options.environment, options.paths), prune=options.prune)
    return regions.status


def _apply(options: argparse.Namespace) -> int:
    rules = read_rules(options.environment, options.paths, changing=True)
    _print_load(options, rules)
    return put_into_force(options, rules, prune=options.prune)


def _list(options: argparse.Namespace) -> int:
    columns = (
        "rule",
        "metric",
        "by",
        "fires when",
        "missing",
        "severity",
        "unless",
        "first period",
        "open alerts",
        "left out",
    )
    return show(options, columns, _rows, noun="rule")


def _rows(target: Target) -> list[Row]:
    table = RuleTable(target)
    rules, open_alerts = _in_force(target, table), table.open_alerts()
    left_out = table.left_out(rules)
    _print_notes(target, rules)
    for line in left_out_lines(left_out):
        _note(target, line)
    for rule in rules:
        if rule.unless and rule.unless not in {other.rule_id for other in rules}:
            _note(target, f"{rule.rule_id}: no rule {rule.unless}, which its unless names, is in force")
        # It was applied before its file would have been refused, or before the environment's tick was another one.
        for error in refusals(rule, target.config.alerts.tick_seconds):
            _note(target, f"{rule.rule_id}: can do nothing: {error}")
    return [
        (
            rule.rule_id,
            rule.metric_name,
            ", ".join(rule.by),
            f"{rule.statistic} {rule.condition}, {rule.datapoints} of {rule.period_s} s"
            + (f", held for {rule.hold_s} s" if rule.hold_s else "")
            + (f", {counted(rule.messages_per_hour, 'message')} an hour" if rule.messages_per_hour else ""),
            rule.missing_data,
            rule.severity,
            rule.unless or None,
            moment(first_judged_period(rule, rule.in_force_since_s)) if rule.in_force_since_s else None,
            open_alerts.get(rule.key, 0),
            left_out[rule.key].left_out if rule.key in left_out else None,
        )
        for rule in rules
    ]


def _delete(options: argparse.Namespace) -> int:
    regions = Regions(options)
    found = {target.region: rules for target, rules in regions.ask(lambda one: _named(one, options.rule_ids))}
    if not found:
        return regions.status
    names = _listed(list(dict.fromkeys(options.rule_ids)))
    consent.expect(options, f"delete {names} of {options.environment} in {', '.join(found)}")
    for target, deleted in regions.ask(lambda one: _deleted(one, found.get(one.region, ()))):
        if deleted:
            print(f"{regions.prefix(target)}deleted {names}; their alerts are resolved")
    return regions.status


def _named(target: Target, names: Sequence[str]) -> list[Rule]:
    """The rules in force of these names; OperatorError if one of them is not."""
    rules = _in_force(target, RuleTable(target))
    ids = {rule.rule_id: None for rule in rules}
    unknown = [name for name in names if name not in ids]
    if unknown:
        raise OperatorError(f"no rule {', '.join(unknown)}; there are {', '.join(ids) or 'none'}")
    return [rule for rule in rules if rule.rule_id in names]


def _deleted(target: Target, rules: Sequence[Rule]) -> bool:
    if rules:
        RuleTable(target).change((), rules)
    return bool(rules)


def _shown_plans(regions: Regions, rules: Sequence[Rule], *, prune: bool) -> dict[str, RulePlan]:
    """The plan of each region, printed."""
    plans = {}
    for target, (plan, lines) in regions.ask(lambda target: _planned(target, rules, prune=prune)):
        plans[target.region] = plan
        for line in lines:
            print(f"{regions.prefix(target)}{line}")
        _print_notes(target, [*plan.added, *(new for _, new in plan.changed)])
    return plans


def _planned(target: Target, rules: Sequence[Rule], *, prune: bool) -> tuple[RulePlan, list[str]]:
    """The plan of one region, and its lines."""
    table = RuleTable(target)
    plan = compare(rules, _in_force(target, table), prune=prune)
    lines = list(plan_lines(plan, table.open_alerts()))
    if plan.judged_anew:
        since_s = table.in_force_since()
        lines.append(f"in force half a minute from now: {judged_from(plan.judged_anew, since_s)}")
    return plan, lines


def _carry_out(target: Target, plan: RulePlan | None) -> str:
    """Carry out a plan; what there is to say of it."""
    if plan is None:
        return ""
    table = RuleTable(target)
    since_s = table.in_force_since()
    table.change(plan.written(since_s), plan.removed)
    if not plan.judged_anew:
        return "applied"
    return f"applied, in force from {time_of_day(since_s)}: {judged_from(plan.judged_anew, since_s)}"


def _listed(names: Sequence[str]) -> str:
    """Names of rules in a question; the plan has named every one."""
    shown = ", ".join(names[:_NAMES_ASKED])
    return f"{shown} and {len(names) - _NAMES_ASKED} more" if len(names) > _NAMES_ASKED else shown


def _print_notes(target: Target, rules: Sequence[Rule]) -> None:
    for note in (*(note for rule in rules for note in doubts(rule)), *notes(target, rules)):
        _note(target, note)


def _note(target: Target, text: str) -> None:
    print(f"note: {target.region}: {text}", file=sys.stderr)


def _in_force(target: Target, table: RuleTable) -> list[Rule]:
    found = table.read()
    if found.unreadable:
        _note(target, f"{found.unreadable} items of the rules table are no rules and watch nothing")
    return list(found.rules)
