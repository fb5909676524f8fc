"""Annotation texts and runbook links with `{fields}`: known names only, no formatting language behind them."""

import re
from collections.abc import Collection, Mapping
from urllib.parse import quote

FIELDS = frozenset(
    {
        "rule_id", "metric_name", "metric_type", "statistic", "operator", "threshold", "period", "datapoints",
        "severity", "state", "previous_state", "value", "group", "region", "environment",
    }
)  # fmt: skip

_PART = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_GROUP = "group."


def unknown_field(template: str, by: Collection[str]) -> str | None:
    """The first part of a template that names no field, or None. `by` are the dimensions of the groups."""
    for part in _PART.finditer(template):
        if part[0] in ("{{", "}}"):
            continue
        name = part[1]
        if name is None or not (name in FIELDS or (name.startswith(_GROUP) and name[len(_GROUP) :] in by)):
            return part[0]
    return None


def render(template: str, fields: Mapping[str, str], *, link: bool = False) -> str:
    """The text with its fields filled in, percent-encoded in a link; what is not known stays as it stands."""

    def fill(part: re.Match[str]) -> str:
        if part[0] in ("{{", "}}"):
            return part[0][0]
        value = fields.get(part[1]) if part[1] else None
        if value is None:
            return part[0]
        return quote(value, safe="") if link else value

    return _PART.sub(fill, template)
