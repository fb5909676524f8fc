"""Mapping templates: Velocity with API Gateway's variables.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote_plus, unquote_plus

import airspeed
from airspeed import operators
from airspeed.operators import TemplateError

from emulator.apigateway.errors import GatewayError, TemplateRenderError, UnsupportedApiError
from emulator.apigateway.json_path import MISSING, find
from emulator.apigateway.request import Request

# The library prints these as text, where API Gateway obeys them.
_NOT_RENDERED = re.compile(r"#\{?(break|parse|include)\b")
# Calls in expressions: `$input.path(`, `$name.size(`, `$util.base64Encode($input.body).length(`.
_CALL = re.compile(r"\.(\w+)\(")
_DIRECTIVE_OR_REFERENCE = re.compile(r"[#$][^\n]*")

# The methods of Java's String that templates use and the library lacks.
_STRING_METHODS: Mapping[str, Callable[..., Any]] = {
    "concat": lambda text, other: text + other,
    "endsWith": lambda text, end: text.endswith(end),
    "equals": lambda text, other: text == other,
    "equalsIgnoreCase": lambda text, other: text.lower() == str(other).lower(),
    "isEmpty": lambda text: not text,
    "lastIndexOf": lambda text, part: text.rfind(part),
    "toLowerCase": lambda text: text.lower(),
    "toString": lambda text: text,
    "toUpperCase": lambda text: text.upper(),
    "trim": lambda text: text.strip(),
}
operators.__additional_methods__[str].update(_STRING_METHODS)


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
    """A JSON object inside a template: prints as Java prints a map, and has its methods."""

    def __str__(self) -> str:
        return "{" + ", ".join(f"{key}={java_text(value)}" for key, value in self.items()) + "}"

    toString = __str__  # noqa: N815 - Java's name, which templates use

    def entrySet(self) -> "JavaList":  # noqa: N802 - Java's name
        """Return entries with `key` and `value`."""
        return JavaList(JavaMap(key=key, value=value) for key, value in self.items())

    def keySet(self) -> "JavaList":  # noqa: N802 - Java's name
        """The keys."""
        return JavaList(self)

    def containsKey(self, key: str) -> bool:  # noqa: N802 - Java's name
        """True if the key is there."""
        return key in self

    def size(self) -> int:
        """The number of keys."""
        return len(self)

    def isEmpty(self) -> bool:  # noqa: N802 - Java's name
        """True if there is no key."""
        return not self

    def put(self, key: str, value: Any) -> Any:
        """Set a key and return what it held."""
        before = self.get(key)
        self[key] = value
        return before


class JavaList(list[Any]):
    """A JSON array inside a template."""

    def __str__(self) -> str:
        return "[" + ", ".join(java_text(value) for value in self) + "]"

    toString = __str__  # noqa: N815 - Java's name, which templates use

    def size(self) -> int:
        """The number of elements."""
        return len(self)

    def isEmpty(self) -> bool:  # noqa: N802 - Java's name
        """True if there is no element."""
        return not self

    def get(self, index: int) -> Any:
        """One element."""
        return self[index]

    def add(self, value: Any) -> bool:
        """Append an element."""
        self.append(value)
        return True

    def contains(self, value: Any) -> bool:
        """True if an element is there."""
        return value in self


def java_text(value: Any) -> str:
    """A value as Java would print it."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def to_java(value: Any) -> Any:
    """Return parsed JSON in the types templates work with."""
    if isinstance(value, dict):
        return JavaMap((key, to_java(item)) for key, item in value.items())
    return JavaList(map(to_java, value)) if isinstance(value, list) else value


class Input:
    """`$input`: the payload and the request's parameters."""

    def __init__(self, request: Request, payload: Request) -> None:
        self._request = request
        self._payload = payload

    @property
    def body(self) -> str:
        """The payload as text."""
        return self._payload.text

    def json(self, path: str) -> str:
        """Return what the JSONPath finds, as compact JSON; an empty string's JSON when it finds nothing."""
        found = self._find(path)
        return '""' if found is MISSING else json.dumps(found, separators=(",", ":"), ensure_ascii=False)

    def path(self, path: str) -> Any:
        """Return what the JSONPath finds as an object; an empty string when it finds nothing."""
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
        """Return text that fits between the quotes of a JavaScript string."""
        return json.dumps(java_text(text))[1:-1].replace("'", "\\'")

    def parseJson(self, text: str) -> Any:  # noqa: N802 - AWS's name
        """The object that the JSON text describes."""
        return to_java(json.loads(text))

    def urlEncode(self, text: Any) -> str:  # noqa: N802 - AWS's name
        """The text form-encoded."""
        return quote_plus(java_text(text), safe="*")

    def urlDecode(self, text: str) -> str:  # noqa: N802 - AWS's name
        """Return what was form-encoded."""
        return unquote_plus(text)

    def base64Encode(self, text: Any) -> str:  # noqa: N802 - AWS's name
        """The text's bytes in base64."""
        return base64.b64encode(java_text(text).encode("utf-8", "surrogatepass")).decode()

    def base64Decode(self, text: str) -> str:  # noqa: N802 - AWS's name
        """The text that was encoded."""
        try:
            return base64.b64decode(text, validate=True).decode("utf-8", "replace")
        except binascii.Error as error:
            raise ValueError("not base64") from error


_METHODS = frozenset(
    name
    for names in (
        *operators.__additional_methods__.values(),
        dir(JavaMap),
        dir(JavaList),
        dir(Input),
        dir(Util),
    )
    for name in names
) | {"replace", "split"}
