"""The ledger of hours in moto."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from handlers.adapters.dynamodb.export_hours.ledger import HourTable
from handlers.adapters.dynamodb.export_hours.marks import MarkTable
from tests.support.export_ports import HOURS, create_hours_table


@pytest.fixture
def ledger() -> Iterator[HourTable]:
    """An empty ledger."""
    with mock_aws():
        yield HourTable(create_hours_table(), HOURS)


@pytest.fixture
def marks(ledger: HourTable) -> MarkTable:
    """Marks in the same table."""
    import boto3

    return MarkTable(boto3.client("dynamodb"), HOURS)
