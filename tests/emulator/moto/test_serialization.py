"""Members of an answer are looked for under the same names as moto looks for them."""

from typing import Any

import pytest
from moto.core.serialize import AttributePickerContext, XFormedAttributePicker
from moto.core.utils import get_service_model

from emulator.moto import serialization


class _Bucket:
    """An object whose class begins a member's key."""


class _Aliased:
    """An object that says itself under which name it has a member."""

    class Meta:
        """Names of members."""

        serialization_aliases = {"TableName": "called"}  # noqa: RUF012 - as in moto


@pytest.mark.parametrize(
    ("service", "operation"),
    [("dynamodb", "DescribeTable"), ("s3", "ListObjectsV2"), ("sqs", "ReceiveMessage")],
)
@pytest.mark.parametrize("value", [{}, {"TableName": "t"}, _Bucket(), _Aliased(), ValueError("e")])
def test_a_member_is_looked_for_under_the_same_names_in_the_same_order(
    service: str, operation: str, value: Any
) -> None:
    """Whatever is serialized, for each member of an answer and of the lists and structures in it, twice."""
    serialization.remember()
    picker = XFormedAttributePicker()
    for key, shape in _members(get_service_model(service).operation_model(operation).output_shape):
        context = AttributePickerContext(value, key, shape)
        wanted = list(serialization._possible_keys(picker, context))
        assert wanted
        for _ in range(2):
            assert list(picker.get_possible_keys(context)) == wanted


def _members(shape: Any, depth: int = 4) -> list[tuple[str, Any]]:
    if shape.type_name == "list":
        return _members(shape.member, depth)
    if shape.type_name != "structure" or not depth:
        return []
    found = []
    for key, member in shape.members.items():
        member.parent = shape
        found += [(key, member), *_members(member, depth - 1)]
    assert found
    return found
