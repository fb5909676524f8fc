"""Requests read: held against the service model, and refused in Athena's words."""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import orjson

from emulator.athena.refusals import RefusedError, invalid
from emulator.aws_request import AwsRequest
from emulator.request_shapes import ShapeError, Shapes

_TOKEN = "ClientRequestToken"  # noqa: S105 - a name
_TOKEN_LENGTHS = (32, 128)
# In UTF-8, where the model counts characters: https://docs.aws.amazon.com/athena/latest/ug/service-limits.html
_STATEMENT_BYTES = 262_144
_JSON_NAMES = {str: "STRING_VALUE", int: "NUMBER_VALUE", float: "NUMBER_VALUE"}


class RequestReader:
    """Reads the bodies of requests."""

    @cached_property
    def _shapes(self) -> Shapes:
        return Shapes("athena")

    def read(self, request: AwsRequest) -> dict[str, Any]:
        """The members that the operation knows. Raises RefusedError."""
        try:
            body = request.json()
        except orjson.JSONDecodeError as error:
            raise RefusedError("SerializationException", "The request is not valid JSON.") from error
        if not isinstance(body, dict):
            raise RefusedError("SerializationException", "Start of list found where not expected")
        try:
            if request.operation != "StartQueryExecution":
                return self._shapes.check(request.operation, body)
            # After the rest, and in words of its own.
            checked = self._shapes.check(request.operation, {**body, _TOKEN: None})
        except ShapeError as error:
            raise _refused(error) from error
        if len(checked["QueryString"].encode()) > _STATEMENT_BYTES:
            longest = f"Member must have length less than or equal to {_STATEMENT_BYTES}"
            raise invalid(_violation("", "queryString", longest))
        return {**checked, _TOKEN: _token(body)}


def _token(body: Mapping[str, Any]) -> str:
    """The token of a start; SDKs make one where their caller gives none."""
    token, (least, most) = body.get(_TOKEN), _TOKEN_LENGTHS
    if not isinstance(token, str):
        raise invalid("clientRequestToken is null or empty")
    if not least <= len(token) <= most:
        bound = f"greater than or equal to {least}" if len(token) < least else f"less than or equal to {most}"
        raise invalid(_violation("", "clientRequestToken", f"Member must have length {bound}"))
    return token


def _refused(error: ShapeError) -> RefusedError:
    """The refusal of what does not fit the model: names begin small, and a wrong type is another error."""
    if error.mistyped:
        kind = _JSON_NAMES.get(type(error.value), "A value of this type")
        return RefusedError("SerializationException", f"{kind} can not be converted for {error.path}")
    path = re.sub(r"(?:^|(?<=\.))[A-Z]", lambda letter: letter[0].lower(), error.path)
    return invalid(_violation(" null" if error.value is None else "", path, error.constraint))


def _violation(value: str, path: str, constraint: str) -> str:
    return f"1 validation error detected: Value{value} at '{path}' failed to satisfy constraint: {constraint}"
