"""Check a request against the service model that the SDKs are built from."""

import re
from collections.abc import Mapping
from typing import Any

from botocore.loaders import Loader
from botocore.model import ListShape, ServiceModel, Shape, StructureShape

from emulator.timestream.errors import ValidationException

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "boolean": (bool,),
    "structure": (dict,),
    "list": (list,),
    "timestamp": (int, float),
    "double": (int, float),
}


class Shapes:
    """The input shapes of Timestream's write and query operations."""

    def __init__(self) -> None:
        loader = Loader()
        self._inputs: dict[str, StructureShape | None] = {}
        for service in ("timestream-write", "timestream-query"):
            model = ServiceModel(loader.load_service_model(service, "service-2"))
            for name in model.operation_names:
                self._inputs[name] = model.operation_model(name).input_shape

    def check(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """The request without unknown members and nulls; ValidationException names what is wrong."""
        shape = self._inputs[operation]
        return _structure(request, shape, "") if shape is not None else {}


def _structure(value: Mapping[str, Any], shape: StructureShape, path: str) -> dict[str, Any]:
    checked = {}
    for name, member in shape.members.items():
        here = f"{path}.{name}" if path else name
        if value.get(name) is not None:
            checked[name] = _value(value[name], member, here)
        elif name in shape.required_members:
            raise _violation(None, here, "Member must not be null")
    return checked


def _value(value: Any, shape: Shape, path: str) -> Any:
    expected = _TYPES[shape.type_name]
    fits = isinstance(value, expected) and (bool in expected or not isinstance(value, bool))
    if not fits:
        raise _violation(value, path, f"Member must be of type {shape.type_name}")
    if isinstance(shape, StructureShape):
        return _structure(value, shape, path)
    _check_bounds(value, shape, path)
    if isinstance(shape, ListShape):
        return [_value(item, shape.member, f"{path}.{place}") for place, item in enumerate(value, 1)]
    return value


def _check_bounds(value: Any, shape: Shape, path: str) -> None:
    metadata = shape.metadata
    sized = isinstance(value, str | list)
    amount = len(value) if sized else value
    kind = "length" if sized else "value"
    if "min" in metadata and amount < metadata["min"]:
        raise _violation(value, path, f"Member must have {kind} greater than or equal to {metadata['min']}")
    if "max" in metadata and amount > metadata["max"]:
        raise _violation(value, path, f"Member must have {kind} less than or equal to {metadata['max']}")
    if isinstance(value, str):
        allowed = metadata.get("enum")
        if allowed and value not in allowed:
            raise _violation(value, path, f"Member must satisfy enum value set: [{', '.join(allowed)}]")
        pattern = metadata.get("pattern")
        if pattern and not re.fullmatch(pattern, value):
            raise _violation(value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _violation(value: Any, path: str, constraint: str) -> ValidationException:
    shown = "null" if value is None else f"'{str(value)[:100]}'"
    return ValidationException(
        f"1 validation error detected: Value {shown} at '{path}' failed to satisfy constraint: {constraint}"
    )
