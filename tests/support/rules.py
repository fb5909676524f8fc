"""Rules for tests, made the way every rule is: by reading a document."""

from typing import Any

from handlers.domain.alerts.rules.reading import read_rule
from handlers.domain.alerts.rules.rule import Rule

RULE_FILE = """\
rules:
  - rule_id: hot
    metric_name: cpu.load
    statistic: avg
    operator: ">"
    threshold: 90
"""
"""A rule file with one rule."""


def a_document(**fields: Any) -> dict[str, Any]:
    """A rule as it may stand in a file, with other fields where a test needs them."""
    plain = {
        "rule_id": "cpu-hot",
        "metric_name": "cpu.load",
        "statistic": "avg",
        "operator": ">",
        "threshold": 2,
        "period": 60,
    }
    return {**plain, **fields}


def a_rule(**fields: Any) -> Rule:
    """The rule that such a document describes."""
    return read_rule(a_document(**fields))
