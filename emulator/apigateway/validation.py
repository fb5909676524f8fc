"""Request models: JSON Schema draft 4, refused in the words of API Gateway's validator.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import fastjsonschema
from jsonschema import Draft4Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import extend

from emulator.apigateway.errors import GatewayError
from emulator.apigateway.request import ApiRequest
from emulator.errors import UnsupportedApiError


class Model:
    """A model that is compiled once and checks each request's body."""

    def __init__(self, given: Mapping[str, Any] | str, *, where: str) -> None:
        # CloudFormation takes a property of type Json as an object or as its text.
        schema: Mapping[str, Any] = json.loads(given) if isinstance(given, str) else given
        try:
            Draft4Validator.check_schema(schema)
            _refuse_unknown(schema, where=where)
            self._accepts: Callable[[Any], Any] = fastjsonschema.compile(
                {**schema, "$schema": "http://json-schema.org/draft-04/schema#"},
                use_formats=False,
                use_default=False,
            )
        except (SchemaError, fastjsonschema.JsonSchemaDefinitionException, re.error) as error:
            raise UnsupportedApiError(f"{where}: the model is no draft-4 schema: {error}") from error
        self._explain = _Validator(schema)

    def check(self, request: ApiRequest) -> None:
        """Raise GatewayError (BAD_REQUEST_BODY) with the reasons when the body does not fit the model."""
        body = request.json if request.body else None
        try:
            self._accepts(body)
        except (fastjsonschema.JsonSchemaValueException, RecursionError) as error:
            reasons = self._reasons(body)
            if reasons:
                raise GatewayError(
                    "BAD_REQUEST_BODY", "Invalid request body", f"[{', '.join(reasons)}]"
                ) from error

    def _reasons(self, body: Any) -> list[str]:
        try:
            return list(dict.fromkeys(_sentence(error) for error in _ordered(self._explain, body)))
        except RecursionError:
            return ["the body is nested too deeply"]


def _refuse_unknown(schema: Mapping[str, Any], *, where: str) -> None:
    """Raise UnsupportedApiError for a keyword whose refusal has no words here."""
    for keyword in schema:
        if keyword not in _SENTENCES and keyword not in _WITHOUT_SENTENCE:
            raise UnsupportedApiError(f"{where}: the model's keyword {keyword} is not checked here")
    inner = [
        *schema.get("properties", {}).values(),
        *schema.get("dependencies", {}).values(),
        *schema.get("anyOf", ()),
    ]
    for part in (*inner, schema.get("items"), schema.get("additionalProperties")):
        if isinstance(part, Mapping):
            _refuse_unknown(part, where=where)


def _ordered(validator: Any, body: Any) -> Iterator[ValidationError]:
    """One error per place and rule: the sentence on missing properties names all of an object's at once."""
    seen: set[tuple[tuple[str | int, ...], str]] = set()
    for error in sorted(
        validator.iter_errors(body), key=lambda item: [str(part) for part in item.absolute_path]
    ):
        place = (tuple(error.absolute_path), str(error.validator))
        if place not in seen:
            seen.add(place)
            yield error


def _sentence(error: ValidationError) -> str:
    """The reason in the words of the validator that API Gateway uses."""
    if error.validator == "additionalProperties":
        instance: Any = error.instance
        named = error.schema.get("properties", {}) if isinstance(error.schema, Mapping) else {}
        unknown = _quoted([name for name in instance if name not in named])
        return f"object instance has properties which are not allowed by the schema: {unknown}"
    return _SENTENCES[str(error.validator)](error.validator_value, error.instance)


def _quoted(names: Iterator[str] | list[str]) -> str:
    return json.dumps(sorted(names), separators=(",", ":"), ensure_ascii=False)


def _type_name(value: Any) -> str:
    names: tuple[tuple[type, str], ...] = (
        (bool, "boolean"),
        (int, "integer"),
        (float, "number"),
        (str, "string"),
        (list, "array"),
        (dict, "object"),
    )
    return next((name for kind, name in names if isinstance(value, kind)), "null")


def _wrong_type(allowed: Any, instance: Any) -> str:
    names = [allowed] if isinstance(allowed, str) else list(allowed)
    found = _type_name(instance)
    return f"instance type ({found}) does not match any allowed primitive type (allowed: {_quoted(names)})"


def _missing(required: Any, instance: Any) -> str:
    return f"object has missing required properties ({_quoted([name for name in required if name not in instance])})"


def _missing_dependencies(dependencies: Any, instance: Any) -> str:
    """Name the first property whose companions are missing; a companion schema's errors speak for themselves."""
    for name, needed in dependencies.items():
        missing = [other for other in needed if other not in instance] if isinstance(needed, list) else []
        if missing and name in instance:
            said = f"(schema requires {_quoted(needed)}; missing: {_quoted(missing)})"
            return f"property {_text(name)} of object has missing property dependencies {said}"
    return "instance does not match dependencies"


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _check_pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
    """The error of a text that a pattern is not found in: ECMA's `$` is the end, Python's also a line break before."""
    if isinstance(instance, str) and not re.search(re.sub(r"(?<!\\)\$", r"\\Z", pattern), instance, re.ASCII):
        yield ValidationError("pattern")


_Validator = extend(Draft4Validator, {"pattern": _check_pattern})

_SENTENCES: Mapping[str, Callable[[Any, Any], str]] = {
    "type": _wrong_type,
    "required": _missing,
    "enum": lambda allowed, value: (
        f"instance value ({_text(value)}) not found in enum (possible values: {_text(allowed)})"
    ),
    "minItems": lambda limit, value: (
        f"array is too short: must have at least {limit} elements but instance has {len(value)} elements"
    ),
    "minLength": lambda limit, value: (
        f"string {_text(value)} is too short (length: {len(value)}, required minimum: {limit})"
    ),
    "pattern": lambda pattern, value: (
        f'ECMA 262 regex "{pattern}" does not match input string {_text(value)}'
    ),
    "minProperties": lambda limit, value: (
        f"object has too few properties (found {len(value)} but schema requires at least {limit})"
    ),
    "maxProperties": lambda limit, value: (
        f"object has too many properties (found {len(value)} but schema requires at most {limit})"
    ),
    "dependencies": _missing_dependencies,
    "anyOf": lambda schemas, _: f"instance failed to match at least one required schema among {len(schemas)}",
}
_WITHOUT_SENTENCE = frozenset(
    {"$schema", "additionalProperties", "description", "items", "properties", "title"}
)
