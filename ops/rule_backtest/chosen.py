"""The rules that are tried, the ones they are held against, and those that others name in `unless`."""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from handlers.domain.alerts.evaluation.inhibition import inhibiting
from handlers.domain.alerts.rules.reading import APPLIED, rule_document
from handlers.domain.alerts.rules.rule import Rule
from ops.errors import OperatorError
from ops.hints import alike_to, did_you_mean
from ops.output import sanitize
from ops.rule_checks import refusals
from ops.rule_files import SUFFIXES
from ops.rule_folder import read_rules

_SHOWN = 10
# What receivers read, and when the rule was applied.
_WORDS = {*APPLIED, "severity", "annotation", "runbook"}


@dataclass(frozen=True, slots=True)
class Trial:
    """A rule, and the one of its id that it is held against; None if there is none, or one that fires the same."""

    rule: Rule
    against: Rule | None
    is_same: bool = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """All trials; what they are from, and the others; and all rules of both sides, with those that others name."""

    trials: Sequence[Trial]
    tried_name: str
    against_name: str
    tried: Sequence[Rule]
    against: Sequence[Rule]


def choose(options: argparse.Namespace, in_force: Sequence[Rule], interval_s: int) -> Chosen:
    """The rules that the options name; OperatorError where one is not there, or could do nothing."""
    name, known = "in force", list(in_force)
    if _is_file(options.rule):
        name, known = sanitize(options.rule), read_rules(options.environment, [Path(options.rule)])
        tried = known
    else:
        tried = [_of_id(options.rule, known, "in force")]
    if options.only:
        tried = [_of_id(options.only, tried, f"in {name}")]
    if not tried:
        raise OperatorError(f"there is no rule in {name}")
    for rule in tried:
        for refusal in refusals(rule, interval_s):
            raise OperatorError(f"{rule.rule_id} can do nothing: {refusal}")
    other_name, others = _others(options, in_force)
    if options.against is not None and not {rule.rule_id for rule in tried} & others.keys():
        raise OperatorError(
            f"--against {other_name} has no rule {_listed(rule.rule_id for rule in tried)}; it has {_listed(others)}"
        )
    trials = [_trial(rule, others.get(rule.rule_id)) for rule in tried]
    held = [trial.against for trial in trials if trial.against is not None]
    return Chosen(
        trials,
        name,
        other_name,
        _with_named(tried, _by_id([*in_force, *known])),
        _with_named([rule for rule in held if not any(refusals(rule, interval_s))], others),
    )


def _others(options: argparse.Namespace, in_force: Sequence[Rule]) -> tuple[str, Mapping[str, Rule]]:
    """The rules to compare with, by their ids, and what they are called."""
    if options.against is None:
        return "in force", _by_id(in_force)
    return sanitize(str(options.against)), _by_id(read_rules(options.environment, [options.against]))


def _by_id(rules: Iterable[Rule]) -> dict[str, Rule]:
    return {rule.rule_id: rule for rule in rules}


def _trial(rule: Rule, other: Rule | None) -> Trial:
    if other is None:
        return Trial(rule, None)
    return Trial(rule, None, is_same=True) if _revision(rule) == _revision(other) else Trial(rule, other)


def _revision(rule: Rule) -> dict[str, object]:
    """All that decides when a rule fires, and how often it tells of it."""
    return {name: value for name, value in rule_document(rule).items() if name not in _WORDS}


def _with_named(rules: Sequence[Rule], by_id: Mapping[str, Rule]) -> list[Rule]:
    """The rules, and those that they name in `unless`, and so on."""
    found = {rule.rule_id: rule for rule in rules}
    while more := [one for one in inhibiting(found.values(), by_id.values()) if one.rule_id not in found]:
        found |= {rule.rule_id: rule for rule in more}
    return list(found.values())


def _is_file(text: str) -> bool:
    return text.endswith(SUFFIXES) or "/" in text or Path(text).exists()


def _of_id(rule_id: str, rules: Sequence[Rule], where: str) -> Rule:
    found = [rule for rule in rules if rule.rule_id == rule_id]
    if not found:
        known = [rule.rule_id for rule in rules]
        alike = alike_to(rule_id, known)
        hint = did_you_mean(alike) if alike else f"there are {_listed(known)}"
        raise OperatorError(f"no rule {sanitize(rule_id)!r} is {where}; {hint}")
    return found[0]


def _listed(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return f"{', '.join(listed[:_SHOWN])}{more}" if listed else "none"
