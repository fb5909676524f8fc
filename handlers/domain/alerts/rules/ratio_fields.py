"""Readers of a ratio's fields."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

from handlers.domain.alerts.rules.fields import Fields, RuleError, member, number, shown
from handlers.domain.alerts.rules.point_fields import read_match, read_text
from handlers.domain.alerts.rules.ratio import SIDE_STATISTICS, Ratio, Side
from handlers.domain.alerts.rules.statistic import Statistic
from handlers.domain.point import METRIC_NAME_BYTES
from handlers.vocabulary import ANY_METRIC_TYPE, RULE_METRIC_TYPES

RATIO_FIELDS = ("numerator", "denominator")
_SIDE = ("metric_name", "metric_type", "match", "statistic")


def read_ratio(fields: Fields) -> Ratio | None:
    """The ratio that the fields of a rule have; None if one of its sides is wrong itself."""
    numerator = fields.read("numerator", _read_numerator)
    return fields.read("denominator", partial(_read_denominator, numerator=numerator))


def of_numerator(field: str, value: object, *, reader: Callable[[str, Any], Any], expected: object) -> Any:
    """The value of a rule's own field, which is that of its numerator: it stands there, and need not stand twice."""
    found = reader(field, value)
    if expected is not None and found != expected:
        raise RuleError(field, f"{shown(value)}: stands in the numerator and the denominator of a ratio")
    return found


def read_ratio_statistic(field: str, value: object) -> Statistic:
    """The statistic of a rule with a numerator and a denominator."""
    if value != str(Statistic.RATIO):
        raise RuleError(field, f"{shown(value)}: stands in the numerator and the denominator of a ratio")
    return Statistic.RATIO


def ratio_document(ratio: Ratio) -> dict[str, Any]:
    """The fields that make the same ratio."""
    below = {**_side_document(ratio.denominator), "at_least": ratio.at_least}
    return {"numerator": _side_document(ratio.numerator), "denominator": below}


def _read_numerator(field: str, value: object) -> Side:
    fields = _fields(field, value, _SIDE)
    side = _side(fields)
    fields.finish()
    return side


def _read_denominator(field: str, value: object, numerator: Side | None) -> Ratio:
    fields = _fields(field, value, (*_SIDE, "at_least"))
    side = _side(fields)
    at_least = fields.read("at_least", _read_floor, 1)
    fields.finish()
    if side == numerator:
        raise RuleError(field, "the same points as the numerator: their ratio would always be 1")
    return cast("Ratio", None) if numerator is None else Ratio(numerator, side, at_least)


def _fields(field: str, value: object, allowed: tuple[str, ...]) -> Fields:
    if not isinstance(value, Mapping):
        raise RuleError(field, f"{shown(value)}: a mapping with {', '.join(allowed)}")
    fields = Fields(value, f"{field}.")
    fields.expect_only(allowed)
    return fields


def _side(fields: Fields) -> Side:
    return Side(
        metric_name=fields.read("metric_name", partial(read_text, most_bytes=METRIC_NAME_BYTES)),
        metric_type=fields.read("metric_type", partial(member, allowed=RULE_METRIC_TYPES), ANY_METRIC_TYPE),
        match=fields.read("match", read_match, {}),
        statistic=fields.read("statistic", _read_side_statistic, "count"),
    )


def _read_side_statistic(field: str, value: object) -> Statistic:
    return Statistic(member(field, value, list(map(str, SIDE_STATISTICS))))


def _read_floor(field: str, value: object) -> float:
    floor = number(field, value)
    if floor <= 0:
        raise RuleError(field, f"{shown(value)}: a number above 0, as nothing can be divided by less")
    return floor


def _side_document(side: Side) -> dict[str, Any]:
    return {
        "metric_name": side.metric_name,
        "metric_type": side.metric_type,
        "match": {name: list(values) for name, values in side.match},
        "statistic": str(side.statistic),
    }
