"""Check a request against the service model that the SDKs are built from."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ListShape, ServiceModel, Shape, StructureShape

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "boolean": (bool,),
    "structure": (dict,),
    "list": (list,),
    "map": (dict,),
    "timestamp": (int, float),
    "double": (int, float),
}


class ShapeError(Exception):
    """A member that is missing, of the wrong type (`mistyped`), or outside its bounds."""

    def __init__(self, value: Any, path: str, constraint: str, *, mistyped: bool = False) -> None:
        super().__init__(f"Value at '{path}' failed to satisfy constraint: {constraint}")
        self.value = value
        self.path = path
        self.constraint = constraint
        self.mistyped = mistyped


class Shapes:
    """The input shapes of the operations of some services, by boto3's names."""

    def __init__(self, *services: str) -> None:
        loader = Loader()
        self._inputs: dict[str, StructureShape | None] = {}
        for service in services:
            model = ServiceModel(loader.load_service_model(service, "service-2"))
            for name in model.operation_names:
                self._inputs[name] = model.operation_model(name).input_shape

    def check(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """The request without unknown members and nulls; ShapeError names what is wrong."""
        shape = self._inputs[operation]
        return _structure(request, shape, "") if shape is not None else {}


def _structure(value: Mapping[str, Any], shape: StructureShape, path: str) -> dict[str, Any]:
    checked = {}
    for name, member in shape.members.items():
        here = f"{path}.{name}" if path else name
        if value.get(name) is not None:
            checked[name] = _value(value[name], member, here)
        elif name in shape.required_members:
            raise ShapeError(None, here, "Member must not be null")
    return checked


def _value(value: Any, shape: Shape, path: str) -> Any:
    expected = _TYPES[shape.type_name]
    fits = isinstance(value, expected) and (bool in expected or not isinstance(value, bool))
    if not fits:
        raise ShapeError(value, path, f"Member must be of type {shape.type_name}", mistyped=True)
    if isinstance(shape, StructureShape):
        return _structure(value, shape, path)
    _check_bounds(value, shape, path)
    if isinstance(shape, ListShape):
        return [_value(item, shape.member, f"{path}.{place}") for place, item in enumerate(value, 1)]
    return value


def _check_bounds(value: Any, shape: Shape, path: str) -> None:
    metadata = shape.metadata
    sized = isinstance(value, str | list | dict)
    amount = len(value) if sized else value
    kind = "length" if sized else "value"
    if "min" in metadata and amount < metadata["min"]:
        raise ShapeError(value, path, f"Member must have {kind} greater than or equal to {metadata['min']}")
    if "max" in metadata and amount > metadata["max"]:
        raise ShapeError(value, path, f"Member must have {kind} less than or equal to {metadata['max']}")
    if isinstance(value, str):
        allowed = metadata.get("enum")
        if allowed and value not in allowed:
            raise ShapeError(value, path, f"Member must satisfy enum value set: [{', '.join(allowed)}]")
        pattern = metadata.get("pattern")
        if pattern and not _compiled(pattern).fullmatch(value):
            raise ShapeError(value, path, f"Member must satisfy regular expression pattern: {pattern}")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of the model, which is Java's: what is beyond 16 bits is written as a range of pairs there."""
    return re.compile(pattern.replace(r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF"))
