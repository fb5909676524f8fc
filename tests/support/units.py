"""Units of work that one worker of `pytest -n` runs, and the order in which they begin."""

import re

import pytest

_SHARED = re.compile(r"tests/pipeline/shared/")


def unit_of(nodeid: str) -> str:
    """The unit that a test belongs to: its file, or a folder whose files share a local run."""
    shared = _SHARED.match(nodeid)
    return shared[0] if shared else nodeid.partition("::")[0]


def mixed(items: list[pytest.Item]) -> list[pytest.Item]:
    """The tests with the units of the pipeline, which wait half of their time, between those that only compute.

    Side by side they would leave the cores idle. The last quarter has none of them: they take long.
    """
    units: dict[str, list[pytest.Item]] = {}
    for item in items:
        units.setdefault(unit_of(item.nodeid), []).append(item)
    waiting = [unit for unit in units.values() if unit[0].get_closest_marker("pipeline") is not None]
    # The longest of the others are those of the templates, and they are collected last.
    computing = [unit for unit in units.values() if unit[0].get_closest_marker("pipeline") is None][::-1]
    gap = 0.75 * len(computing) / max(1, len(waiting))
    placed = [(number * gap - 0.5, unit) for number, unit in enumerate(waiting)]
    placed += [(float(number), unit) for number, unit in enumerate(computing)]
    return [item for _, unit in sorted(placed, key=lambda one: one[0]) for item in unit]
