"""Attribute values of DynamoDB as Python's values and back, as boto3's serializer has them, which is slow to import.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
"""

from collections.abc import Mapping, Set
from decimal import Clamped, Context, Decimal, DecimalException, Inexact, Overflow, Rounded, Underflow
from typing import Any

Attribute = Mapping[str, Any]

# A number has up to 38 digits; what has more, or is too large or too small, is refused instead of rounded.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Limits.html
_NUMBER = Context(Emin=-128, Emax=126, prec=38, traps=[Clamped, Overflow, Inexact, Rounded, Underflow])


def value_of(attribute: Attribute) -> Any:
    """The value of an attribute; numbers are decimals, sets are sets."""
    [(kind, value)] = attribute.items()
    match kind:
        case "S" | "BOOL" | "B":
            return value
        case "N":
            return _decimal(value)
        case "NULL":
            return None
        case "L":
            return [value_of(member) for member in value]
        case "M":
            return values_of(value)
        case "SS" | "BS":
            return set(value)
        case "NS":
            return {_decimal(member) for member in value}
    raise TypeError(f"no type of DynamoDB: {kind!r}")


def values_of(item: Mapping[str, Attribute]) -> dict[str, Any]:
    """The values of an item by their names."""
    return {name: value_of(attribute) for name, attribute in item.items()}


def attribute_of(value: Any) -> dict[str, Any]:
    """The attribute of a value. Raises `TypeError` if DynamoDB has none for it, or its number has too many digits.

    A float is written as the decimal that people wrote.
    """
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case int() | float() | Decimal():
            return {"N": str(_decimal(repr(value) if isinstance(value, float) else value))}
        case str():
            return {"S": value}
        case bytes():
            return {"B": value}
        case Mapping():
            return {"M": attributes_of(value)}
        case Set() if value and all(isinstance(member, str) for member in value):
            return {"SS": sorted(value)}
        case list() | tuple():
            return {"L": [attribute_of(member) for member in value]}
    raise TypeError(f"no value of DynamoDB: {type(value).__name__}")


def attributes_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """The item of values by their names."""
    return {name: attribute_of(value) for name, value in values.items()}


def _decimal(number: Any) -> Decimal:
    try:
        found = _NUMBER.create_decimal(number)
    except DecimalException as error:
        raise TypeError(f"no number of DynamoDB: {number!r}") from error
    if not found.is_finite():
        raise TypeError(f"no number of DynamoDB: {number!r}")
    return found
