"""Back-tests for the page: a rule as it was typed, over a span until now, beside the rule in force."""

import argparse
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.reading import APPLIED, rule_document, rule_revision
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.selection import Group
from handlers.domain.alerts.windows.window_items import WindowItem
from ops.console.place import Place
from ops.errors import OperatorError
from ops.replay.trace import datapoints, packed
from ops.rule_backtest import backtest
from ops.rule_backtest.alerts import Firing
from ops.rule_backtest.chosen import Chosen, choose
from ops.rule_backtest.comparison import Compared
from ops.rule_backtest.options import STORED
from ops.rule_backtest.report import Told, told_of
from ops.rule_backtest.sources import opened
from ops.rule_backtest.span import span_of
from ops.rule_folder import has_rule_files, read_rules
from ops.rule_table import RuleTable

IN_FORCE, FILED = "in force:", "file:"
_FILE = "rule.yaml"


@dataclass(frozen=True, slots=True)
class Side:
    """A rule in a picture: its value by the start of each period (s), None where there is none, and when it fired."""

    rule: Rule
    values: Sequence[tuple[int, float | None]]
    firings: Sequence[Firing]


@dataclass
class ShownBackTest:
    """A back-test of one rule, with the windows that its pictures are made of."""

    chosen: Chosen
    found: backtest.BackTest
    timing: Timing
    _windows: list[WindowItem] = field(default_factory=list)

    @property
    def told(self) -> Told:
        """The first rule's outcome: the page tries one."""
        return told_of(self.chosen.trials[0], self.found)

    def sides(self, group: Group) -> list[Side]:
        """The pictures of a group: of the rule that is tried, and of the one in force, if that is another."""
        told, names = self.told, dict(zip(self.told.trial.rule.by, group, strict=True))
        rules = [(told.trial.rule, told.tried)]
        if told.trial.against is not None:
            rules.append((told.trial.against, told.against))
        return [
            self._side(rule, tuple(names.get(name) for name in rule.by), firings)
            for rule, firings in rules
            if set(rule.by) <= names.keys()
        ]

    def _side(self, rule: Rule, group: Group, firings: Sequence[Firing]) -> Side:
        found = datapoints(rule, group, self._windows, self.found.span, self.timing)
        first_s = -(-self.found.span.start // rule.period_s) * rule.period_s
        values = [
            (first_s + place * rule.period_s, None if one is None else one.value)
            for place, one in enumerate(found)
        ]
        return Side(rule, values, [one for one in firings if one.group == group])


def groups_of(compared: Sequence[Compared], rule: Rule) -> list[Group]:
    """The groups that fired, as the rule that is tried has them, each once, in the order of their changes."""
    groups: dict[Group, None] = {}
    for one in compared:
        names = dict(zip(one.firing.rule.by, one.firing.group, strict=True))
        groups[tuple(names.get(name) for name in rule.by)] = None
    return list(groups)


def offered_rules(place: Place) -> Mapping[str, Rule]:
    """The rules in force, and those of the project's files that are not, by names that say so.

    Files with mistakes offer none.
    """
    in_force = RuleTable(place.target).read().rules
    offered = {f"{IN_FORCE} {rule.rule_id}": rule for rule in in_force}
    known = {rule_revision(rule) for rule in in_force}
    try:
        filed = read_rules(place.environment) if has_rule_files() else []
    except OperatorError:
        filed = []
    return offered | {f"{FILED} {rule.rule_id}": rule for rule in filed if rule_revision(rule) not in known}


def rule_text(rule: Rule) -> str:
    """A rule as a file has it, with every field."""
    document = {name: value for name, value in rule_document(rule).items() if name not in APPLIED}
    return yaml.safe_dump({"rules": [document]}, sort_keys=False, allow_unicode=True, width=120)


def run_backtest(place: Place, text: str, begin: str, say: Callable[[str], object]) -> ShownBackTest:
    """The back-test of the first rule of a text; OperatorError with the text's mistakes."""
    target = place.target
    timing = backtest.deployment_of(target.config).timing
    table = RuleTable(target)
    with tempfile.TemporaryDirectory(prefix="tidegauge-") as folder:
        path = Path(folder) / _FILE
        path.write_text(text, encoding="utf-8")
        options = argparse.Namespace(environment=place.environment, rule=str(path), only=None, against=None)
        try:
            chosen = choose(options, table.read().rules, timing.interval_s)
        except OperatorError as error:
            raise OperatorError(str(error).replace(f"{path}:", "line ")) from error
    if len(chosen.trials) > 1:
        raise OperatorError(f"one rule is tried at a time, and these are {len(chosen.trials)}")
    now_s = table.time_s()
    span = span_of(begin, None, now_s, timing)
    begin_s = backtest.begin_of(span, [*chosen.tried, *chosen.against], 0)
    metrics = backtest.metrics_of(chosen, target.dimension_names())
    windows = list[WindowItem]()
    with opened(target, metrics, range(begin_s, span.stop), now_s, STORED, place.store) as sources:
        found = backtest.run(
            chosen,
            metrics,
            target.config,
            span,
            begin_s,
            sources,
            say,
            keep=lambda item: windows.append(packed(item)),
        )
    return ShownBackTest(chosen, found, timing, windows)
