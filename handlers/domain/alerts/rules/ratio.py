"""Ratios: what one selection of points comes to, by what another does, in the same group and period."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from handlers.domain.alerts.rules.statistic import Statistic
from handlers.vocabulary import ANY_METRIC_TYPE

# The statistics that add up over parts of the points, so that the one can be a part of the other.
SIDE_STATISTICS = (Statistic.COUNT, Statistic.SUM, Statistic.INCREASE)


@dataclass(frozen=True, slots=True)
class Side:
    """The numerator or the denominator: which points, and which of their statistics."""

    metric_name: str
    metric_type: str
    match: tuple[tuple[str, tuple[str, ...]], ...]
    statistic: Statistic

    def __str__(self) -> str:
        return _side_text(str(self.statistic), self.metric_name, dict(self.match))


@dataclass(frozen=True, slots=True)
class Ratio:
    """The numerator by the denominator; where that is less than `at_least`, there is none."""

    numerator: Side
    denominator: Side
    at_least: float

    @property
    def is_share(self) -> bool:
        """True if the numerator counts some of the points that the denominator counts: the ratio is at most 1."""
        part, whole = self.numerator, self.denominator
        values = dict(part.match)
        return (
            part.statistic == whole.statistic
            and part.statistic.is_never_negative
            and part.metric_name == whole.metric_name
            and whole.metric_type in (ANY_METRIC_TYPE, part.metric_type)
            and all(name in values and set(values[name]) <= set(allowed) for name, allowed in whole.match)
        )

    def __str__(self) -> str:
        return f"ratio of {self.numerator} to {self.denominator}"


def measured_text(document: Mapping[str, Any]) -> str:
    """The statistic and its points, for people, of a rule's canonical document."""
    if "numerator" not in document:
        return _side_text(document["statistic"], document["metric_name"])
    above, below = (
        _side_text(side["statistic"], side["metric_name"], side["match"])
        for side in (document["numerator"], document["denominator"])
    )
    return f"ratio of {above} to {below}"


def _side_text(statistic: str, metric_name: str, match: Mapping[str, Sequence[str]] | None = None) -> str:
    where = " ".join(f"{name}={'|'.join(values)}" for name, values in (match or {}).items())
    return f"{statistic} of {metric_name}{f' where {where}' if where else ''}"
