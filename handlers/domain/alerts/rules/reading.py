"""Rules as plain mappings, in the one form that rule files and the rules table share."""

import hashlib
import json
import re
from collections.abc import Mapping, Set
from typing import Any

from handlers.domain.alerts.periods import DAY_S, HOUR_S, MAX_PERIOD_S
from handlers.domain.alerts.rules.fields import (
    RuleError,
    choice,
    integer,
    member,
    number,
    read_boolean,
    shown,
)
from handlers.domain.alerts.rules.rule import (
    Condition,
    DatapointsToAlarm,
    MissingData,
    Operator,
    Recovery,
    Rule,
    Statistic,
)
from handlers.domain.alerts.rules.text_template import FIELDS, unknown_field
from handlers.domain.dimensions import NAME_CHARACTERS, is_printable
from handlers.domain.point import METRIC_NAME_BYTES
from handlers.vocabulary import ANY_METRIC_TYPE, EVALUATION_INTERVALS_S, RULE_METRIC_TYPES, Severity

REQUIRED = ("rule_id", "metric_name", "statistic", "operator", "threshold")
OPTIONAL = (
    "metric_type", "match", "by", "period", "datapoints", "missing_data", "recovery", "severity",
    "renotify", "notify_on_resolve", "forget_after", "annotation", "runbook", "in_force_since",
)  # fmt: skip
# What may change without another rule's beginning: it says what is sent, not when there is something to send.
WORDS = frozenset({"severity", "renotify", "notify_on_resolve", "forget_after", "annotation", "runbook"})

MOST_BY = 5
MOST_MATCHES = 120
MOST_VALUES = 50
MOST_DATAPOINTS = 100
ANNOTATION_CHARACTERS = 1_000
MOST_FORGET_AFTER_S = 30 * DAY_S

# An annotation may have lines.
_LAYOUT = dict.fromkeys(map(ord, "\t\n\r"), " ")
_RULE_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}", re.ASCII)
_DATAPOINTS = re.compile(r"(\d{1,4}) of (\d{1,4})", re.ASCII)


def read_rule(document: Mapping[str, Any]) -> Rule:
    """The rule a mapping describes; `RuleError` names the first field that is wrong, its value, what is allowed."""
    for field in document:
        member(field, field, (*REQUIRED, *OPTIONAL))
    for field in REQUIRED:
        if field not in document:
            raise RuleError(field, "is missing")
    operator = choice(document, "operator", Operator)
    period_s = _read_period(document.get("period", 60))
    condition = Condition(operator, _read_bounds("threshold", document["threshold"], operator))
    by = _read_by(document.get("by", []))
    statistic = choice(document, "statistic", Statistic)
    missing_data = _read_missing_data(document, statistic)
    datapoints = _read_datapoints(document.get("datapoints", 1), period_s)
    recovery = _read_recovery(document.get("recovery", {}), condition, period_s)
    kept = max(datapoints.out_of, recovery.datapoints)
    return Rule(
        rule_id=_read_rule_id(document["rule_id"]),
        metric_name=_read_text("metric_name", document["metric_name"], METRIC_NAME_BYTES),
        metric_type=member("metric_type", document.get("metric_type", ANY_METRIC_TYPE), RULE_METRIC_TYPES),
        match=_read_match(document.get("match", {})),
        by=by,
        statistic=statistic,
        condition=condition,
        period_s=period_s,
        datapoints=datapoints,
        missing_data=missing_data,
        recovery=recovery,
        severity=choice(document, "severity", Severity, Severity.MEDIUM),
        renotify_s=_read_renotify(document.get("renotify", 0)),
        notify_on_resolve=read_boolean("notify_on_resolve", document.get("notify_on_resolve", True)),
        forget_after_s=_read_forget_after(document, _look_back_s(missing_data, kept, period_s)),
        annotation=_read_template("annotation", document.get("annotation", ""), by),
        runbook=_read_runbook(document.get("runbook", ""), by),
        in_force_since_s=integer("in_force_since", document.get("in_force_since", 0), 0, 10**11),
    )


def rule_document(rule: Rule) -> dict[str, Any]:
    """The canonical mapping of a rule, every field written out: `read_rule` makes the same rule of it."""
    return {
        "rule_id": rule.rule_id,
        "metric_name": rule.metric_name,
        "metric_type": rule.metric_type,
        "match": {name: list(values) for name, values in rule.match},
        "by": list(rule.by),
        "statistic": str(rule.statistic),
        "operator": str(rule.condition.operator),
        "threshold": _plain_bounds(rule.condition.bounds),
        "period": rule.period_s,
        "datapoints": str(rule.datapoints),
        "missing_data": str(rule.missing_data),
        "recovery": {
            "threshold": _plain_bounds(rule.recovery.condition.bounds),
            "datapoints": rule.recovery.datapoints,
        },
        "severity": str(rule.severity),
        "renotify": rule.renotify_s,
        "notify_on_resolve": rule.notify_on_resolve,
        "forget_after": rule.forget_after_s,
        "annotation": rule.annotation,
        "runbook": rule.runbook,
        "in_force_since": rule.in_force_since_s,
    }


def rule_revision(rule: Rule) -> str:
    """A name for what the rule says: two rules with one revision fire alike and notify alike."""
    return _digest(rule, frozenset())


def condition_revision(rule: Rule) -> str:
    """A name for when the rule fires: two rules with one, whatever their `WORDS`, make the same transitions."""
    return _digest(rule, WORDS)


def _digest(rule: Rule, left_out: Set[str]) -> str:
    document = rule_document(rule)
    said = {name: value for name, value in document.items() if name not in {"in_force_since", *left_out}}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:12]


def _plain_bounds(bounds: tuple[float, ...]) -> float | list[float]:
    return list(bounds) if len(bounds) > 1 else bounds[0]


def _read_rule_id(value: object) -> str:
    if not isinstance(value, str) or _RULE_ID.fullmatch(value) is None:
        raise RuleError(
            "rule_id",
            f"{shown(value)}: 1 to 80 lower-case letters, digits, . _ -, with a letter or digit first",
        )
    return value


def _read_text(field: str, value: object, most_bytes: int) -> str:
    if not isinstance(value, str) or not value or not is_printable(value) or len(value.encode()) > most_bytes:
        raise RuleError(field, f"{shown(value)}: text of 1 to {most_bytes} bytes without control characters")
    return value


def _read_bounds(field: str, value: object, operator: Operator) -> tuple[float, ...]:
    if not operator.is_range:
        return (number(field, value),)
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise RuleError(field, f"{shown(value)}: `{operator}` takes a list of two numbers, the lower first")
    low, high = number(field, value[0]), number(field, value[1])
    if low > high:
        raise RuleError(field, f"{shown(value)}: the lower number comes first")
    return low, high


def _read_period(value: object) -> int:
    period_s = integer("period", value, EVALUATION_INTERVALS_S[0], MAX_PERIOD_S)
    if period_s % EVALUATION_INTERVALS_S[0] or DAY_S % period_s:
        raise RuleError(
            "period", f"{period_s}: seconds, a multiple of {EVALUATION_INTERVALS_S[0]} that divides a day"
        )
    return period_s


def _read_datapoints(value: object, period_s: int) -> DatapointsToAlarm:
    match = _DATAPOINTS.fullmatch(value) if isinstance(value, str) else None
    if match:
        needed, out_of = int(match[1]), int(match[2])
    elif isinstance(value, str):
        raise RuleError(
            "datapoints", f"{shown(value)}: `<needed> of <last>`, such as `3 of 5`, or one number for both"
        )
    else:
        needed = out_of = integer("datapoints", value, 1, MOST_DATAPOINTS)
    if not 1 <= needed <= out_of <= MOST_DATAPOINTS or out_of * period_s > DAY_S:
        raise RuleError(
            "datapoints",
            f"{needed} of {out_of}: 1 or more, not more than it is out of, at most {MOST_DATAPOINTS} and one day",
        )
    return DatapointsToAlarm(needed, out_of)


def _read_recovery(value: object, condition: Condition, period_s: int) -> Recovery:
    if not isinstance(value, Mapping):
        raise RuleError("recovery", f"{shown(value)}: a mapping with threshold, datapoints or both")
    for field in value:
        member(f"recovery.{field}", field, ("threshold", "datapoints"))
    most = min(MOST_DATAPOINTS, DAY_S // period_s)
    datapoints = integer("recovery.datapoints", value.get("datapoints", 1), 1, most)
    if "threshold" not in value:
        return Recovery(condition, datapoints)
    operator = condition.operator
    bounds = _read_bounds("recovery.threshold", value["threshold"], operator)
    if not _is_harder_to_leave(operator, condition.bounds, bounds):
        raise RuleError(
            "recovery.threshold",
            f"{shown(value['threshold'])}: not on the healthy side of `{condition}`; what breaches cannot be recovered",
        )
    return Recovery(Condition(operator, bounds), datapoints)


def _is_harder_to_leave(operator: Operator, bounds: tuple[float, ...], recovery: tuple[float, ...]) -> bool:
    """True if every value that breaches also keeps the alert from recovering."""
    match operator:
        case Operator.GREATER | Operator.GREATER_EQUAL:
            return recovery[0] <= bounds[0]
        case Operator.LESS | Operator.LESS_EQUAL:
            return recovery[0] >= bounds[0]
        case Operator.EQUAL | Operator.NOT_EQUAL:
            return recovery == bounds
        case Operator.INSIDE:
            return recovery[0] <= bounds[0] and recovery[1] >= bounds[1]
        case Operator.OUTSIDE:
            return recovery[0] >= bounds[0] and recovery[1] <= bounds[1]


def _read_by(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or len(value) > MOST_BY or len(set(map(str, value))) != len(value):
        raise RuleError("by", f"{shown(value)}: a list of up to {MOST_BY} different dimension names")
    return tuple(_read_dimension("by", name) for name in value)


def _read_match(value: object) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if not isinstance(value, Mapping) or len(value) > MOST_MATCHES:
        raise RuleError(
            "match", f"{shown(value)}: a mapping from dimension names to a value or a list of values"
        )
    return tuple(
        sorted((_read_dimension("match", name), _read_values(name, values)) for name, values in value.items())
    )


def _read_values(name: str, values: object) -> tuple[str, ...]:
    field = f"match.{name}"
    listed = [values] if isinstance(values, str) else values
    if not isinstance(listed, list | tuple | set | frozenset) or not 1 <= len(listed) <= MOST_VALUES:
        raise RuleError(field, f"{shown(values)}: a string, or a list of 1 to {MOST_VALUES} strings")
    return tuple(sorted({_read_text(field, item, 2_048) for item in listed}))


def _read_dimension(field: str, name: object) -> str:
    return _read_text(field, name, NAME_CHARACTERS)


def _read_renotify(value: object) -> int:
    seconds = integer("renotify", value, 0, 7 * DAY_S)
    if 0 < seconds < 60:
        raise RuleError("renotify", f"{seconds}: seconds, 60 to {7 * DAY_S}, or 0 for never")
    return seconds


def _read_missing_data(document: Mapping[str, Any], statistic: Statistic) -> MissingData:
    default = MissingData.ZERO if statistic.is_zero_without_points else MissingData.IGNORE
    policy = choice(document, "missing_data", MissingData, default)
    if policy is MissingData.ZERO and not statistic.is_zero_without_points:
        raise RuleError("missing_data", f"'zero' is for count and sum: {statistic} of no points is not 0")
    return policy


def _look_back_s(missing_data: MissingData, datapoints: int, period_s: int) -> int:
    """The seconds without points in which the last so many datapoints may still decide."""
    if missing_data is MissingData.IGNORE:
        return max(2 * datapoints * period_s, HOUR_S)
    # One more: the period at whose end the last of them decides must not be the one that forgets.
    return (datapoints + 1) * period_s


def _read_forget_after(document: Mapping[str, Any], look_back_s: int) -> int:
    """A day, or what is written; never less than the rule looks back, or it would forget what it waits for."""
    value = document.get("forget_after", max(DAY_S, look_back_s))
    try:
        return integer("forget_after", value, look_back_s, MOST_FORGET_AFTER_S)
    except RuleError as error:
        raise RuleError(
            "forget_after", f"{error.message}, seconds; the rule looks back {look_back_s}"
        ) from error


def _read_template(field: str, value: object, by: tuple[str, ...]) -> str:
    if not isinstance(value, str) or len(value) > ANNOTATION_CHARACTERS:
        raise RuleError(field, f"{shown(value)}: text of up to {ANNOTATION_CHARACTERS} characters")
    if not is_printable(value.translate(_LAYOUT)):
        raise RuleError(field, f"{shown(value)}: text without control characters but tabs and line breaks")
    unknown = unknown_field(value, by)
    if unknown is not None:
        allowed = [*sorted(FIELDS - {"group"}), "group", *(f"group.{name}" for name in by)]
        raise RuleError(
            field, f"{shown(unknown)} is not a field; there are {', '.join(allowed)} ({{{{ is a brace)"
        )
    return value


def _read_runbook(value: object, by: tuple[str, ...]) -> str:
    link = _read_template("runbook", value, by)
    if link and (not link.startswith("https://") or not is_printable(link) or " " in link):
        raise RuleError("runbook", f"{shown(link)}: a link that starts with https://, without spaces")
    return link
