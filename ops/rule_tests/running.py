"""A test's run: its points through the aggregator and the evaluator, and each difference from what is expected."""

import math
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from handlers.domain.alerts.rules.rule import Rule, number_text
from handlers.domain.alerts.rules.selection import Group
from handlers.domain.alerts.state.alert import SUMMARY_GROUP
from handlers.domain.alerts.state.transition import Kind, Transition
from ops.output import sanitize
from ops.replay.replay import Deployment, PointRefusedError, Replay, Request
from ops.rule_tests.expectations import NOTIFICATION, TRANSITION
from ops.rule_tests.model import Expectation, Happening, RuleTest, Series
from ops.rule_tests.times import moment_s, span_text

# A percentile is told within so much of the value that it stands for.
_SKETCH_ERROR = 0.02
_MOST_REQUEST_POINTS = 1_000
_SHOWN = 20

Happenings = Mapping[tuple[str, Group], Sequence[Happening]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The differences between what a test expects and what its rules did, none if it passed, and how long it took."""

    test: RuleTest
    differences: Sequence[str]
    seconds: float


def run_test(test: RuleTest, deployment: Deployment) -> Outcome:
    """Runs a test: its rules are in force from its start on."""
    began_s = time.perf_counter()
    replay = Replay(test.rules, deployment, in_force_since_s=test.start_s)
    tick_s = deployment.timing.interval_s
    intervals = range(test.start_s // tick_s * tick_s, test.end_s, tick_s)
    try:
        replay.run(_requests(test.series), intervals)
    except PointRefusedError as error:
        differences = [f"the pipeline does not take a point of the test: {error}"]
    else:
        differences = list(_differences(test, _transitions(replay), _notifications(replay)))
    return Outcome(test, differences, time.perf_counter() - began_s)


def _requests(series: Sequence[Series]) -> Iterator[Request]:
    """The points of each series that come at one time, in requests of their own."""
    for one in series:
        coming: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
        fields = {
            "metric_name": one.metric_name,
            "metric_type": one.metric_type,
            "dimensions": one.dimensions,
        }
        for place in one.places:
            time_s = one.start_s + place.number * one.interval_s
            metric = {**fields, "value": place.value, "timestamp": time_s * 1000}
            coming[time_s + place.delay_s].append(metric)
        for at_s, metrics in coming.items():
            for first in range(0, len(metrics), _MOST_REQUEST_POINTS):
                yield Request(at_s, metrics[first : first + _MOST_REQUEST_POINTS])


def _transitions(replay: Replay) -> Happenings:
    """The transitions into and out of the states that fire, by rule key and group."""
    found: dict[tuple[str, Group], list[Happening]] = defaultdict(list)
    for update in replay.alerts.updates:
        for one in update.transitions:
            if _is_told_of(one):
                fields = {"state": one.state, "value": one.value, "late": one.late, "reason": one.reason}
                found[update.alert.rule_key, update.alert.group].append(Happening(one.at_s, fields))
    return found


def _is_told_of(one: Transition) -> bool:
    return one.kind is not Kind.REMINDER and (one.state.is_firing or one.previous_state.is_firing)


def _notifications(replay: Replay) -> Happenings:
    """The notifications that are published, by rule key and group."""
    found: dict[tuple[str, Group], list[Happening]] = defaultdict(list)
    for key, notification in replay.alerts.published:
        body = notification.body
        values = {**body, "subject": notification.subject, **body.get("summary", {})}
        group = replay.alerts.stored[key].alert.group
        found[key.rule_key, group].append(
            Happening(
                moment_s(notification.at), {name: values[name] for name in NOTIFICATION if name in values}
            )
        )
    return found


def _differences(test: RuleTest, transitions: Happenings, notifications: Happenings) -> Iterator[str]:
    expected = {(one.rule.key, one.group): one for one in test.expectations}
    rules = {rule.key: rule for rule in test.rules}
    for (rule_key, group), one in expected.items():
        for what, wanted, found in (
            ("transition", one.transitions, transitions),
            ("notification", one.notifications, notifications),
        ):
            if wanted is not None:
                lines = list(_compared(test, one, wanted, found.get((rule_key, group), ())))
                if lines:
                    yield f"{_name(rules[rule_key], group)}, {what}s (line {one.line}):"
                    yield from (f"  {line}" for line in lines)
    strangers = sorted({*transitions, *notifications} - set(expected), key=repr)
    for rule_key, group in strangers[:_SHOWN]:
        happened = transitions.get((rule_key, group)) or notifications[rule_key, group]
        shown = "; ".join(_shown(test, one) for one in happened)
        yield f"{_name(rules[rule_key], group)}: nothing is expected of this group; actual: {shown}"
    if len(strangers) > _SHOWN:
        yield f"and {len(strangers) - _SHOWN} more groups of which nothing is expected"


def _compared(
    test: RuleTest, expectation: Expectation, wanted: Sequence[Happening], found: Sequence[Happening]
) -> Iterator[str]:
    """Lines that say what is expected and what happened, if they differ."""
    tolerance = 1e-9 if expectation.rule.statistic.percent is None else _SKETCH_ERROR
    agree = len(wanted) == len(found) and all(
        left.at_s == right.at_s and _agree(left.fields, right.fields, tolerance)
        for left, right in zip(wanted, found, strict=True)
    )
    if not agree:
        named = {name for one in wanted for name in one.fields} | {next(iter(TRANSITION)), "kind", "value"}
        yield f"expected: {'; '.join(_shown(test, one) for one in wanted) or 'none'}"
        yield f"actual:   {'; '.join(_shown(test, one, named) for one in found) or 'none'}"


def _agree(wanted: Mapping[str, Any], found: Mapping[str, Any], tolerance: float) -> bool:
    return all(_is_alike(value, found.get(name), tolerance) for name, value in wanted.items())


def _is_alike(wanted: Any, found: Any, tolerance: float) -> bool:
    if isinstance(wanted, float) and found is not None:
        return math.isclose(wanted, float(found), rel_tol=tolerance, abs_tol=1e-12)
    return bool(wanted == found)


def _shown(test: RuleTest, one: Happening, names: set[str] | None = None) -> str:
    """A transition or notification in a few words, with those of its fields that are asked for, or all."""
    fields = {name: value for name, value in one.fields.items() if names is None or name in names}
    first = str(fields.pop("kind", "") or fields.pop("state", ""))
    rest = "".join(f", {name} {_value_text(value)}" for name, value in fields.items() if value is not False)
    return f"{span_text(one.at_s - test.start_s)} {first}{rest}"


def _value_text(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return number_text(float(value)) if isinstance(value, int | float) else repr(sanitize(str(value)))


def _name(rule: Rule, group: Group) -> str:
    if group == SUMMARY_GROUP:
        return f"{rule.rule_id} (summary)"
    pairs = (
        f"{name}: {'null' if value is None else value}" for name, value in zip(rule.by, group, strict=True)
    )
    return sanitize(f"{rule.rule_id} {{{', '.join(pairs)}}}" if rule.by else rule.rule_id)
