"""The price rule of each type of resource: priced, free, or priced with another or by a use that nobody can foresee."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ops.bill.load import Load
from ops.bill.prices import Line, line
from ops.bill.template import Deployed, component_of
from ops.bill.units import Units, units_of

_TABLE = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
_LINES: list[dict[str, Any]] = _TABLE["line"]

PRICED = frozenset(rule["of"] for rule in _LINES)
ELSEWHERE: Mapping[str, str] = _TABLE["elsewhere"]
FREE = frozenset(_TABLE["free"]["types"])


def lines_of(deployed: Deployed, load: Load) -> list[Line]:
    """The lines of a month that cost something, by component; ValueError for a type of resource without a rule."""
    kinds = deployed.kinds()
    if unknown := kinds - {*PRICED, *ELSEWHERE, *FREE}:
        raise ValueError(f"no price rule for {', '.join(sorted(unknown))}")
    units = units_of(deployed, load)
    lines = [found for rule in _LINES if rule["of"] in kinds for found in _lines(rule, units)]
    return sorted((line for line in lines if line.units), key=lambda line: (line.component, -line.monthly))


def _lines(rule: Mapping[str, Any], units: Mapping[str, Units]) -> Iterator[Line]:
    """The lines of one rule: units that stand under the same component and text are one line."""
    found, setting = units[rule["units"]], rule.get("setting", "")
    if not isinstance(found, Mapping):
        yield line(rule["component"], rule["what"].format_map(units), found, rule["price"], setting)
        return
    sums: dict[tuple[str, str, str], float] = {}
    for title, number in found.items():
        name = title.removesuffix("Function")
        changed_by = setting if isinstance(setting, str) else setting.get(name, "")
        key = component_of(title), rule["what"].format(name=name), changed_by
        sums[key] = sums.get(key, 0) + number
    for (component, what, changed_by), number in sums.items():
        yield line(component, what, number, rule["price"], changed_by)
