"""Mapping templates: Velocity with API Gateway's variables.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
"""

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

import airspeed
from airspeed import operators
from airspeed.operators import TemplateError

from emulator.apigateway.errors import GatewayError, TemplateRenderError
from emulator.apigateway.json_path import MISSING, find
from emulator.apigateway.request import ApiRequest
from emulator.errors import UnsupportedApiError

# The library prints these as text, where API Gateway obeys them.
_NOT_RENDERED = re.compile(r"#\{?(break|parse|include)\b")
# Calls in expressions: `$input.path(`, `$name.size(`, `$util.base64Encode($input.body).length(`.
_CALL = re.compile(r"\.(\w+)\(")
_DIRECTIVE_OR_REFERENCE = re.compile(r"[#$][^\n]*")


class MappingTemplate:
    """A template that is parsed once and rendered for each request."""

    def __init__(self, text: str, *, where: str) -> None:
        unknown = _NOT_RENDERED.search(text)
        if unknown:
            raise UnsupportedApiError(f"{where}: the directive #{unknown[1]} is not rendered here")
        # The library takes a call of a method it does not know for nothing, so a condition would just be false.
        for line in _DIRECTIVE_OR_REFERENCE.findall(text):
            for name in _CALL.findall(line):
                if name not in _METHODS:
                    raise UnsupportedApiError(f"{where}: the method {name}() is not known here")
        self.is_empty = not text
        self._where = where
        self._template = airspeed.Template(text, filename=where)
        try:
            self._template.ensure_compiled()
        except TemplateError as error:
            raise UnsupportedApiError(f"{where}: the mapping template is not valid: {error}") from error

    def render(self, variables: Mapping[str, Any]) -> str:
        """The text; TemplateRenderError when an expression fails, GatewayError when the body is no JSON."""
        try:
            return str(self._template.merge(dict(variables)))
        except TemplateError as error:
            cause: BaseException | None = error
            while cause is not None:
                if isinstance(cause, GatewayError):
                    raise cause from error
                cause = cause.__cause__
            raise TemplateRenderError(f"{self._where}: {error}") from error


class JavaMap(dict[str, Any]):
    """A JSON object inside a template: prints as Java prints a map."""

    def __str__(self) -> str:
        return "{" + ", ".join(f"{key}={java_text(value)}" for key, value in self.items()) + "}"

    def size(self) -> int:
        """The number of keys."""
        return len(self)


class JavaList(list[Any]):
    """A JSON array inside a template."""

    def __str__(self) -> str:
        return "[" + ", ".join(java_text(value) for value in self) + "]"

    def size(self) -> int:
        """The number of elements."""
        return len(self)

    def get(self, index: int) -> Any:
        """The element at an index from 0 on."""
        return self[index]

    def contains(self, value: Any) -> bool:
        """True if one of the elements is equal to the value."""
        return value in self


def java_text(value: Any) -> str:
    """A value as Java would print it."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def to_java(value: Any) -> Any:
    """Parsed JSON in the types that templates work with."""
    if isinstance(value, dict):
        return JavaMap((key, to_java(item)) for key, item in value.items())
    return JavaList(map(to_java, value)) if isinstance(value, list) else value


class Input:
    """`$input`: the payload and the request's parameters."""

    def __init__(self, request: ApiRequest, payload: ApiRequest) -> None:
        self._request = request
        self._payload = payload

    @property
    def body(self) -> str:
        """The payload as text."""
        return self._payload.text

    def json(self, path: str) -> str:
        """The value at the JSONPath as compact JSON; an empty string's JSON when there is none."""
        found = self._find(path)
        return '""' if found is MISSING else json.dumps(found, separators=(",", ":"), ensure_ascii=False)

    def path(self, path: str) -> Any:
        """The value at the JSONPath as an object; an empty string when there is none."""
        found = self._find(path)
        return "" if found is MISSING else to_java(found)

    def params(self, name: str | None = None) -> Any:
        """A parameter by name (path, then query string, then headers), or all of them."""
        request = self._request
        if name is None:
            return JavaMap(
                path=JavaMap(request.path_parameters),
                querystring=JavaMap(request.query),
                header=JavaMap(request.headers),
            )
        for source in (request.path_parameters, request.query):
            if name in source:
                return source[name]
        return request.header(name) or ""

    def _find(self, path: str) -> Any:
        return find(self._payload.json if self._payload.body else {}, path)


class Util:
    """`$util`: text conversions, all of them in UTF-8."""

    def escapeJavaScript(self, text: Any) -> str:  # noqa: N802 - AWS's name
        """The text as it stands between the quotes of a JavaScript string."""
        return json.dumps(java_text(text))[1:-1].replace("'", "\\'")

    def base64Encode(self, text: Any) -> str:  # noqa: N802 - AWS's name
        """The text's bytes in base64."""
        return base64.b64encode(java_text(text).encode("utf-8", "surrogatepass")).decode()


# Every method that does here what Java's does, on whatever type it is called; the others are refused by name.
_METHODS = frozenset(
    {
        *operators.__additional_methods__[str],
        *(
            name
            for kind in (JavaMap, JavaList, Input, Util)
            for name in vars(kind)
            if not name.startswith("_")
        ),
        "replace",
        "split",
    }
)
