"""The ways in which a batch may be packed, and the search for the cheapest of them.

A scheme sorts all points by its columns and cuts them where it is cheapest, or makes calls for each group of points
with the same value in its first columns, and sorts and cuts only what does not fill calls so. It may first set aside
whole groups by another column, as many as leave of the other groups what just fits into units: of 40 metrics from each
of 25 hosts, where 19 hosts' values of a metric fit into a unit, six hosts have calls of their own.
"""

from math import ceil, inf
from typing import NamedTuple

from handlers.adapters.timestream.cuts import CALL_RECORDS, UNIT_BYTES, Cost
from handlers.adapters.timestream.sheet import Calls, Plan, Sheet


class Scheme(NamedTuple):
    """The columns to sort by, how many of the first make groups (0 for none), and the column to set aside by."""

    order: tuple[str, ...]
    lead: int = 0
    aside: str | None = None


def plan(sheet: Sheet, scheme: Scheme, most_units: float = inf) -> Plan:
    """The batch packed by the scheme; the columns that the scheme lacks come last. `TooDear` if it is."""
    order = tuple([name for name in scheme.order if name in sheet.columns])
    lead = order[: sum([name in sheet.columns for name in scheme.order[: scheme.lead]])]
    order = (*order, *[name for name in sorted(sheet.columns) if name not in order])
    if not lead:
        return sheet.line(range(sheet.count), order, most_units)
    groups = sheet.groups(lead)
    units, calls = 0, []
    if scheme.aside in sheet.columns and scheme.aside not in lead:
        gone: set[int] = set()
        for group in _set_aside(sheet, groups, scheme.aside):
            cost, made = _calls_of(sheet, group, order)
            units += cost.units
            calls += made
            gone.update(group)
        left = [[position for position in group if position not in gone] for group in groups]
        groups = [group for group in left if group]
    pool: list[int] = []
    for group in groups:
        cost, made = _calls_of(sheet, group, order)
        if cost.units <= sheet.total(group) / UNIT_BYTES:
            units += cost.units
            calls += made
        else:
            pool += group
    if pool:
        cost, made = sheet.line(pool, order, most_units - units)
        units += cost.units
        calls += made
    return Plan(Cost(units, len(calls)), calls)


def _calls_of(sheet: Sheet, group: list[int], order: tuple[str, ...]) -> Plan:
    """Calls of a group alone."""
    repeated = sheet.repeated(group)
    if len(group) <= CALL_RECORDS:
        return Plan(Cost(sheet.units(group, repeated), 1), [group])
    return sheet.split(group, repeated, order)


def _set_aside(sheet: Sheet, groups: Calls, aside: str) -> Calls:
    """Groups by another column: the cheapest, as many as an estimate by the typical one of the groups says."""
    typical = sorted(groups, key=len)
    group = typical[len(typical) // 2]
    others = []
    for other in sheet.groups([aside]):
        units = sheet.units(other, sheet.repeated(other))
        others.append((units / len(other), units, other))
    others.sort(key=lambda one: one[0])
    whole = sheet.units(group, sheet.repeated(group))
    estimates = [(whole * len(typical), 0)]
    for units in range(1, whole):
        number = ceil((1 - sheet.fitting(group, units) / len(group)) * len(others))
        if 0 < number < len(others):
            spent = sum([more for _, more, _ in others[:number]])
            estimates.append((spent + units * len(typical), number))
    return [other for _, _, other in others[: min(estimates)[1]]]
