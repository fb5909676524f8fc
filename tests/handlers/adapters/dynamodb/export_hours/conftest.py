"""The export hours table, in moto and in memory: what holds of one must hold of the other."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from handlers.adapters.dynamodb.export_hours.ledger import ExportHoursLedger
from handlers.adapters.dynamodb.export_hours.marks import ExportHoursMarks
from tests.support.export_ports import HOURS, create_hours_table
from tests.support.memory_dynamodb import MemoryDynamoDB


@pytest.fixture(params=["moto", "memory"])
def dynamodb(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A client of an empty table of hours."""
    if request.param == "memory":
        yield MemoryDynamoDB(HOURS)
        return
    with mock_aws():
        client = boto3.client("dynamodb")
        create_hours_table(client)
        yield client


@pytest.fixture
def ledger(dynamodb: Any) -> ExportHoursLedger:
    """An empty ledger."""
    return ExportHoursLedger(dynamodb, HOURS)


@pytest.fixture
def marks(dynamodb: Any) -> ExportHoursMarks:
    """Marks in the same table."""
    return ExportHoursMarks(dynamodb, HOURS)
