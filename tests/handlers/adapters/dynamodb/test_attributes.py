"""Attribute values, held to boto3's serializer."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from handlers.adapters.dynamodb.attributes import attribute_of, value_of

_NUMBERS = st.integers(-(10**37), 10**37) | st.decimals(
    -(10**20), 10**20, places=5, allow_nan=False, allow_infinity=False
)
_PLAIN = st.none() | st.booleans() | _NUMBERS | st.text(max_size=8) | st.binary(max_size=8)
_VALUES = st.recursive(
    _PLAIN | st.sets(st.text(max_size=4), min_size=1, max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)
_ATTRIBUTES = [
    {"NS": ["1", "2.50", "-1e20"]},
    {"BS": [b"a", b"b"]},
    {"N": "1e125"},
    {"N": "0"},
    {"L": [{"M": {"B": {"B": b""}}}]},
]


@given(_VALUES)
def test_values_are_written_and_read_as_boto3_does(value: Any) -> None:
    """Whatever a rule or a silence may hold becomes the same attribute, and that the same value."""
    attribute = attribute_of(value)
    assert _in_order(attribute) == _in_order(TypeSerializer().serialize(value))
    assert value_of(attribute) == TypeDeserializer().deserialize(attribute) == value


@pytest.mark.parametrize("attribute", _ATTRIBUTES, ids=str)
def test_attributes_of_others_are_read_as_boto3_does(attribute: dict[str, Any]) -> None:
    """Sets of numbers and of bytes, which we never write, and the ends of the numbers."""
    ours, its = value_of(attribute), TypeDeserializer().deserialize(attribute)
    assert ours == ({item.value for item in its} if "BS" in attribute else its)


@pytest.mark.parametrize("value", [0.1, 1e22, -2.5e-9, 3.0])
def test_a_float_is_the_decimal_that_people_wrote(value: float) -> None:
    """boto3 refuses floats."""
    assert attribute_of(value) == {"N": str(Decimal(repr(value)))}


@pytest.mark.parametrize(
    "refused",
    [
        lambda: attribute_of(object()),
        lambda: attribute_of(float("nan")),
        lambda: attribute_of(float("inf")),
        lambda: attribute_of(1e200),
        lambda: attribute_of(10**40 + 1),
        lambda: value_of({"N": "many"}),
        lambda: value_of({"X": "1"}),
    ],
)
def test_what_dynamodb_does_not_have_is_refused(refused: Callable[[], object]) -> None:
    """Numbers beyond its range or with too many digits, and types that it does not know."""
    with pytest.raises(TypeError, match="DynamoDB"):
        refused()


def _in_order(attribute: Any) -> Any:
    if isinstance(attribute, dict):
        return {
            kind: sorted(value) if kind == "SS" else _in_order(value) for kind, value in attribute.items()
        }
    return [_in_order(item) for item in attribute] if isinstance(attribute, list) else attribute
