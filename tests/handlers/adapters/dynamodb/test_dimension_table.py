"""The dimension registry in DynamoDB."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError

from handlers.adapters.aws import client
from handlers.adapters.dynamodb.dimension_table import DimensionTable
from handlers.domain.errors import ConfigurationError, TransientError
from tests.support.function_resources import REGISTRY


def registry(table: str = "metrics") -> DimensionTable:
    """A registry as a function has it at its start."""
    return DimensionTable(client("dynamodb", read_timeout=2, attempts=1), REGISTRY, table)


def item() -> Any:
    """What stands in the table."""
    return (
        boto3.client("dynamodb")
        .get_item(TableName=REGISTRY, Key={"table_name": {"S": "metrics"}})
        .get("Item")
    )


def test_a_name_once_admitted_is_seen_by_every_process(aws: None) -> None:
    """In the spelling in which it was admitted, under its lower case."""
    mine, other = registry(), registry()
    assert mine.refresh() == {}
    assert mine.admit(["Host", "az"])
    assert mine.known() == {"host": "Host", "az": "az"} == other.refresh()
    assert other.admit(["zone"])
    assert item()["revision"] == {"N": "2"}
    assert sorted(item()["names"]["SS"]) == ["Host", "az", "zone"]


def test_of_two_who_admit_at_once_one_must_look_again(aws: None) -> None:
    """Both on an empty table and on one that has names."""
    for names in (["a"], ["b"]):
        mine, other = registry(), registry()
        mine.refresh()
        other.refresh()
        assert mine.admit(names)
        assert not other.admit(["late"])
    other.refresh()
    assert other.admit(["late"])
    assert sorted(item()["names"]["SS"]) == ["a", "b", "late"]


def test_tables_have_budgets_of_their_own(aws: None) -> None:
    """One item for each Timestream table."""
    mine = registry()
    mine.refresh()
    mine.admit(["host"])
    assert registry("other").refresh() == {}


def test_a_missing_registry_is_a_matter_of_configuration() -> None:
    """A table that is not there does not come by waiting."""
    from moto import mock_aws

    with mock_aws():
        lost = registry()
        for call in (lost.refresh, lambda: lost.admit(["host"])):
            with pytest.raises(ConfigurationError, match="ResourceNotFoundException"):
                call()


def test_a_registry_out_of_reach_is_a_transient_failure(aws: None) -> None:
    """Connections that fail are for the retry."""
    dynamodb = client("dynamodb", read_timeout=2, attempts=1)

    def drop(**_: object) -> None:
        raise ConnectTimeoutError(endpoint_url="https://example.invalid")

    dynamodb.meta.events.register_first("before-send.dynamodb", drop)
    lost = DimensionTable(dynamodb, REGISTRY, "metrics")
    for call in (lost.refresh, lambda: lost.admit(["host"])):
        with pytest.raises(TransientError, match=r"^ConnectTimeoutError$"):
            call()
