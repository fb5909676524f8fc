"""The ledger of hours, in memory."""

from typing import Any

import pytest

from handlers.adapters.dynamodb.export_hours.ledger import HourTable
from handlers.adapters.dynamodb.export_hours.marks import MarkTable
from tests.support.export_ports import HOURS
from tests.support.memory_dynamodb import MemoryDynamoDB


@pytest.fixture
def dynamodb() -> Any:
    """An empty table of hours."""
    return MemoryDynamoDB(HOURS)


@pytest.fixture
def ledger(dynamodb: Any) -> HourTable:
    """An empty ledger."""
    return HourTable(dynamodb, HOURS)


@pytest.fixture
def marks(dynamodb: Any) -> MarkTable:
    """Marks in the same table."""
    return MarkTable(dynamodb, HOURS)
