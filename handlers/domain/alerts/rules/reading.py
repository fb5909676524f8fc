"""Rules as plain mappings, in the one form that rule files and the rules table share."""

import hashlib
import json
from collections.abc import Callable, Mapping, Set
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

from handlers.domain.alerts.periods import DAY_S
from handlers.domain.alerts.rules.condition_fields import (
    default_missing_data,
    least_forget_after_s,
    read_condition,
    read_datapoints,
    read_forget_after,
    read_hold,
    read_messages_per_hour,
    read_missing_data,
    read_period,
    read_recovery,
    read_renotify,
    read_statistic,
)
from handlers.domain.alerts.rules.fields import Fields, boolean, choice, integer, member
from handlers.domain.alerts.rules.point_fields import (
    read_by,
    read_match,
    read_rule_id,
    read_runbook,
    read_template,
    read_text,
)
from handlers.domain.alerts.rules.ratio import Ratio, Side
from handlers.domain.alerts.rules.ratio_fields import (
    RATIO_FIELDS,
    of_numerator,
    ratio_document,
    read_ratio,
    read_ratio_statistic,
)
from handlers.domain.alerts.rules.rule import Operator, Rule
from handlers.domain.alerts.rules.statistic import Statistic
from handlers.domain.point import METRIC_NAME_BYTES
from handlers.vocabulary import ANY_METRIC_TYPE, RULE_METRIC_TYPES, Severity

REQUIRED = ("rule_id", "metric_name", "statistic", "operator", "threshold")
OPTIONAL = (
    "metric_type", "match", "by", "period", "datapoints", "missing_data", "recovery", "severity",
    "renotify", "notify_on_resolve", "forget_after", "annotation", "runbook", "unless", "hold",
    "messages_per_hour",
)  # fmt: skip
# `ops rules apply` says these of a rule, and no file does.
IN_FORCE_SINCE = "in_force_since"
GROUPS_SINCE = "groups_since"
APPLIED = (IN_FORCE_SINCE, GROUPS_SINCE)
# What may change without another rule's beginning: it says what is sent, and when an alert is over, not what one is.
WORDS = frozenset(
    {"severity", "renotify", "notify_on_resolve", "forget_after", "annotation", "runbook", "unless", "hold"}
    | {"messages_per_hour"}
)


def read_rule(document: Mapping[str, Any]) -> Rule:
    """The rule a mapping describes; `RuleError` names each field that is wrong, its value, and what is allowed."""
    fields = Fields(document)
    fields.expect_only((*REQUIRED, *OPTIONAL, *RATIO_FIELDS), unnamed=APPLIED)
    operator = fields.read("operator", choice(Operator))
    ratio, points = _read_points(fields, document)
    statistic = points.statistic
    period_s = fields.read("period", read_period, 60)
    condition = fields.read("threshold", partial(read_condition, operator=operator))
    datapoints = fields.read("datapoints", partial(read_datapoints, period_s=period_s), 1)
    recovery = fields.read("recovery", partial(read_recovery, condition=condition, period_s=period_s), {})
    missing_data = fields.read(
        "missing_data", partial(read_missing_data, statistic=statistic), default_missing_data(statistic)
    )
    least_s = 1
    if None not in (datapoints, recovery, missing_data, period_s):
        least_s = least_forget_after_s(missing_data, max(datapoints.out_of, recovery.datapoints), period_s)
    by = fields.read("by", read_by, [])
    in_force_since_s = fields.read(IN_FORCE_SINCE, _read_time, 0)
    rule = Rule(
        rule_id=fields.read("rule_id", read_rule_id),
        metric_name=points.metric_name,
        metric_type=points.metric_type,
        match=points.match,
        by=by,
        statistic=statistic,
        condition=condition,
        period_s=period_s,
        datapoints=datapoints,
        missing_data=missing_data,
        recovery=recovery,
        severity=fields.read("severity", choice(Severity), Severity.MEDIUM),
        renotify_s=fields.read("renotify", read_renotify, 0),
        notify_on_resolve=fields.read("notify_on_resolve", boolean, True),
        forget_after_s=fields.read(
            "forget_after", partial(read_forget_after, least_s=least_s), max(DAY_S, least_s)
        ),
        annotation=fields.read("annotation", partial(read_template, by=by), ""),
        runbook=fields.read("runbook", partial(read_runbook, by=by), ""),
        in_force_since_s=in_force_since_s,
        groups_since_s=fields.read(GROUPS_SINCE, _read_time, in_force_since_s or 0),
        ratio=ratio,
        unless=fields.read("unless", read_rule_id) if "unless" in document else "",
        hold_s=fields.read("hold", read_hold, 0),
        messages_per_hour=fields.read("messages_per_hour", read_messages_per_hour, 0),
    )
    fields.finish()
    return rule


def _read_points(fields: Fields, document: Mapping[str, Any]) -> tuple[Ratio | None, Side]:
    """The points that a rule asks for, and the ratio they are the numerator of, if it has one."""
    readers: Mapping[str, Callable[[str, Any], Any]] = {
        "metric_name": partial(read_text, most_bytes=METRIC_NAME_BYTES),
        "metric_type": partial(member, allowed=RULE_METRIC_TYPES),
        "match": read_match,
    }
    if not document.keys() & set(RATIO_FIELDS):
        name = fields.read("metric_name", readers["metric_name"])
        kind = fields.read("metric_type", readers["metric_type"], ANY_METRIC_TYPE)
        match = fields.read("match", read_match, {})
        return None, Side(name, kind, match, fields.read("statistic", read_statistic))
    ratio = read_ratio(fields)
    for field, reader in readers.items():
        if field in document:
            expected = None if ratio is None else getattr(ratio.numerator, field)
            fields.read(field, partial(of_numerator, reader=reader, expected=expected))
    statistic = fields.read("statistic", read_ratio_statistic, str(Statistic.RATIO))
    above = Side("", ANY_METRIC_TYPE, (), statistic) if ratio is None else ratio.numerator
    return ratio, replace(above, statistic=statistic)


def _read_time(field: str, value: object) -> int:
    return integer(field, value, 0, 10**11)


def rule_document(rule: Rule) -> dict[str, Any]:
    """The canonical mapping of a rule: `read_rule` makes the same rule of it.

    Every field is written out, but for an `unless` that says nothing: versions that do not know it read the others.
    """
    document: dict[str, Any] = {
        **({} if rule.ratio is None else ratio_document(rule.ratio)),
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
        IN_FORCE_SINCE: rule.in_force_since_s,
        GROUPS_SINCE: rule.groups_since_s,
    }
    if rule.unless:
        document["unless"] = rule.unless
    if rule.hold_s:
        document["hold"] = rule.hold_s
    if rule.messages_per_hour:
        document["messages_per_hour"] = rule.messages_per_hour
    return document


@lru_cache(maxsize=1_024)
def rule_revision(rule: Rule) -> str:
    """A name for what the rule says: two rules with one revision fire alike and notify alike."""
    return _digest(rule, frozenset())


def condition_revision(rule: Rule) -> str:
    """A name for when the rule fires: alerts go on under another rule with the same one, whatever its `WORDS`."""
    return _digest(rule, WORDS)


def _digest(rule: Rule, left_out: Set[str]) -> str:
    document = rule_document(rule)
    said = {name: value for name, value in document.items() if name not in {*APPLIED, *left_out}}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:12]


def _plain_bounds(bounds: tuple[float, ...]) -> float | list[float]:
    return list(bounds) if len(bounds) > 1 else bounds[0]
