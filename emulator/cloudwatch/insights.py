"""Metrics Insights: the part of its SQL that sums a metric up over the dimensions it stands under.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-metrics-insights-querylanguage.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from emulator.cloudwatch.metrics import MetricId

_STATISTICS = {"AVG": "Average", "COUNT": "SampleCount", "MAX": "Maximum", "MIN": "Minimum", "SUM": "Sum"}
_NAME = r'(?:"[^"]+"|[A-Za-z_][A-Za-z0-9_]*)'
_QUERY = re.compile(
    rf"\s*SELECT\s+({'|'.join(_STATISTICS)})\(\s*({_NAME})\s*\)\s+FROM\s+({_NAME})"
    rf"(?:\s+WHERE\s+({_NAME}\s*=\s*'[^']*'(?:\s+AND\s+{_NAME}\s*=\s*'[^']*')*))?\s*",
    re.IGNORECASE,
)
_CONDITION = re.compile(rf"({_NAME})\s*=\s*'([^']*)'")


@dataclass(frozen=True, slots=True)
class Query:
    """One statistic of a metric, over all the dimensions that agree with `where`."""

    statistic: str
    namespace: str
    name: str
    where: Mapping[str, str]

    def takes(self, metric: MetricId) -> bool:
        """True for a metric that the query adds up."""
        return (metric.namespace, metric.name) == (self.namespace, self.name) and (
            self.where.items() <= dict(metric.dimensions).items()
        )


def is_query(expression: str) -> bool:
    """True for an expression that is SQL rather than metric math."""
    return expression.lstrip()[:7].upper() == "SELECT "


def parse_query(sql: str) -> Query:
    """The query in a statement; ValueError for one that is not run here."""
    found = _QUERY.fullmatch(sql)
    if found is None:
        raise ValueError(
            f"{sql!r} is not run here: only a statistic of one metric in a namespace, WHERE dimensions have values"
        )
    function, name, namespace, conditions = found.groups()
    where = {_plain(key): value for key, value in _CONDITION.findall(conditions or "")}
    return Query(_STATISTICS[function.upper()], _plain(namespace), _plain(name), where)


def _plain(name: str) -> str:
    return name.strip('"')
