"""Units as they are billed on demand."""

from typing import Any

import pytest

from benchmarks.alert_tables import CountedDynamoDb


def an_item(size: int) -> dict[str, Any]:
    """An item of so many bytes, name and all."""
    return {"d": {"B": b"." * (size - 2)}}


class Answering:
    """A client that answers the same to everything."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self._answer = answer

    def __getattr__(self, _: str) -> Any:
        return lambda **_: self._answer


@pytest.mark.parametrize(
    ("operation", "request_", "answer", "writes", "reads"),
    [
        ("put_item", {"Item": an_item(1_024)}, {}, 1, 0),
        ("put_item", {"Item": an_item(1_025)}, {}, 2, 0),
        ("transact_write_items", {"TransactItems": [{"Put": {"Item": an_item(1_025)}}] * 3}, {}, 12, 0),
        ("delete_item", {"Key": an_item(9)}, {}, 1, 0),
        ("update_item", {"ExpressionAttributeValues": {":v": {"S": "x" * 1_500}}}, {}, 2, 0),
        ("get_item", {}, {"Item": an_item(4_097)}, 0, 2),
        ("get_item", {}, {}, 0, 1),
        ("query", {}, {"Items": [an_item(3_000)] * 3}, 0, 1.5),
        ("query", {"ConsistentRead": True}, {"Items": [an_item(3_000)] * 3}, 0, 3),
        ("scan", {}, {"Items": []}, 0, 0.5),
        ("batch_get_item", {}, {"Responses": {"t": [an_item(100)] * 7}}, 0, 7),
    ],
)
def test_units_are_of_a_kilobyte_written_and_four_read(
    operation: str, request_: dict[str, Any], answer: dict[str, Any], writes: float, reads: float
) -> None:
    """Twice that in a transaction, half where what is read may be stale; of single items each is rounded up."""
    counted = CountedDynamoDb(Answering(answer))
    assert getattr(counted, operation)(**request_) == answer
    assert (counted.writes, counted.reads, counted.calls[operation]) == (writes, reads, 1)
    counted.reset()
    assert (counted.writes, counted.reads, counted.calls.total()) == (0, 0, 0)
