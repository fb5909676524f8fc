"""The rate at which UNLOADs start."""

from typing import Any

import pytest

from handlers.adapters.dynamodb.export_hours.unload_rate import ExportHoursUnloadRate
from handlers.domain.errors import TransientError
from tests.support.export_ports import HOURS


def test_unloads_start_a_second_apart(dynamodb: Any) -> None:
    """Whoever asks, each turn is a second after the one before; one that is too far away is refused as throttled."""
    slept: list[float] = []
    paces = [
        ExportHoursUnloadRate(dynamodb, HOURS, clock=lambda: 1000.0, sleep=slept.append) for _ in range(2)
    ]
    for number in range(31):
        paces[number % 2].wait_turn()
    assert slept == [float(number) for number in range(31)]
    with pytest.raises(TransientError):
        paces[0].wait_turn()
