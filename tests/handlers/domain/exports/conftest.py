"""The ledger of hours, in memory."""

from typing import Any

import pytest

from handlers.adapters.dynamodb.export_hours.ledger import ExportHoursLedger
from handlers.adapters.dynamodb.export_hours.marks import ExportHoursMarks
from tests.support.export_ports import HOURS
from tests.support.memory_dynamodb import MemoryDynamoDB


@pytest.fixture
def dynamodb() -> Any:
    """An empty table of hours."""
    return MemoryDynamoDB(HOURS)


@pytest.fixture
def ledger(dynamodb: Any) -> ExportHoursLedger:
    """An empty ledger."""
    return ExportHoursLedger(dynamodb, HOURS)


@pytest.fixture
def marks(dynamodb: Any) -> ExportHoursMarks:
    """Marks in the same table."""
    return ExportHoursMarks(dynamodb, HOURS)
